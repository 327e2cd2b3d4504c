"""Every kind of e-mail that the rooms post ..."""

import re

import pytest
from django.conf import settings

LOCAL_APPS = ("shops", "accounts", "affiliates", "agreements", "tracking", "payouts", "compliance", "portal", "mail")
POSTING = re.compile(
    r"\b(?:notify|notify_many|queue_email|queue_emails|alert_staff|send)\(\s*(?:[\w.]+=[\w.\[\]]+,\s*)*kind=\"(\w+)\""
)


def kinds() -> set[str]:
    sources = [path for room in LOCAL_APPS for path in (settings.BASE_DIR / room).rglob("*.py")]
    return {kind for source in sources for kind in POSTING.findall(source.read_text())}


def test_is_found_by_the_tests_of_this_file() -> None:
    assert {"application_received", "account_imported", "channel_approved"} - kinds() <= {"channel_approved"}


@pytest.mark.parametrize("kind", sorted(kinds()))
def test_has_a_template(kind: str) -> None:
    source = (settings.BASE_DIR / "templates" / "mail" / f"{kind}.txt").read_text()
    assert "\n\n" in source, "a subject, a blank line, paragraphs"
