"""What Stripe sends about a payment from its checkout on."""

import random
from functools import partial
from typing import Any

from shops.models import Connection
from tests.shops.connectors.shop_histories import Event
from tests.shops.connectors.stripe import payloads
from tests.shops.connectors.stripe.payloads import (
    DAY,
    build_delivery,
    change_refund,
    complete,
    dispute,
    pay,
    refund,
    settle,
)

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


def connect(prefix: str) -> Connection:
    connection = payloads.make_connection(name=prefix, prefix=prefix, options=OPTIONS)
    connection.save()
    return connection


def build_events(number: int, chance: random.Random) -> list[Event]:
    """Return the events of one order, in the order in which they happened."""
    discounts = [{"coupon": "co_10", "promotion_code": "promo_1Ann"}] if chance.random() < 0.7 else []
    events = chance.choice(COURSES)(discounts=discounts)
    for event in events:
        content = event["data"]["object"]
        name = "id" if content["object"] == "payment_intent" else "payment_intent"
        if content[name]:
            content[name] = f"pi_{number}"
        event["id"] += f"-{number}"
    return [partial(build_delivery, event) for event in events]
