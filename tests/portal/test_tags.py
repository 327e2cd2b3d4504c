"""A template tag"""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

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
def test_shows_money_with_two_places_and_its_currency(amount, text):
    assert accord.money(amount, "USD") == text


def test_takes_the_currency_of_the_program(agreement):
    assert accord.money("1") == "1.00\u00a0USD"


def test_asks_for_the_currency_once_a_request(agreement, rf, django_assert_num_queries):
    token = frame.current_frame.set(frame.Frame(rf.get("/")))
    try:
        with django_assert_num_queries(1):
            assert [accord.money(n) for n in range(20)][3] == "3.00\u00a0USD"
    finally:
        frame.current_frame.reset(token)


def test_shows_a_moment_in_a_named_zone():
    assert str(accord.moment(datetime(2026, 11, 3, 14, 5, tzinfo=UTC))) == (
        '<time datetime="2026-11-03T14:05:00+00:00">3 Nov 2026, 14:05 UTC</time>'
    )
    assert accord.moment(None) == ""


def test_shows_days_and_months():
    assert ">3 Nov 2026<" in accord.day(date(2026, 11, 3))
    assert accord.month(date(2026, 11, 1)) == "November 2026"


@pytest.mark.parametrize(
    ("value", "tone"), [("active", "good"), ("held", "warn"), ("failed", "bad"), ("something_new", "calm")]
)
def test_shows_a_status_as_a_word_with_a_colour(value, tone):
    chip = accord.status(value)
    assert f"chip-{tone}" in chip
    assert value.replace("_", " ") in chip


def test_escapes_what_a_status_says():
    assert "<script>" not in accord.status("active", "<script>")


def test_links_a_clause_to_its_place_in_the_version(agreement):
    assert f'href="/agreement/versions/{agreement.pk}/#clause-3.2"' in accord.clause(agreement, "3.2")
    assert accord.clause(None, "3.2") == ""
    assert accord.clause(agreement, "") == ""


@pytest.mark.parametrize(
    ("status", "word"), [("paid", "paid, awaiting completion"), ("completed", "completed"), ("cancelled", "cancelled")]
)
def test_never_calls_an_order_paid_without_saying_by_whom(status, word):
    assert f">{word}</span>" in accord.order_status(Order(status=status))
