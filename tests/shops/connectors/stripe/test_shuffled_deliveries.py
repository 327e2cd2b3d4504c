"""Deliveries of Stripe in any order, repeated: the same orders and commissions as once in order (specification 11)."""

import os
import random
from typing import Any

from payouts.models import Commission
from shops.connectors import folding, inbox
from shops.models import ShopEvent
from tests.scenarios import NOW, create_program, import_affiliates
from tests.shops.connectors.stripe.payloads import (
    DAY,
    Event,
    build_delivery,
    change_refund,
    complete,
    dispute,
    make_connection,
    pay,
    refund,
    settle,
)
from tracking.models import OrderSnapshot

# How many deliveries are shuffled; `make faults` raises it.
DELIVERIES = int(os.environ.get("SHOP_DELIVERIES", "200"))
BATCH = 70
OPTIONS = {"category": "home-decor", "promotion_codes": {"promo_1Ann": "ANN"}}
UNPAID: dict[str, Any] = {"payment_status": "unpaid"}
# Courses of a payment. The changes of each call are common to all events of one order.
COURSES = [
    lambda **same: [complete(**same), pay(), refund(3300), refund(6600, DAY + 1)],
    lambda **same: [complete(**same), refund(3300), change_refund("failed", 2 * DAY), refund(1320, 3 * DAY)],
    lambda **same: [complete(**same, **UNPAID), pay(3 * DAY), settle("succeeded", 3 * DAY, **same)],
    lambda **same: [complete(**same, **UNPAID), settle("failed", 3 * DAY, **same)],
    lambda **same: [complete(**same), dispute("needs_response", DAY, "charge.dispute.created"), dispute("lost")],
    lambda **same: [complete(**same), refund(900), refund(10000), refund(1, payment_intent=None)],
    lambda **same: [
        complete(**same),
        dispute("lost", amount=6600),
        dispute("won", 20 * DAY, "charge.dispute.funds_reinstated"),
    ],
]


def build_order_events(number: int) -> list[Event]:
    """Return the events of one order, in the order in which they happened."""
    discounts = [{"coupon": "co_10", "promotion_code": "promo_1Ann"}] if number % 3 else []
    events = COURSES[number % len(COURSES)](discounts=discounts)
    for event in events:
        content = event["data"]["object"]
        name = "id" if content["object"] == "payment_intent" else "payment_intent"
        if content[name]:
            content[name] = f"pi_{number}"
        event["id"] += f"-{number}"
    return events


def deliver(connection, events):
    for start in range(0, len(events), BATCH):
        for event in events[start : start + BATCH]:
            inbox.receive(connection=connection, delivery=build_delivery(event), now=NOW)
        folding.process_events(now=NOW)


def describe_orders(connection):
    """Return what the newest snapshots and the commissions of a connection say, by the shop's number."""
    newest = {
        snapshot.order_id.removeprefix(f"{connection.prefix}-"): snapshot.content
        for snapshot in OrderSnapshot.objects.filter(order_id__startswith=f"{connection.prefix}-").order_by(
            "updated_at"
        )
    }
    fields = ("order__order_id", "amount", "affiliate__code", "validates_at", "category")
    commissions = {
        name.removeprefix(f"{connection.prefix}-"): rest
        for name, *rest in Commission.objects.filter(order__order_id__startswith=f"{connection.prefix}-").values_list(
            *fields
        )
    }
    return {
        name: (
            {key: value for key, value in content.items() if key not in ("order_id", "updated_at")},
            commissions.get(name),
        )
        for name, content in newest.items()
    }


def test_shuffled_and_repeated_deliveries_end_in_the_same_orders(db, tmp_path):
    create_program("2026-01-01")
    import_affiliates(["ANN"], tmp_path)
    ordered, mixed = make_connection(options=OPTIONS), make_connection(name="mixed", prefix="mixed", options=OPTIONS)
    ordered.save()
    mixed.save()
    chance = random.Random(20260112)
    events = [event for number in range(DELIVERIES // 5) for event in build_order_events(number)]
    deliver(ordered, events)
    repeated = events + chance.choices(events, k=max(DELIVERIES - len(events), 0))
    chance.shuffle(repeated)
    deliver(mixed, repeated)
    expected = describe_orders(ordered)
    assert len(expected) > DELIVERIES // 10
    assert any(commission for _content, commission in expected.values())
    assert describe_orders(mixed) == expected
    assert not ShopEvent.objects.filter(state="refused").exists()
