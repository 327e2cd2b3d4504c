"""The orders API: first-commission e-mails, and the attribution of settled orders."""

import pytest
from django.db import connection

from affiliates.models import Affiliate
from agreements.models import Program
from mail.models import Message
from payouts.closing import open_program
from tests.scenarios import NOW, build_order, close_months, parse_utc
from tests.shops.conftest import COMPLETED
from tracking.clicks import click_ids, click_store
from tracking.links import tracking_links
from tracking.models import Order

pytestmark = pytest.mark.django_db


def test_first_commission_email_is_sent_once(shop):
    open_program.open_program(now=NOW, by=None)
    shop.put(build_order("N0", ("home-decor", "10.00", "10.00"), coupon="ANN"), order_id="N0")
    assert not Message.objects.filter(kind="first_commission").exists(), "it earns no commission"
    shop.put(build_order("N0", ("home-decor", "10.00"), at="2026-01-10T13:00:00Z", coupon="ANN"), order_id="N0")
    context = Message.objects.get(kind="first_commission").context
    assert {name: context[name] for name in ("order", "order_value", "amount", "clause")} == {
        "order": "N0",
        "order_value": "10.00 USD",
        "amount": "0.50 USD",
        "clause": "4.1 of version 1",
    }
    for number in range(1, 3):
        shop.put(build_order(f"N{number}", coupon="ANN"), order_id=f"N{number}")
    assert list(Message.objects.filter(kind="first_commission").values_list("to", flat=True)) == ["ann@example.com"]


def test_first_commission_email_follows_an_order_without_commission(shop):
    open_program.open_program(now=NOW, by=None)
    shop.put(build_order("N0", ("home-decor", "10.00", "10.00"), coupon="ANN"), order_id="N0")
    shop.put(build_order("N1", ("home-decor", "10.00"), coupon="ANN"), order_id="N1")
    context = Message.objects.get(kind="first_commission").context
    assert (context["order"], context["amount"]) == ("N1", "0.50 USD")


def test_no_first_commission_email_after_a_settled_commission(shop):
    completed = "2026-01-11T12:00:00Z"
    shop.put(build_order("N0", coupon="ANN", completed=completed), order_id="N0")
    close_months("2026-01", "2026-02", now=NOW)
    refunded = build_order(
        "N0", ("home-decor", "100.00", "100.00"), at="2026-03-10T12:00:00Z", coupon="ANN", completed=completed
    )
    assert shop.put(refunded, order_id="N0").json()["commission"] == "0.00"
    open_program.open_program(now=NOW, by=None)
    shop.put(build_order("N1", coupon="ANN"), order_id="N1")
    assert not Message.objects.filter(kind="first_commission").exists()


def test_no_first_commission_email_before_the_program_opens(shop):
    shop.put(build_order("N0", coupon="ANN"), order_id="N0")
    open_program.open_program(now=NOW, by=None)
    shop.put(build_order("N1", coupon="ANN"), order_id="N1")
    assert not Message.objects.filter(kind="first_commission").exists()


def test_settled_order_keeps_its_affiliate(shop):
    shop.put(build_order("A1", **COMPLETED))
    assert shop.get("A1").json()["attribution_frozen"] is False
    close_months("2026-01", "2026-02")
    response = shop.put(build_order("A1", **COMPLETED | {"coupon": "UNKNOWN", "at": "2026-03-05T12:00:00Z"}))
    assert (response.json()["affiliate"], response.json()["reason"]) == ("ANN", "attribution_frozen")
    assert (shop.get("A1").json()["affiliate"], shop.get("A1").json()["attribution_frozen"]) == ("ANN", True)


def test_settled_order_keeps_its_attribution_reason(shop):
    Program.current()
    Program.objects.update(shop_url="https://shop.example/", shop_hosts=["shop.example"])
    link = tracking_links.create_link(
        affiliate=Affiliate.objects.get(), target="https://shop.example/", now=NOW, by=None
    )
    at = parse_utc("2026-01-10T11:00:00")
    click = click_ids.sign_click_id(link.pk, at, click_ids.generate_nonce(at))

    def resend(at: str, **claim: str | None) -> list[str]:
        """Send both orders with another coupon or click id, and return their attribution reasons."""
        for name in ("A1", "B1"):
            snapshot = build_order(name, **COMPLETED | {"at": at}) | {"coupon": None} | claim
            shop.put(snapshot, order_id=name)
        return [shop.get(name).json()["reason"] for name in ("A1", "B1")]

    shop.put(build_order("A1", **COMPLETED))
    shop.put(build_order("B1", **COMPLETED) | {"coupon": None, "click_id": click}, order_id="B1")
    reasons = [shop.get(name).json()["reason"] for name in ("A1", "B1")]
    assert reasons == ["coupon", "click"]
    close_months("2026-01", "2026-02")
    # First the same affiliate with another reason, then an unknown coupon; GET requests in between change nothing.
    assert resend("2026-03-05T12:00:00Z", click_id=click) == reasons
    assert resend("2026-03-06T12:00:00Z", coupon="ANN") == reasons
    assert resend("2026-03-07T12:00:00Z", coupon="UNKNOWN") == reasons
    order = shop.put(build_order("A1", **COMPLETED | {"at": "2026-03-08T12:00:00Z"})).json()
    assert (order["affiliate"], order["reason"]) == ("ANN", "coupon")


def test_settled_order_keeps_its_click_and_sub_id(shop):
    Program.current()
    Program.objects.update(shop_url="https://shop.example/", shop_hosts=["shop.example"])
    at, clicks = parse_utc("2026-01-10T11:00:00"), {}
    for sub in ("newsletter", "elsewhere"):
        link = tracking_links.create_link(
            affiliate=Affiliate.objects.get(), target="https://shop.example/", now=NOW, by=None
        )
        nonce = click_ids.generate_nonce(at)
        clicks[sub] = click_ids.sign_click_id(link.pk, at, nonce)
        subs = (sub, "", "", "", "")
        row = click_store.ClickRow(nonce, link.pk, at, "counted", *subs, "198.51.100.0", "Firefox", "", "mobile")
        click_store.insert_rows(connection.cursor(), [row])
    shop.put(build_order("A1", **COMPLETED) | {"coupon": None, "click_id": clicks["newsletter"]})
    assert Order.objects.get().sub1 == "newsletter"
    close_months("2026-01", "2026-02")
    later = COMPLETED | {"at": "2026-03-05T12:00:00Z"}
    response = shop.put(build_order("A1", **later) | {"coupon": None, "click_id": clicks["elsewhere"]})
    assert response.json()["reason"] == "attribution_frozen"
    assert Order.objects.get().sub1 == "newsletter"
