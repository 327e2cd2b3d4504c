"""Reading of Stripe's events: names, refusals with field and cause, and the fields of a snapshot (specification 11)."""

import json
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from shops.connectors.base import Ignored, StoredEvent
from shops.connectors.event_bodies import parse_body
from shops.connectors.parts import merge
from shops.connectors.stripe.connector import Stripe
from shops.connectors.stripe.currencies import convert_minor_units
from shops.models import Completion
from tests.scenarios import NOW
from tests.shops.connectors.stripe.payloads import (
    DAY,
    START,
    build_delivery,
    build_event,
    change_refund,
    complete,
    dispute,
    load,
    make_connection,
    pay,
    refund,
    settle,
)
from tests.shops.connectors.stripe.test_snapshots import build, fold
from tracking.clicks.click_ids import sign_click_id
from tracking.orders.snapshot_fields import Rejected

STRIPE = Stripe()
PAYMENT = "pi_3QxWn3KtVb7RzYd50HcMs8Lp"
LINK = UUID("0190163d-8694-739b-aea5-966c26f8ad90")


def read(event, options=None):
    return STRIPE.read_event(StoredEvent("", "", NOW, event), options or {})


def name(body):
    return STRIPE.name_event(build_delivery(body), {})


@pytest.mark.parametrize(
    "event",
    [
        complete(),
        settle("succeeded", DAY),
        settle("failed", DAY),
        pay(),
        refund(3300),
        change_refund("failed", DAY),
        dispute("lost"),
    ],
    ids=lambda event: event["type"],
)
def test_events_of_one_payment_meet_at_its_payment_intent(event):
    assert read(event).order_key == PAYMENT


def test_payment_intent_may_be_expanded():
    assert read(complete(payment_intent=load("payment_intent"))).order_key == PAYMENT


def test_checkout_with_nothing_to_pay_is_named_by_its_session():
    free: dict[str, Any] = {"payment_intent": None, "amount_total": 0, "shipping_cost": None, "total_details": None}
    assert read(complete(**free, id="cs_live_short")).order_key == "cs_live_short"
    assert read(complete(**free, id="c" * 51)).order_key == "c" * 51
    assert read(complete(**free, id="c" * 52)).order_key.startswith("c" * 30 + "-")
    session = load("session")["id"]
    keys = [read(complete(**free, id=session + end)).order_key for end in ("", "a", "b")]
    assert len(set(keys)) == 3
    # Behind a prefix of 12 characters and a hyphen the order id may have 64.
    assert all(key.startswith(session[:30]) and len(key) <= 51 for key in keys)


def test_event_is_named_by_its_own_id():
    event = complete()
    found = name(event | {"pending_webhooks": 3})
    assert found == name(event)
    assert (found.delivery, found.topic) == (event["id"], "checkout.session.completed")
    assert found.triggered_at == "2026-01-12T12:00:00+00:00"


@pytest.mark.parametrize(
    "body",
    [b"", b"\xff", b"[]", b"null", b"{}", b'{"id": 7, "type": [], "created": true}', b"[" * 100_000, b'{"id": ""}'],
)
def test_event_without_an_id_is_named_by_its_body(body):
    found = name(body)
    assert (len(found.delivery), found.topic, found.triggered_at) == (64, "", "")
    assert found.delivery != name(body + b" ").delivery


@pytest.mark.parametrize("created", [10**30, -(10**30), 1.5, "1768219200", None])
def test_strange_moment_is_left_out_of_the_name(created):
    assert name(complete() | {"created": created}).triggered_at == ""


def test_event_of_ten_mebibytes_is_named_and_read():
    event = complete(custom_text={"after_submit": {"message": "x" * 10 * 1024 * 1024}})
    assert name(event).delivery == event["id"]
    assert len(json.dumps([part.data for part in read(event).parts])) < 1_000


