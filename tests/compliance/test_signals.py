"""Signals ..."""

import itertools
from datetime import UTC, datetime
from uuid import uuid4

import pytest
from django.db import IntegrityError, transaction

from affiliates.models import Channel
from compliance.models import Review, Signal
from compliance.signals import dismissals, signals
from payouts.payout_details import details
from shops import intake
from tests.compliance.cases import days, make_active_affiliate, make_order
from tracking.clicks import click_ids
from tracking.models import Click, Link

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
numbers = itertools.count(1)


def link(affiliate) -> Link:
    code = f"code{next(numbers)}"
    return Link.objects.create(
        affiliate=affiliate, code=code, target="https://shop.example/", permitted_hosts=["shop.example"], created_at=NOW
    )


def clicks(of: Link, number: int, *, at=NOW, address="", host="", kind="counted") -> None:
    Click.objects.bulk_create(
        Click(id=uuid4(), link=of, at=at, kind=kind, address=address, referrer_host=host) for _ in range(number)
    )


def order_by_click(of: Link, *, clicked_at, placed_at, customer="17850") -> None:
    (result,) = intake.ingest_orders(
        snapshots=[
            {
                "order_id": f"C{next(numbers)}",
                "updated_at": placed_at.isoformat(),
                "status": "paid",
                "placed_at": placed_at.isoformat(),
                "completed_at": None,
                "currency": "USD",
                "click_id": click_ids.sign_click_id(of.pk, clicked_at),
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
    assert result.affiliate == of.affiliate.code, result


def raised(kind: str):
    signals.detect_signals(now=NOW)
    return dict(Signal.objects.filter(kind=kind).values_list("affiliate", "evidence"))


def pay_to(affiliate, account: str) -> None:
    details.change_details(
        affiliate=affiliate,
        method="paypal",
        account=account,
        holder="Somebody",
        now=NOW - days(9),
        by=None,
        confirmation="a test",
    )


def test_point_to_two_affiliates_with_the_same_payout_details(affiliate):
    other, third = make_active_affiliate(), make_active_affiliate()
    for one, account in ((affiliate, "same@example.com"), (other, "same@example.com"), (third, "own@example.com")):
        pay_to(one, account)
    found = raised("same_payout_details")
    assert set(found) == {affiliate.pk, other.pk}
    assert found[affiliate.pk]["affiliates"] == sorted([affiliate.code, other.code])
    assert "same@example.com" not in str(found)


def test_look_at_the_newest_payout_details_alone(affiliate):
    other = make_active_affiliate()
    pay_to(affiliate, "same@example.com")
    pay_to(other, "same@example.com")
    details.change_details(
        affiliate=other,
        method="paypal",
        account="new@example.com",
        holder="S",
        now=NOW,
        by=None,
        confirmation="a test",
    )
    assert raised("same_payout_details") == {}


def test_point_to_purchases_by_the_affiliate(affiliate):
    other, now = make_active_affiliate(), NOW - days(1)
    for who, customer in ((affiliate, affiliate.user.email), (other, affiliate.user.email)):
        order_by_click(link(who), clicked_at=now - days(1), placed_at=now, customer=customer)
    assert raised("self_purchase").keys() == {affiliate.pk}


@pytest.mark.parametrize(("number", "found"), [(9, False), (10, True)])
def test_point_to_floods_of_clicks_from_one_network_on_one_day(affiliate, settings, number, found):
    settings.SIGNAL_CLICKS_FROM_ONE_NETWORK = 10
    of = link(affiliate)
    clicks(of, number - 4, address="192.0.2.0")
    clicks(of, 4, address="192.0.2.0", kind="flood")
    clicks(of, 9, address="192.0.2.0", at=NOW - days(1))
    clicks(of, 9, address="198.51.100.0")
    clicks(of, 50, address="192.0.2.0", at=NOW - days(31))
    assert (affiliate.pk in raised("click_flooding")) is found


@pytest.mark.parametrize(("seconds", "found"), [(29, True), (30, False)])
def test_point_to_orders_too_soon_after_the_click(affiliate, seconds, found):
    of = link(affiliate)
    for number in range(3):
        placed_at = NOW - days(number + 1)
        order_by_click(of, clicked_at=placed_at - days(seconds / 86_400), placed_at=placed_at)
    assert (affiliate.pk in raised("quick_orders")) is found


@pytest.mark.parametrize(
    ("clicked", "ordered", "found"), [(50, 20, True), (50, 19, False), (49, 20, False), (60, 0, True), (59, 0, False)]
)
def test_point_to_a_conversion_out_of_range(affiliate, settings, clicked, ordered, found):
    settings.SIGNAL_CLICKS_WITHOUT_ORDER = 60
    of = link(affiliate)
    clicks(of, clicked, at=NOW - days(2))
    for _ in range(ordered):
        order_by_click(of, clicked_at=NOW - days(2), placed_at=NOW - days(1))
    assert (affiliate.pk in raised("conversion")) is found


def test_point_to_clicks_from_sites_that_were_not_declared(affiliate, settings):
    settings.SIGNAL_UNDECLARED_CLICKS = 5
    Channel.objects.filter(affiliate=affiliate).update(address="https://www.blog.example/about/", state="approved")
    of = link(affiliate)
    for host, number in (
        ("blog.example", 9),
        ("www.blog.example", 9),
        ("m.blog.example", 9),
        ("notblog.example", 5),
        ("blog.example.evil.example", 6),
        ("few.example", 4),
        ("", 50),
    ):
        clicks(of, number, host=host)
    found = raised("undeclared_sites")
    assert found[affiliate.pk] == {"clicks_by_site": {"notblog.example": 5, "blog.example.evil.example": 6}}


def test_are_raised_once_and_not_again_when_dismissed(affiliate, reviewer):
    other = make_active_affiliate()
    pay_to(affiliate, "same@example.com")
    pay_to(other, "same@example.com")
    assert signals.detect_signals(now=NOW)["same_payout_details"] == 2
    assert signals.detect_signals(now=NOW + days(1))["same_payout_details"] == 0
    for signal in Signal.objects.all():
        dismissals.dismiss_signal(signal=signal, reason="A couple.", now=NOW + days(2), by=reviewer)
    assert signals.detect_signals(now=NOW + days(90))["same_payout_details"] == 0
    third = make_active_affiliate()
    pay_to(third, "same@example.com")  # now there are three: that is other evidence
    assert signals.detect_signals(now=NOW + days(91))["same_payout_details"] == 3


def test_never_act_by_themselves(affiliate):
    pay_to(affiliate, "same@example.com")
    pay_to(make_active_affiliate(), "same@example.com")
    signals.detect_signals(now=NOW)
    affiliate.refresh_from_db()
    assert (affiliate.state, Review.objects.count()) == ("active", 0)


def test_of_a_kind_that_fails_stop_no_other(affiliate, monkeypatch, caplog):
    pay_to(affiliate, "same@example.com")
    pay_to(make_active_affiliate(), "same@example.com")

    def fails(**_values):
        raise RuntimeError("poison")

    monkeypatch.setitem(signals.DETECTORS, Signal.Kind.CONVERSION, fails)
    result = signals.detect_signals(now=NOW)
    assert "conversion" not in result
    assert result["same_payout_details"] == 2
    assert "conversion" in caplog.text


def test_are_open_once_an_affiliate_and_kind_says_the_database_too(affiliate):
    make_order(affiliate, NOW)
    Signal.objects.create(affiliate=affiliate, kind="conversion", raised_at=NOW)
    with pytest.raises(IntegrityError), transaction.atomic():
        Signal.objects.create(affiliate=affiliate, kind="conversion", raised_at=NOW)
    for _ in range(2):
        Signal.objects.create(affiliate=affiliate, kind="abuse_report", raised_at=NOW)
