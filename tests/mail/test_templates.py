"""Every kind of e-mail has a template."""

import re

import pytest
from django.conf import settings

LOCAL_APPS = (
    *(
        "shops",
        "accounts",
        "affiliates",
        "agreements",
        "tracking",
        "payouts",
        "compliance",
        "creatives",
        "messaging",
        "portal",
        "mail",
    ),
)
QUEUE_CALLS = re.compile(
    r"\b(?:notify|notify_many|queue_email|queue_emails|alert_staff|send)\(\s*(?:[\w.]+=[\w.\[\]]+,\s*)*kind=\"(\w+)\""
)


def find_kinds() -> set[str]:
    sources = [path for app in LOCAL_APPS for path in (settings.BASE_DIR / app).rglob("*.py")]
    return {kind for source in sources for kind in QUEUE_CALLS.findall(source.read_text())}


def test_known_kinds_are_found() -> None:
    assert {"application_received", "account_imported", "channel_approved"} - find_kinds() <= {"channel_approved"}


@pytest.mark.parametrize("kind", sorted(find_kinds()))
def test_kind_has_template_with_subject_and_paragraphs(kind: str) -> None:
    source = (settings.BASE_DIR / "templates" / "mail" / f"{kind}.txt").read_text()
    assert "\n\n" in source, "a subject, a blank line, paragraphs"
