"""Detection and dismissal of signals."""

import itertools
from datetime import UTC, datetime
from uuid import uuid4

import pytest
from django.db import IntegrityError, transaction

from affiliates.models import Channel
from agreements.models import Program
from compliance.models import Review, Signal
from compliance.signals import dismissals, signals
from payouts.payout_details import details
from shops import intake
from tests.compliance.cases import days, make_active_affiliate, make_order, open_program
from tracking.clicks import click_ids
from tracking.models import Click, Link

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
numbers = itertools.count(1)


@pytest.fixture(autouse=True)
def _opened(db):
    open_program()


def make_link(affiliate) -> Link:
    code = f"code{next(numbers)}"
    return Link.objects.create(
        affiliate=affiliate, code=code, target="https://shop.example/", permitted_hosts=["shop.example"], created_at=NOW
    )


def make_clicks(link: Link, number: int, *, at=NOW, address="", host="", kind="counted") -> None:
    Click.objects.bulk_create(
        Click(id=uuid4(), link=link, at=at, kind=kind, address=address, referrer_host=host) for _ in range(number)
    )


def make_click_order(link: Link, *, clicked_at, placed_at, customer="17850") -> None:
    (result,) = intake.ingest_orders(
        snapshots=[
            {
                "order_id": f"C{next(numbers)}",
                "updated_at": placed_at.isoformat(),
                "status": "paid",
                "placed_at": placed_at.isoformat(),
                "completed_at": None,
                "currency": "USD",
                "click_id": click_ids.sign_click_id(link.pk, clicked_at),
                "coupon": None,
                "customer": {"ref": customer},
                "lines": [
                    {"line_id": "1", "category": "x", "quantity": 1, "amount": "9.00", "refunded": "0.00"},
                ],
            }
        ],
        source="a test",
        now=placed_at,
    )
    assert result.affiliate == link.affiliate.code, result


def detect(kind: str):
    signals.detect_signals(now=NOW)
    return dict(Signal.objects.filter(kind=kind).values_list("affiliate", "evidence"))


def add_payout_details(affiliate, account: str) -> None:
    details.change_details(
        affiliate=affiliate,
        method="paypal",
        account=account,
        holder="Ann Example",
        now=NOW - days(9),
        by=None,
        confirmation="a test",
    )


def test_same_payout_details_raise_signals_for_both_affiliates(affiliate):
    other, third = make_active_affiliate(), make_active_affiliate()
    for one, account in ((affiliate, "same@example.com"), (other, "same@example.com"), (third, "own@example.com")):
        add_payout_details(one, account)
    evidence = detect("same_payout_details")
    assert set(evidence) == {affiliate.pk, other.pk}
    assert evidence[affiliate.pk]["affiliates"] == sorted([affiliate.code, other.code])
    assert "same@example.com" not in str(evidence)


def test_replaced_payout_details_raise_no_signal(affiliate):
    other = make_active_affiliate()
    add_payout_details(affiliate, "same@example.com")
    add_payout_details(other, "same@example.com")
    details.change_details(
        affiliate=other,
        method="paypal",
        account="new@example.com",
        holder="S",
        now=NOW,
        by=None,
        confirmation="a test",
    )
    assert detect("same_payout_details") == {}


def test_order_with_the_affiliates_own_email_raises_self_purchase_signal(affiliate):
    other, now = make_active_affiliate(), NOW - days(1)
    for owner, customer in ((affiliate, affiliate.user.email), (other, affiliate.user.email)):
        make_click_order(make_link(owner), clicked_at=now - days(1), placed_at=now, customer=customer)
    assert detect("self_purchase").keys() == {affiliate.pk}


@pytest.mark.parametrize(("number", "expected"), [(9, False), (10, True)])
def test_many_clicks_from_one_network_on_one_day_raise_click_flooding_signal(affiliate, settings, number, expected):
    settings.SIGNAL_CLICKS_FROM_ONE_NETWORK = 10
    link = make_link(affiliate)
    make_clicks(link, number - 4, address="192.0.2.0")
    make_clicks(link, 4, address="192.0.2.0", kind="flood")
    make_clicks(link, 9, address="192.0.2.0", at=NOW - days(1))
    make_clicks(link, 9, address="198.51.100.0")
    make_clicks(link, 50, address="192.0.2.0", at=NOW - days(31))
    assert (affiliate.pk in detect("click_flooding")) is expected


@pytest.mark.parametrize(("seconds", "expected"), [(29, True), (30, False)])
def test_orders_too_soon_after_the_click_raise_quick_orders_signal(affiliate, seconds, expected):
    link = make_link(affiliate)
    for number in range(3):
        placed_at = NOW - days(number + 1)
        make_click_order(link, clicked_at=placed_at - days(seconds / 86_400), placed_at=placed_at)
    assert (affiliate.pk in detect("quick_orders")) is expected