@pytest.mark.parametrize(
    ("event", "field", "cause"),
    [
        ([], "body", "must be an object"),
        (complete() | {"created": None}, "created", "must be a number of seconds since 1970"),
        (complete() | {"created": -1}, "created", "must be a number of seconds since 1970"),
        (complete() | {"created": True}, "created", "must be a number of seconds since 1970"),
        (complete() | {"created": 10**30}, "created", "is more than five minutes in the future"),
        (complete() | {"data": []}, "data", "must be an object"),
        (complete() | {"data": {"object": "cs_1"}}, "data.object", "must be an object"),
        (complete() | {"data": None}, "data.object.amount_total", "must be a whole number"),
        (complete(amount_total=None), "data.object.amount_total", "must be a whole number"),
        (complete(amount_total="13200"), "data.object.amount_total", "must be a whole number"),
        (complete(amount_total=Decimal("1.5")), "data.object.amount_total", "must be a whole number"),
        (complete(amount_total=-1), "data.object.amount_total", "must be a whole number"),
        (complete(amount_total=10**20), "data.object.amount_total", "must be a whole number"),
        (complete(amount_total=1000), "data.object.amount_total", "must not be less than tax and shipping"),
        (complete(shipping_cost=[]), "data.object.shipping_cost", "must be an object"),
        (complete(total_details={"amount_tax": -1}), "data.object.total_details.amount_tax", "must be a whole number"),
        (complete(customer_details={"email": 7}), "data.object.customer_details.email", "must be a string"),
        (complete(customer_details={"address": "US"}), "data.object.customer_details.address", "must be an object"),
        (complete(client_reference_id="x" * 501), "data.object.client_reference_id", "must have at most 500"),
        (complete(metadata={"click_id": "x" * 501}), "data.object.metadata.click_id", "must have at most 500"),
        (complete(metadata={"click_id": 7}), "data.object.metadata.click_id", "must be a string"),
        (complete(discounts="x"), "data.object.discounts", "must be a list"),
        (complete(discounts=[7]), "data.object.discounts[0]", "must be an object"),
        (complete(currency=["usd"]), "data.object.currency", "must be a string"),
        (complete(payment_intent=7), "data.object.payment_intent", "must be a string"),
        (refund(-3300), "data.object.amount_refunded", "must be a whole number"),
        (refund(3300, amount=None), "data.object.amount", "must be a whole number"),
        (change_refund("failed", DAY, amount=-1), "data.object.amount", "must be a whole number"),
        (change_refund("failed", DAY, id=""), "data.object.id", "is missing"),
        (change_refund("failed", DAY, created=START + 2 * DAY), "data.object.created", "is more than five minutes"),
        (dispute("lost", id=None), "data.object.id", "is missing"),
        (dispute("lost", amount="all"), "data.object.amount", "must be a whole number"),
        (pay(amount="x"), "data.object.amount", "must be a whole number"),
    ],
)
def test_unusable_event_is_refused_with_field_and_cause(event, field, cause):
    with pytest.raises(Rejected) as refusal:
        read(event)
    assert refusal.value.field == field
    assert refusal.value.message.startswith(cause)


@pytest.mark.parametrize(
    ("event", "reason"),
    [
        (complete() | {"livemode": False}, "a test event"),
        (complete(mode="subscription"), "subscriptions are out of scope"),
        (complete(mode="setup"), "saves a payment method"),
        (build_event("invoice.paid", {}), "subscriptions are out of scope"),
        (build_event("customer.subscription.deleted", {}), "subscriptions are out of scope"),
        (build_event("checkout.session.expired", {}), "checkout.session.expired are not needed"),
        (build_event("x" * 400, {}), "are not needed"),
        ({}, r"type \(none\) are not needed"),
        ({"object": "v2.core.event", "type": "v2.core.account.created"}, "are not needed"),
        (refund(1, payment_intent=None), "has no payment intent"),
        (dispute("lost", payment_intent=None), "has no payment intent"),
    ],
)
def test_event_of_no_use_is_ignored_by_name(event, reason):
    with pytest.raises(Ignored, match=reason):
        read(event)


def test_every_kind_of_value_is_read_or_refused():
    values = [None, True, -1, 10**30, Decimal("0.1"), "", "x" * 600, [], [None], {}, {"id": []}]
    for name_, content in [("completed", load("session")), ("refunded", load("charge")), ("failed", load("refund"))]:
        topic = {"completed": "checkout.session.completed", "refunded": "charge.refunded", "failed": "refund.failed"}[
            name_
        ]
        for key in content:
            for value in values:
                try:
                    found = read(build_event(topic, content, DAY) | {"data": {"object": content | {key: value}}})
                except (Ignored, Rejected):
                    continue
                json.dumps([part.data for part in found.parts])


def test_no_customer_data_is_kept_but_the_reference():
    [session] = [part for part in read(complete()).parts if part.name == "session"]
    assert session.data["customer_ref"] == "buyer@example.com"
    text = json.dumps([part.data for part in read(complete(metadata={"phone": "555-0100"})).parts])
    assert not any(personal in text for personal in ("Sam", "Springfield", "00000", "555-0100"))


