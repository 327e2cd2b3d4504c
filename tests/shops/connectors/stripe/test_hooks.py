"""Stripe's events from the webhook address to the commission (specification 11)."""

import json
from decimal import Decimal

import pytest
from django.utils import timezone

from payouts.models import Commission
from shops.connectors import folding, inbox, secrets
from shops.models import CategoryMapping, Reject, ShopEvent, ShopOrder, ShopOrderLine
from tests.scenarios import NOW, create_program, import_affiliates
from tests.shops.connectors.stripe.payloads import (
    DAY,
    SECRET,
    build_delivery,
    change_refund,
    complete,
    dispute,
    make_connection,
    pay,
    refund,
    settle,
    sign,
)
from tracking.models import Order, OrderSnapshot

PAYMENT = "pi_3QxWn3KtVb7RzYd50HcMs8Lp"
OPTIONS = {"category": "home-decor", "promotion_codes": {"promo_1Ann": "ANN"}}
DISCOUNTS = [{"coupon": "co_10", "promotion_code": "promo_1Ann"}]


@pytest.fixture
def connection(db, tmp_path):
    create_program("2026-01-01")
    import_affiliates(["ANN"], tmp_path)
    made = make_connection(options=OPTIONS)
    made.save()
    return made


def send(connection, *events):
    for event in events:
        inbox.receive(connection=connection, delivery=build_delivery(event), now=NOW)
    folding.process_events(now=NOW)
    return [event.outcome for event in ShopEvent.objects.filter(connection=connection).order_by("id")]


def get_commission():
    return Commission.objects.get().amount


def test_payment_earns_and_refund_lowers(connection):
    # Home decor earns 5 %: 5.00 of goods of 100.00, 3.75 after a quarter was refunded.
    assert send(connection, complete(discounts=DISCOUNTS), pay()) == ["combined", "created"]
    order = Order.objects.get()
    assert (order.order_id, order.affiliate and order.affiliate.code) == (f"st-{PAYMENT}", "ANN")
    assert get_commission() == Decimal("5.00")
    assert send(connection, refund(3300))[-1] == "updated"
    assert get_commission() == Decimal("3.75")
    assert send(connection, change_refund("failed", 2 * DAY))[-1] == "updated"
    assert get_commission() == Decimal("5.00")
    assert send(connection, dispute("needs_response", 10 * DAY, "charge.dispute.created"))[-1] == "unchanged"
    assert send(connection, dispute("lost", 20 * DAY))[-1] == "updated"
    assert get_commission() == 0
    connection.refresh_from_db()
    assert sorted(connection.milestones) == ["attributed", "completed", "event", "order", "refund"]


def test_customer_is_stored_as_a_hash_only(connection):
    send(connection, complete())
    state = ShopOrder.objects.get().state
    assert state["session"]["data"]["customer_ref"].startswith("hash:")
    assert "buyer" not in json.dumps(state).lower()
    assert Order.objects.get().customer_hash == state["session"]["data"]["customer_ref"].removeprefix("hash:")


def test_unpaid_checkout_is_kept_until_it_is_paid(connection):
    outcomes = send(connection, complete(payment_status="unpaid", discounts=DISCOUNTS))
    assert (outcomes, Order.objects.count()) == (["kept"], 0)
    assert ShopEvent.objects.get().cause == "is not paid"
    assert send(connection, settle("succeeded", DAY, discounts=DISCOUNTS))[-1] == "created"
    assert get_commission() == Decimal("5.00")


def test_retry_with_a_new_signature_is_stored_once(connection):
    event = complete()
    send(connection, event, event | {"pending_webhooks": 0}, event)
    assert (ShopEvent.objects.get().repeats, Order.objects.count()) == (2, 1)


def test_mapping_of_the_metadata_comes_before_the_category_of_the_connection(connection):
    CategoryMapping.objects.create(connection=connection, shop_category="Tea", key="tea", category="sports-garden")
    send(connection, complete(discounts=DISCOUNTS, metadata={"category": "TEA"}))
    line = ShopOrderLine.objects.get()
    assert (line.shop_categories, line.mapped_by, line.category) == (["TEA"], "tea", "sports-garden")
    # Sports and garden earn 6 %.
    assert get_commission() == Decimal("6.00")


