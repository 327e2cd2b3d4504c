"""What a WooCommerce shop sends about an order from its purchase on."""

import random
from functools import partial
from typing import Any

from shops.models import Connection
from tests.shops.connectors.shop_histories import Event
from tests.shops.connectors.woocommerce.api_shop import make_connection
from tests.shops.connectors.woocommerce.payloads import at_second, build_delivery, build_fee, build_order, build_refunds

COUPON = [{"id": 41, "code": "ann", "discount": "0.00"}]


def connect(prefix: str) -> Connection:
    return make_connection(prefix)


def build_events(number: int, chance: random.Random) -> list[Event]:
    """Return the events of one order, in the order in which they happened."""
    key, second = 1_000 + number, 0
    events: list[Event] = []

    def add(topic="order.updated", **changes: Any) -> None:
        nonlocal second
        second += chance.randint(1, 500)
        order = build_order(id=key, coupon_lines=COUPON, date_modified_gmt=at_second(second), **changes)
        events.append(lambda at: build_delivery(order, topic=topic, at=at))

    paid: dict[str, Any] = {"lines": {0: {"total": f"{chance.randint(0, 9_999) / 100:.2f}"}}}
    add("order.created", status="pending", date_paid_gmt=None)
    add(**paid)
    if chance.random() < 0.3:
        paid["fee_lines"] = [build_fee(f"-{chance.randint(1, 2_000) / 100:.2f}")]
        add(**paid)
    if chance.random() < 0.6:
        paid |= {"status": "completed", "date_completed_gmt": at_second(second + 1)}
        add(**paid)
    for count in range(1, chance.randint(0, 2) + 1):
        paid["refunds"] = build_refunds(*["-12.34"] * count)
        add(**paid)
    ending = chance.random()
    if ending < 0.15:
        add(**paid | {"status": "cancelled"})
    elif ending < 0.3:
        events.append(partial(_delete, key))
    elif ending < 0.4:
        add(**paid | {"status": "refunded"})
    return events


def _delete(key, at):
    return build_delivery({"id": key}, topic="order.deleted", at=at)