def test_snapshot_has_all_fields():
    built = build([complete(client_reference_id="click")])
    assert built.row == {
        "status": "completed",
        "placed_at": "2026-01-12T12:00:00Z",
        "completed_at": "2026-01-12T12:00:00Z",
        "currency": "USD",
        "click_id": "click",
        "coupons": [],
        "customer": {"ref": "buyer@example.com", "country": "US"},
        "lines": [
            {
                "line_id": "checkout",
                "sku": "",
                "title": "Checkout",
                "quantity": 1,
                "amount": "100.00",
                "refunded": "0.00",
                "category": "",
                "shop_categories": [],
                "product_key": "",
            }
        ],
    }


def test_change_is_the_newest_event():
    assert build([complete(), refund(3300, 2 * DAY), pay()]).changed_at.timestamp() == START + 2 * DAY


def test_genuine_click_id_wins_over_the_shops_own_reference():
    click_id = sign_click_id(LINK, NOW)
    metadata = {"click_id": "their-own"}
    assert build([complete(client_reference_id=click_id, metadata=metadata)]).row["click_id"] == click_id
    address = f"https://shop.example/?click_id={click_id}"
    assert build([complete(client_reference_id="cart-7", metadata={"click_id": address})]).row["click_id"] == address


def test_changed_option_is_used_when_events_are_replayed():
    event = complete(metadata={"click_id": "old", "ref": "new"})
    connection = make_connection(options={"click_id_metadata": "ref"})
    state = merge(fold([event], {}), read(event, connection.options).parts)
    assert STRIPE.build_order(state, connection, was_sent=True, now=NOW).row["click_id"] == "new"


@pytest.mark.parametrize("options", [{"promotion_codes": None}, {"promotion_codes": []}, {"promotion_codes": "x"}])
def test_unusable_table_of_codes_is_empty(options):
    event = complete(discounts=[{"coupon": None, "promotion_code": "promo_1"}])
    assert build([event], options=options).row["coupons"] == []


def test_category_comes_from_options_and_metadata():
    [line] = build([complete(metadata={"kind": "Tea"})], options={"category": "food", "category_metadata": "kind"}).row[
        "lines"
    ]
    assert (line["category"], line["shop_categories"]) == ("food", ["Tea"])
    [line] = build([complete(metadata={"category": "x" * 400})]).row["lines"]
    assert line["shop_categories"] == ["x" * 300]


def test_days_after_payment_make_the_order_due():
    built = build([complete()], completion=Completion.DAYS, completion_days=400)
    assert (built.row["status"], built.row["completed_at"]) == ("paid", None)
    assert built.due_at is not None
    assert built.due_at.timestamp() == START + 400 * DAY


@pytest.mark.parametrize(
    ("amount", "currency", "expected"),
    [
        (1, "USD", "0.01"),
        (500, "JPY", "500"),
        (500, "XPF", "500"),
        (5120, "KWD", "5.120"),
        (500, "ISK", "5.00"),
        (500, "UGX", "5.00"),
        (1050, "TWD", "10.50"),
        (0, "BHD", "0.000"),
        (7, "???", "0.07"),
    ],
)
def test_minor_units_depend_on_the_currency(amount, currency, expected):
    assert str(convert_minor_units(amount, currency)) == expected


def test_numbers_of_the_body_are_read_exactly():
    event = parse_body(json.dumps(complete()).replace("13200", "13200.0").encode())
    with pytest.raises(Rejected, match="must be a whole number"):
        read(event)


def test_notes_name_what_is_approximate():
    [one_line] = build([complete(discounts=[{"coupon": "co_10", "promotion_code": None}])]).notes
    assert one_line == "The whole checkout is one line, because events of Stripe name no products."
    table = {"promo_1": "ANN", "promo_2": "", "promo_3": None}
    discounts = [{"coupon": None, "promotion_code": f"promo_{number}"} for number in (1, 2, 3, 4)]
    built = build([complete(discounts=discounts), refund(1)], options={"promotion_codes": table})
    assert built.row["coupons"] == ["ANN"]
    assert built.notes[1].startswith("Refunds are spread over goods, tax and shipping")
    assert built.notes[2:] == ["The connection's table of promotion codes lacks promo_2, promo_3, promo_4."]
