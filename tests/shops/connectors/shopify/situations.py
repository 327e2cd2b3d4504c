"""Situations of Shopify's orders, and the snapshots that they become. All sums are done by hand.

Line 11 is 2 x 40.00 and line 12 is 1 x 15.50. With 9.55 of tax and 9.90 of shipping the customer pays 114.95.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

from tests.shops.connectors.shopify.payloads import Sent

LATER = {"updated_at": "2026-01-20T07:00:01-05:00"}
GIFT_CARD = {
    "gift_card": True,
    "price": "10.00",
    "quantity": 1,
    "sku": "GIFT-10",
    "title": "Gift card",
    "tax_lines": [],
}


class Case(NamedTuple):
    """Events and the snapshot: each line as (id, amount, refunded), and fields as the row has them.

    With `ignored` or `rejected` no snapshot is made: a part of the reason, or the field.
    """

    name: str
    events: Sequence[Sent]
    lines: Sequence[tuple[str, str, str]] = (("11", "80.00", "0.00"), ("12", "15.50", "0.00"))
    fields: dict[str, Any] = {}
    completion: str = "fulfilled"
    ignored: str = ""
    was_sent: bool = False


def create(order: dict[str, Any]) -> Sent:
    return Sent("orders/create", order)


def update(order: dict[str, Any], *refunds: dict[str, Any], **changes: Any) -> Sent:
    return Sent("orders/updated", order | LATER | {"refunds": list(refunds)} | changes)