@pytest.mark.parametrize(
    ("clicked", "ordered", "expected"),
    [(50, 20, True), (50, 19, False), (49, 20, False), (60, 0, True), (59, 0, False)],
)
def test_conversion_rate_out_of_range_raises_signal(affiliate, settings, clicked, ordered, expected):
    settings.SIGNAL_CLICKS_WITHOUT_ORDER = 60
    link = make_link(affiliate)
    make_clicks(link, clicked, at=NOW - days(2))
    for _ in range(ordered):
        make_click_order(link, clicked_at=NOW - days(2), placed_at=NOW - days(1))
    assert (affiliate.pk in detect("conversion")) is expected


def test_clicks_from_undeclared_sites_raise_signal(affiliate, settings):
    settings.SIGNAL_UNDECLARED_CLICKS = 5
    Channel.objects.filter(affiliate=affiliate).update(address="https://www.blog.example/about/", state="approved")
    link = make_link(affiliate)
    for host, number in (
        ("blog.example", 9),
        ("www.blog.example", 9),
        ("m.blog.example", 9),
        ("notblog.example", 5),
        ("blog.example.evil.example", 6),
        ("few.example", 4),
        ("", 50),
    ):
        make_clicks(link, number, host=host)
    evidence = detect("undeclared_sites")
    assert evidence[affiliate.pk] == {
        "clicks_by_site": {"notblog.example": 5, "blog.example.evil.example": 6},
        "limits": {"clicks": 5},
    }


@pytest.mark.parametrize(("state", "is_signaled"), [("approved", False), ("pending", False), ("rejected", True)])
def test_clicks_from_a_channel_are_declared_until_it_is_rejected(affiliate, settings, state, is_signaled):
    settings.SIGNAL_UNDECLARED_CLICKS = 5
    decided_at = None if state == "pending" else NOW
    Channel.objects.filter(affiliate=affiliate).update(address="https://x.com/p", state=state, decided_at=decided_at)
    make_clicks(make_link(affiliate), 30, host="t.co")
    assert (affiliate.pk in detect("undeclared_sites")) is is_signaled


@pytest.mark.parametrize(("host", "is_signaled"), [("www.shop.example", False), ("other.example", True)])
def test_clicks_from_pages_of_the_shop_raise_no_signal(affiliate, settings, host, is_signaled):
    settings.SIGNAL_UNDECLARED_CLICKS = 5
    Program.objects.update(shop_hosts=["shop.example:8080"])
    make_clicks(make_link(affiliate), 30, host=host)
    assert (affiliate.pk in detect("undeclared_sites")) is is_signaled


def test_dismissed_signal_is_not_raised_again_on_the_same_evidence(affiliate, reviewer):
    other = make_active_affiliate()
    add_payout_details(affiliate, "same@example.com")
    add_payout_details(other, "same@example.com")
    assert signals.detect_signals(now=NOW)["same_payout_details"] == 2
    assert signals.detect_signals(now=NOW + days(1))["same_payout_details"] == 0
    for signal in Signal.objects.all():
        dismissals.dismiss_signal(signal=signal, reason="A couple.", now=NOW + days(2), by=reviewer)
    assert signals.detect_signals(now=NOW + days(90))["same_payout_details"] == 0
    third = make_active_affiliate()
    add_payout_details(third, "same@example.com")  # three affiliates are new evidence
    assert signals.detect_signals(now=NOW + days(91))["same_payout_details"] == 3


def test_signals_do_not_change_the_affiliate_or_open_reviews(affiliate):
    add_payout_details(affiliate, "same@example.com")
    add_payout_details(make_active_affiliate(), "same@example.com")
    signals.detect_signals(now=NOW)
    affiliate.refresh_from_db()
    assert (affiliate.state, Review.objects.count()) == ("active", 0)


def test_failing_detector_does_not_stop_the_others(affiliate, monkeypatch, caplog):
    add_payout_details(affiliate, "same@example.com")
    add_payout_details(make_active_affiliate(), "same@example.com")

    def fail(**_values):
        raise RuntimeError("broken")

    monkeypatch.setitem(signals.DETECTORS, Signal.Kind.CONVERSION, fail)
    result = signals.detect_signals(now=NOW)
    assert "conversion" not in result
    assert result["same_payout_details"] == 2
    assert "conversion" in caplog.text


def test_database_rejects_second_open_signal_of_a_kind(affiliate):
    make_order(affiliate, NOW)
    Signal.objects.create(affiliate=affiliate, kind="conversion", raised_at=NOW)
    with pytest.raises(IntegrityError), transaction.atomic():
        Signal.objects.create(affiliate=affiliate, kind="conversion", raised_at=NOW)
    for _ in range(2):
        Signal.objects.create(affiliate=affiliate, kind="abuse_report", raised_at=NOW)


@pytest.mark.parametrize(("opened_at", "raised"), [(None, 0), (NOW + days(1), 0), (NOW, 1)])
def test_no_signal_is_raised_before_the_program_is_opened(affiliate, opened_at, raised):
    open_program(opened_at)
    make_order_of_own(affiliate)
    assert sum(signals.detect_signals(now=NOW).values()) == raised
    assert Signal.objects.count() == raised


def make_order_of_own(affiliate) -> None:
    """Make orders whose customer is the affiliate."""
    link = make_link(affiliate)
    for _ in range(5):
        make_click_order(link, clicked_at=NOW - days(1), placed_at=NOW, customer=affiliate.user.email)
