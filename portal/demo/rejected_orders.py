"""Invalid snapshots, for the rejected orders of the demo."""

from copy import deepcopy
from datetime import datetime
from functools import partial
from typing import Any

from portal.demo.context import DemoContext
from portal.demo.shop import Shop
from shops import rejects
from shops.models import Reject

NUMBER = 90_001


def schedule_rejected_orders(context: DemoContext, shop: Shop) -> None:
    """Schedule the invalid snapshots; the oldest reject is dismissed."""
    context.timeline.schedule(context.days.ago(24, 13), partial(_send_and_dismiss_one, context, shop))
    context.timeline.schedule(context.days.ago(1, 13), partial(_send_open_rejects, shop))


def _send_and_dismiss_one(context: DemoContext, shop: Shop, now: datetime) -> None:
    shop.send([_make_valid_snapshot(now, NUMBER) | {"currency": "EUR"}], now)
    reject = Reject.objects.get(order_id=f"JP-{NUMBER}")
    reason = "The shop confirmed that this was a test and not an order."
    rejects.dismiss(reject=reject, reason=reason, now=now, by=context.staff["owner"])


def _send_open_rejects(shop: Shop, now: datetime) -> None:
    comma = deepcopy(_make_valid_snapshot(now, NUMBER + 1))
    comma["lines"][0]["amount"] = "12,50"
    unknown = _make_valid_snapshot(now, NUMBER + 2) | {"discount": "5.00"}
    early = _make_valid_snapshot(now, NUMBER + 3) | {"status": "completed", "completed_at": "2001-01-01T00:00:00Z"}
    shop.send([comma, unknown, early], now)


def _make_valid_snapshot(now: datetime, number: int) -> dict[str, Any]:
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
