"""Template tags for money, times, statuses and clauses."""

import re
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from django.conf import settings
from django.template import Context, Template

from portal import frame
from portal.templatetags import accord
from tracking.models import Order


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        (Decimal("1234.5"), "1,234.50\u00a0USD"),
        ("16.00", "16.00\u00a0USD"),
        (Decimal("-0.01"), "\u22120.01\u00a0USD"),
        (0, "0.00\u00a0USD"),
        (None, ""),
        ("", ""),
        ("nonsense", ""),
    ],
)
def test_money_has_two_decimals_and_a_currency(amount, text):
    assert accord.money(amount, "USD") == text


def test_money_defaults_to_the_program_currency(agreement):
    assert accord.money("1") == "1.00\u00a0USD"


def test_currency_is_read_once_per_request(agreement, rf, django_assert_num_queries):
    token = frame.current_frame.set(frame.Frame(rf.get("/")))
    try:
        with django_assert_num_queries(1):
            assert [accord.money(n) for n in range(20)][3] == "3.00\u00a0USD"
    finally:
        frame.current_frame.reset(token)


def test_moment_names_its_time_zone():
    assert str(accord.moment(datetime(2026, 11, 3, 14, 5, tzinfo=UTC))) == (
        '<time datetime="2026-11-03T14:05:00+00:00">3 Nov 2026, 14:05 UTC</time>'
    )
    assert accord.moment(None) == ""


def test_day_and_month_formats():
    assert ">3 Nov 2026<" in accord.day(date(2026, 11, 3))
    assert accord.month(date(2026, 11, 1)) == "November 2026"


@pytest.mark.parametrize(
    ("value", "tone"), [("active", "good"), ("held", "warn"), ("failed", "bad"), ("something_new", "calm")]
)
def test_status_is_a_word_with_a_color(value, tone):
    chip = accord.status(value)
    assert f"chip-{tone}" in chip
    assert value.replace("_", " ") in chip


def test_status_label_is_escaped():
    assert "<script>" not in accord.status("active", "<script>")


def test_clause_links_to_its_place_in_the_version(agreement):
    assert f'href="/agreement/versions/{agreement.pk}/#clause-3.2"' in accord.clause(agreement, "3.2")
    assert accord.clause(None, "3.2") == ""
    assert accord.clause(agreement, "") == ""


@pytest.mark.parametrize(
    ("status", "word"), [("paid", "paid, awaiting completion"), ("completed", "completed"), ("cancelled", "cancelled")]
)
def test_paid_order_is_shown_as_awaiting_completion(status, word):
    assert f">{word}</span>" in accord.order_status(Order(status=status))


@pytest.mark.parametrize(
    ("host", "debug", "expected"),
    [
        ("localhost:8000", True, {"is_ip": False, "url": ""}),
        ("shop.example", False, {"is_ip": False, "url": ""}),
        ("127.0.0.1:8000", True, {"is_ip": True, "url": "http://localhost:8000/a/?b=1"}),
        ("[::1]", True, {"is_ip": True, "url": "http://localhost/a/?b=1"}),
        ("127.0.0.1:8000", False, {"is_ip": True, "url": ""}),
        ("198.51.100.7", True, {"is_ip": True, "url": ""}),
    ],
)
def test_passkeys_need_a_domain(rf, settings, host, debug, expected):
    settings.ALLOWED_HOSTS, settings.DEBUG = ["*"], debug
    request = rf.get("/a/?b=1", headers={"host": host})
    assert accord.find_passkey_address({"request": request}) == expected
    page = Template('{% include "mfa/webauthn/snippets/address_notice.html" %}').render(Context({"request": request}))
    assert ("opened by an IP address" in page, "Open this page at localhost" in page) == (
        expected["is_ip"],
        bool(expected["url"]),
    )


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Confirm your e-mail address", 'Confirm your <span class="unbroken">e-mail</span> address'),
        ("E-mails & <b>", '<span class="unbroken">E-mails</span> &amp; &lt;b&gt;'),
        ("Email", "Email"),
        ("re-mailed", "re-mailed"),
    ],
)
def test_hyphen_of_e_mail_does_not_end_a_line_of_a_heading(text, shown):
    assert accord.unbroken(text) == shown
    # As a block that has escaped its text already.
    block = Template("{% filter unbroken %}{{ text }}{% endfilter %}")
    assert block.render(Context({"text": text})) == shown


def test_every_heading_keeps_its_e_mail_together():
    """A heading and the head of a table are large enough, or narrow enough, to be broken anywhere."""
    broken = [
        f"{file.name}: {heading}"
        for file in (Path(settings.BASE_DIR) / "templates").rglob("*.html")
        for heading in re.findall(
            r"<(?:h\d|th|caption|legend)\b.*?</(?:h\d|th|caption|legend)>", file.read_text(), re.DOTALL
        )
        if re.search(r"\be-mail", heading, re.IGNORECASE) and "unbroken" not in heading
    ]
    assert broken == []
