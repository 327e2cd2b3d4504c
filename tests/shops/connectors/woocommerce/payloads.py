"""Payloads of an invented WooCommerce shop, in the shape of the documented ones."""

import base64
import copy
import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from shops.connectors.base import Delivery
from tests.scenarios import NOW

FOLDER = Path(__file__).parent
SECRET = "aB3dE5fG7hJ9kL2mN4pQ6rS8tU1vW3xY"
ORDER, REFUND, PRODUCT = (json.loads((FOLDER / f"{name}.json").read_text()) for name in ("order", "refund", "product"))


def build_order(*, lines: dict[int, dict[str, Any]] | None = None, **changes: Any) -> dict[str, Any]:
    """Return the invented order with changes to it, and to its lines by their position."""
    order = copy.deepcopy(ORDER) | changes
    for position, changed in (lines or {}).items():
        order["line_items"][position] |= changed
    return order


def build_fee(total: str, tax: str = "0.00") -> dict[str, Any]:
    return {"id": 15, "name": "Fee", "tax_class": "", "tax_status": "taxable", "total": total, "total_tax": tax}


def build_refunds(*totals: str) -> list[dict[str, Any]]:
    """Return what an order says about its refunds: the first has the id 900."""
    return [{"id": 900 + i, "reason": "", "total": total} for i, total in enumerate(totals)]


def build_refund(**changes: Any) -> dict[str, Any]:
    return copy.deepcopy(REFUND) | changes


def encode(content: object) -> bytes:
    """Return JSON as PHP writes it: ASCII, without spaces, with escaped slashes."""
    return json.dumps(content, separators=(",", ":")).replace("/", "\\/").encode()


def sign(body: bytes, secret: str = SECRET) -> str:
    return base64.b64encode(hmac.new(secret.encode(), body, hashlib.sha256).digest()).decode()


def build_delivery(
    content: object, *, topic: str = "order.updated", at: datetime = NOW, secret: str = SECRET, **headers: str
) -> Delivery:
    body = content if isinstance(content, bytes) else encode(content)
    resource, _, event = topic.partition(".")
    sent = {
        "content-type": "application/json",
        "x-wc-webhook-source": "https://shop.example/",
        "x-wc-webhook-topic": topic,
        "x-wc-webhook-resource": resource,
        "x-wc-webhook-event": event,
        "x-wc-webhook-signature": sign(body, secret),
        "x-wc-webhook-id": "7",
        "x-wc-webhook-delivery-id": hashlib.md5(f"7{at:%s}".encode()).hexdigest(),
    }
    return Delivery(sent | headers, body, at)


def at_second(second: int) -> str:
    """Return a modification time as the shop writes it, `second` seconds after noon."""
    return f"{datetime(2026, 1, 12, 12, tzinfo=UTC) + timedelta(seconds=second):%Y-%m-%dT%H:%M:%S}"
