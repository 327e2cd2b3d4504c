"""Rows that the shop got wrong, for the rejects inbox of the demo."""

from copy import deepcopy
from datetime import datetime
from functools import partial
from typing import Any

from portal.demo.shop import Shop
from portal.demo.world import World
from shops import rejects
from shops.models import Reject

NUMBER = 90_001


def fill(world: World, shop: Shop) -> None:
    """Note the sending of the bad rows; the oldest has been put away since."""
    world.diary.note(world.days.ago(24, 13), partial(_send_one, world, shop))
    world.diary.note(world.days.ago(1, 13), partial(_send_the_others, shop))


def _send_one(world: World, shop: Shop, now: datetime) -> None:
    shop.send([_good(now, NUMBER) | {"currency": "EUR"}], now)
    reject = Reject.objects.get(order_id=f"JP-{NUMBER}")
    reason = "A test of the shop’s, as they say; the order never was."
    rejects.dismiss(reject=reject, reason=reason, now=now, by=world.staff["owner"])


def _send_the_others(shop: Shop, now: datetime) -> None:
    comma = deepcopy(_good(now, NUMBER + 1))
    comma["lines"][0]["amount"] = "12,50"
    unknown = _good(now, NUMBER + 2) | {"discount": "5.00"}
    early = _good(now, NUMBER + 3) | {"status": "completed", "completed_at": "2001-01-01T00:00:00Z"}
    shop.send([comma, unknown, early], now)


def _good(now: datetime, number: int) -> dict[str, Any]:
    return {
        "order_id": f"JP-{number}",
        "updated_at": now.isoformat(),
        "status": "paid",
        "placed_at": now.isoformat(),
        "completed_at": None,
        "currency": "USD",
        "click_id": None,
        "coupon": None,
        "customer": {"ref": "C00017", "country": "Germany"},
        "lines": [
            {
                "line_id": "1",
                "sku": "SG-101",
                "title": "Terracotta pot, 24 cm",
                "category": "sports-garden",
                "quantity": 1,
                "amount": "18.90",
                "refunded": "0.00",
            }
        ],
    }