def test_category_of_the_connection_is_no_unmapped_one(connection):
    send(connection, complete(metadata={"category": "Coffee"}))
    line = ShopOrderLine.objects.get()
    assert (line.shop_categories, line.mapped_by, line.category) == (["Coffee"], "(connection)", "home-decor")


def test_checkout_without_any_category_earns_the_rate_for_everything_else(connection):
    connection.options = {"promotion_codes": {"promo_1Ann": "ANN"}}
    connection.save()
    send(connection, complete(discounts=DISCOUNTS))
    line = ShopOrderLine.objects.get()
    assert (line.mapped_by, line.category) == ("", "everything-else")


def test_two_connections_may_send_the_same_payment(connection):
    other = make_connection(name="Stripe in Europe", prefix="eu", options=OPTIONS)
    other.save()
    send(connection, complete(), refund(3300))
    send(other, complete())
    assert set(Order.objects.values_list("order_id", flat=True)) == {f"st-{PAYMENT}", f"eu-{PAYMENT}"}
    assert ShopOrderLine.objects.count() == 2


def test_bad_events_are_kept_with_field_and_cause_and_harm_no_other(connection):
    bad = [
        complete(amount_total=None, payment_intent="pi_1"),
        complete(currency="eur", payment_intent="pi_2"),
        complete(currency="xyz", payment_intent="pi_3"),
        refund(-1, payment_intent="pi_4"),
        complete(payment_intent="pi 5"),
        complete(payment_intent="p" * 70),
        b"not json",
    ]
    send(
        connection, *bad, complete(mode="subscription"), complete() | {"livemode": False}, complete(discounts=DISCOUNTS)
    )
    found = ShopEvent.objects.order_by("id").values_list("state", "field")
    assert list(found) == [
        ("refused", "data.object.amount_total"),
        ("refused", "currency"),
        ("refused", "currency"),
        ("refused", "data.object.amount_refunded"),
        ("refused", "order_id"),
        ("refused", "order_id"),
        ("refused", "body"),
        ("ignored", ""),
        ("ignored", ""),
        ("done", ""),
    ]
    assert (Reject.objects.count(), OrderSnapshot.objects.count()) == (7, 1)


def test_category_of_three_hundred_characters_is_no_obstacle(connection):
    assert send(connection, complete(metadata={"category": "x" * 300})) == ["created"]
    connection.options = {"category": "x" * 300}
    connection.save()
    send(connection, complete(payment_intent="pi_1"))
    assert ShopEvent.objects.get(state="refused").field == "lines[0].category"


def test_address_answers_by_signature(connection, client):
    body = json.dumps(complete()).encode()
    url = f"/hooks/{connection.pk}"

    def post(content, header):
        headers = {"Stripe-Signature": header} if header else {}
        return client.post(url, content, content_type="application/json", headers=headers)

    now = timezone.now()
    for content, header in [
        (body, ""),
        (body + b" ", sign(body, now)),
        (body, sign(body, NOW)),
        (body, "t=1,v1=\u00e9"),
    ]:
        answer = post(content, header)
        assert (answer.status_code, answer.json()["error"]["code"]) == (401, "invalid_signature")
    assert not ShopEvent.objects.exists()
    assert (post(body, sign(body, now)).status_code, ShopEvent.objects.count()) == (200, 1)
    large = json.dumps(complete(client_secret="x" * 10 * 1024 * 1024)).encode()
    assert post(large, sign(large, now)).status_code == 200
    secrets.replace_secret(connection, "whsec_" + "anotherSigningSecret1", now=now)
    connection.save()
    assert post(b"[]", sign(b"[]", now, SECRET)).status_code == 200
    assert ShopEvent.objects.count() == 3


def test_payment_id_too_long_for_the_prefix_is_rejected(connection):
    for prefix, length, outcome in (("s" * 12, 51, "created"), ("t" * 12, 52, "rejected"), ("u", 62, "created")):
        made = make_connection(name=prefix, prefix=prefix)
        made.save()
        send(made, complete(payment_intent="p" * length))
        event = ShopEvent.objects.get(connection=made)
        assert (event.outcome, event.field) == (outcome, "order_id" if outcome == "rejected" else "")
