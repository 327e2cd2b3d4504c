"""What a shop of the generic kind sends about an order from its payment on."""

import random
from datetime import datetime
from typing import Any

from shops.connectors.base import Delivery
from shops.models import Connection
from tests.shops.connectors.generic.generic_shop import build_connection, build_delivery, build_event
from tests.shops.connectors.shop_histories import Event


def connect(prefix: str) -> Connection:
    connection = build_connection(prefix, prefix)
    connection.save()
    return connection


def build_events(number: int, chance: random.Random) -> list[Event]:
    """Return the events of one order, in the order in which they happened: paid, edited, completed, partly refunded."""
    first = {"id": 1, "amount": f"{chance.randint(0, 9_999) / 100:.2f}"}
    lines = [first, {"id": 2, "amount": "9.99"}]
    edited = [first, {"id": 3, "amount": "14.00"}]
    refunded = [first, {"id": 3, "amount": "14.00", "refunded": "7.55"}]
    steps = [("paid", lines), ("paid", edited), ("completed", edited), ("completed", refunded)]
    if chance.random() < 0.2:
        steps.append(("cancelled", refunded))
    same = {"id": number, "coupons": ["ann"] if chance.random() < 0.7 else []}
    return [
        _Message(
            f"msg_{number}_{step}",
            same | {"updated_at": f"2026-01-12T12:{step:02d}:00Z", "status": status, "lines": of_order},
        )
        for step, (status, of_order) in enumerate(steps)
    ]


class _Message:
    """Half of the repeated deliveries are retries, half are new messages about the same change."""

    def __init__(self, name: str, order: dict[str, Any]) -> None:
        self.name, self.event = name, build_event(order)

    def __call__(self, at: datetime) -> Delivery:
        return build_delivery(self.event, at=at, identifier=f"{self.name}_{int(at.timestamp()) % 2}")
