"""Payloads of Shopify as documented, with invented data, and the deliveries in which they arrive."""

import base64
import copy
import hashlib
import hmac
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple
from uuid import uuid4

from shops.connectors.base import Delivery

SECRET = "0123456789abcdef0123456789abcdef"
RECEIVED = datetime(2026, 2, 1, 12, tzinfo=UTC)
FOLDER = Path(__file__).parent


class Sent(NamedTuple):
    """One webhook, in the order of arrival. `at` is X-Shopify-Triggered-At, "" for none."""

    topic: str
    content: Any
    at: str = ""


def load(name: str) -> dict[str, Any]:
    return json.loads((FOLDER / f"{name}.json").read_text())


def build_order(**changes: Any) -> dict[str, Any]:
    """Return a paid order of two lines: 2 x 40.00 and 1 x 15.50, with 9.55 of tax and 9.90 of shipping on top."""
    return load("order") | changes


def build_taxed_order(**changes: Any) -> dict[str, Any]:
    """Return the order of a shop whose prices include 20 % of tax: 2 x 48.00 (tax 16.00) and 1 x 18.60 (tax 3.10)."""
    order = build_order(taxes_included=True)
    for line, price, tax in zip(order["line_items"], ("48.00", "18.60"), ("16.00", "3.10"), strict=True):
        line |= {"price": price, "tax_lines": [{"title": "VAT", "price": tax, "rate": 0.2}]}
    return order | changes


def change_line(order: dict[str, Any], index: int, **changes: Any) -> dict[str, Any]:
    changed = copy.deepcopy(order)
    changed["line_items"][index] |= changes
    return changed


def discount(order: dict[str, Any], *amounts: str) -> dict[str, Any]:
    """Return the order with one amount of discount allocated to each line."""
    changed = copy.deepcopy(order)
    for line, amount in zip(changed["line_items"], amounts, strict=True):
        line["discount_allocations"] = [{"amount": amount, "discount_application_index": 0}]
    return changed


def add_line(order: dict[str, Any], **line: Any) -> dict[str, Any]:
    """Return the order with a third line of 1 x 10.00 and 1.00 of tax."""
    changed = copy.deepcopy(order)
    new = copy.deepcopy(changed["line_items"][1])
    new |= {"id": 13, "price": "10.00", "sku": "BOWL", "title": "Bowl", "product_id": 903}
    new["tax_lines"] = [{"title": "State tax", "price": "1.00", "rate": 0.1}]
    changed["line_items"].append(new | line)
    return changed


def build_refund(**changes: Any) -> dict[str, Any]:
    """Return the refund of one of the two pieces of line 11: 40.00 and 4.00 of tax."""
    return load("refund") | changes


def build_money_refund(amount: str, **changes: Any) -> dict[str, Any]:
    """Return a refund of an amount without lines."""
    refund = build_refund(refund_line_items=[])
    refund["transactions"][0]["amount"] = amount
    adjustment = {"id": 883001, "amount": f"-{amount}", "tax_amount": "0.00", "kind": "refund_discrepancy"}
    return refund | {"order_adjustments": [adjustment | {"reason": "Refund discrepancy"}]} | changes


def refund_lines(*lines: tuple[int, int, float, float]) -> list[dict[str, Any]]:
    """Return refund lines of (line of the order, quantity, subtotal, tax)."""
    keys = ("line_item_id", "quantity", "subtotal", "total_tax")
    return [dict(zip(keys, line, strict=True)) | {"id": 881000 + i} for i, line in enumerate(lines)]


def sign(body: bytes, secret: str = SECRET) -> str:
    return base64.b64encode(hmac.new(secret.encode(), body, hashlib.sha256).digest()).decode()


def build_delivery(sent: Sent, *, webhook_id: str = "", received_at: datetime = RECEIVED) -> Delivery:
    body = json.dumps(sent.content).encode()
    headers = {
        "x-shopify-topic": sent.topic,
        "x-shopify-hmac-sha256": sign(body),
        "x-shopify-shop-domain": "field-and-loom.myshopify.com",
        "x-shopify-api-version": "2026-10",
        "x-shopify-webhook-id": webhook_id or str(uuid4()),
        "x-shopify-event-id": "5d1a6a0c-0000-4000-8000-000000000001",
    }
    return Delivery(headers | ({"x-shopify-triggered-at": sent.at} if sent.at else {}), body, received_at)
