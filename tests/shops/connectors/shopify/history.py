"""What a Shopify shop sends about an order from its purchase on."""

import random
from datetime import datetime

from shops.connectors import secrets
from shops.connectors.base import Delivery
from shops.models import Connection, Platform
from tests.scenarios import NOW
from tests.shops.connectors.shop_histories import Event
from tests.shops.connectors.shopify.payloads import (
    SECRET,
    Sent,
    build_delivery,
    build_money_refund,
    build_order,
    build_refund,
    change_line,
)

CODE = {"discount_codes": [{"code": "ann", "amount": "0.00", "type": "percentage"}]}
SHIPPED = {
    "fulfillment_status": "fulfilled",
    "fulfillments": [{"id": 1, "status": "success", "created_at": "2026-01-20T12:00:00Z"}],
}


def connect(prefix: str) -> Connection:
    connection = Connection(platform=Platform.SHOPIFY, name=prefix, prefix=prefix, created_at=NOW)
    secrets.set_secret(connection, SECRET)
    connection.save()
    return connection


def build_events(number: int, chance: random.Random) -> list[Event]:
    """Return the events of one order, in the order in which they happened."""
    return [_Webhook(sent, f"{number}-{step}") for step, sent in enumerate(_list_sent(number, chance))]


class _Webhook:
    """Half of the repeated deliveries have an id of their own."""

    def __init__(self, sent: Sent, name: str) -> None:
        self.sent, self.name = sent, name

    def __call__(self, at: datetime) -> Delivery:
        return build_delivery(self.sent, webhook_id=f"{self.name}-{int(at.timestamp()) % 2}", received_at=at)


def _list_sent(number: int, chance: random.Random) -> list[Sent]:
    second = 0

    def changed(topic, content):
        nonlocal second
        second += chance.choice((0, 1, 30))
        moment = f"2026-01-12T13:{second // 60:02}:{second % 60:02}"
        stamp = {"created_at": f"{moment}Z"} if topic == "refunds/create" else {"updated_at": f"{moment}Z"}
        return Sent(topic, content | stamp, f"{moment}.{len(events):09}Z")

    events: list[Sent] = []
    order = change_line(build_order(id=number, **CODE), 0, price=f"{chance.randint(0, 9_999) / 100:.2f}")
    status = chance.choice(("pending", "paid"))
    events.append(changed("orders/create", order | {"financial_status": status}))
    if status == "pending" and chance.random() < 0.8:
        events.append(changed("orders/paid", order))
    order |= {"financial_status": events[-1].content["financial_status"]}
    refunds = []
    for count in range(chance.randint(0, 2)):
        build = chance.choice((build_refund, lambda **ids: build_money_refund("12.34", **ids)))
        refunds.append(build(id=10 * number + count, order_id=number))
        events.append(changed("refunds/create", refunds[-1]))
        order = order | {"refunds": list(refunds)}
        events.append(changed("orders/updated", order))
    if chance.random() < 0.6:
        order = order | SHIPPED
        events.append(changed("orders/fulfilled", order))
    ending = chance.random()
    if ending < 0.15:
        events.append(changed("orders/cancelled", order | {"cancelled_at": "2026-01-21T12:00:00Z"}))
    elif ending < 0.3:
        events.append(changed("orders/delete", {"id": number}))
    return events
