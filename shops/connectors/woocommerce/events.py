"""What WooCommerce's events say: orders as parts of a state, and products (specification 11). Pure."""

import math
from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from lib.text import clean_code, is_printable_code
from shops.connectors.base import Ignored, OrderParts, Product, StoredEvent, format_version
from shops.connectors.parts import Part
from shops.connectors.woocommerce.fields import (
    format_optional_time,
    read_id,
    read_name,
    read_number,
    read_objects,
    read_optional_id,
    read_optional_number,
    read_text,
    read_time,
)
from tracking.clicks.click_ids import extract_link_id, find_click_id
from tracking.orders.snapshot_fields import MAX_COUPONS, MAX_LENGTHS, MAX_SENT_LENGTHS, Rejected

# An order as the shop's API has it now, which is not deleted.
API_TOPIC = "api.order"
ORDER_TOPICS = ("order.created", "order.updated", "order.restored", API_TOPIC)
PRODUCT_TOPICS = ("product.created", "product.updated", "product.restored")
SEEN_PART = "seen "
SESSION_ENTRY = "_wc_order_attribution_session_entry"
# How meta data of a line begin if it is a gift card: of WooCommerce Gift Cards, PW and YITH.
GIFT_CARD_KEYS = ("wc_gift_card", "_wc_gift_card", "pw_gift_card", "_pw_gift_card", "ywgc_", "_ywgc_")


def read_content(event: StoredEvent) -> Mapping[str, Any]:
    """Return the object that an event is about. Raises Rejected for what the shop sends instead of one."""
    content = event.content
    if not isinstance(content, dict):
        raise Rejected("body", "must be a JSON object")
    if "code" in content and "message" in content and "line_items" not in content:
        raise Rejected("code", _describe_error(read_text(content["code"], 100)))
    if "id" not in content and isinstance(content.get("order"), dict):
        raise Rejected(
            "order",
            'is in the format of the Legacy API. Set the API version of the webhook to "WP REST API Integration v3"',
        )
    return content


def _describe_error(code: str) -> str:
    """Return what staff can do about an error that the shop signed: it has no id of an order."""
    hint = "Check that the user of the webhook in WooCommerce may read orders, then save the order there again"
    if code.endswith("invalid_id"):
        hint = "The order or one of its refunds was deleted. If the order still exists, save it there again"
    return f"is an error that the shop sent instead of the order: {code}. {hint}"


def read_product(event: StoredEvent) -> Product:
    """Return the product of an event, with the names of its categories before those of its tags."""
    return read_product_object(read_content(event), event.arrival_version)


def read_product_object(content: Mapping[str, Any], arrival: str) -> Product:
    """Return a product as events and the API have it."""
    named = [*read_objects(content, "categories"), *read_objects(content, "tags")]
    names = [read_name(value.get("name"), 300) for _path, value in named]
    modified = read_time(content, "date_modified_gmt")
    version = f"{format_version(modified)} {arrival}" if modified else arrival
    return Product(
        read_id(content.get("id"), "id"),
        read_name(content.get("name"), 300),
        [name for name in dict.fromkeys(names) if name],
        version,
    )


def read_order(event: StoredEvent, click_id_key: str) -> OrderParts:
    """Return the parts of an order's state. Raises Ignored for orders that are never counted."""
    content = read_content(event)
    key = read_id(content.get("id"), "id")
    _check_kind(content)
    modified = read_time(content, "date_modified_gmt") or event.received_at
    arrival = event.arrival_version
    version = f"{format_version(modified)} {arrival}"
    data = _read_order_data(content, modified)
    # A state that arrives late is older than a deletion that arrived before, unless it is known to be of now.
    exists_at = arrival if event.topic in ("order.restored", API_TOPIC) else min(format_version(modified), arrival)
    parts = [
        Part("order", version, data),
        Part("presence", exists_at, {"deleted": False}),
        _note_status(data, version),
    ]
    created = read_time(content, "date_created_gmt")
    if created:
        parts.append(Part("placed", version, format_optional_time(created), keeps_first=True))
    return OrderParts(key, [*parts, *_read_click_ids(content, click_id_key, version)])


def _note_status(data: Mapping[str, Any], version: str) -> Part:
    """Return that the order was once in this status, and when it first was: a later status may arrive before."""
    seen = {
        "status": data["status"],
        "is_paid": bool(data["paid"]),
        "has_goods": any(not line["is_gift_card"] for line in data["lines"]),
        "at": data["modified"],
    }
    name = f"{SEEN_PART}{seen['status']} {seen['is_paid']:d}{seen['has_goods']:d}"
    return Part(name, version, seen, keeps_first=True)


def read_deletion(event: StoredEvent) -> OrderParts:
    """Return that an order was moved to the trash: the event has its id alone and no time."""
    key = read_id(read_content(event).get("id"), "id")
    return OrderParts(key, [Part("presence", event.arrival_version, {"deleted": True})])


def _check_kind(content: Mapping[str, Any]) -> None:
    parent = read_optional_id(content.get("parent_id"))
    if parent:
        raise Ignored(f"is a sub-order of order {parent}, which counts")
    keys = {str(value.get("key")) for _path, value in read_objects(content, "meta_data")}
    if content.get("created_via") == "subscription" or "_subscription_renewal" in keys:
        raise Ignored("is the renewal of a subscription")


def _read_order_data(content: Mapping[str, Any], modified: datetime) -> dict[str, Any]:
    status = read_text(content.get("status"), 60).removeprefix("wc-")
    if not status:
        raise Rejected("status", "is missing")
    billing = content.get("billing")
    billing = billing if isinstance(billing, dict) else {}
    goods, discounts, gross = _read_amounts(content)
    email = read_text(billing.get("email"), 320).lower()
    return {
        "status": status,
        "currency": read_text(content.get("currency"), 10),
        "modified": format_optional_time(modified),
        "completed": format_optional_time(read_time(content, "date_completed_gmt")),
        "paid": format_optional_time(read_time(content, "date_paid_gmt")),
        "customer_ref": read_optional_id(content.get("customer_id")) or email or None,
        "country": read_text(billing.get("country"), 100) or None,
        "coupons": _read_coupons(content),
        "lines": goods,
        "discount": str(discounts),
        "gross": str(gross),
        "refunds": [
            {"id": read_id(value.get("id"), f"{path}.id"), "total": str(_read_refund_total(path, value))}
            for path, value in read_objects(content, "refunds")
        ],
    }


def _read_amounts(content: Mapping[str, Any]) -> tuple[list[dict[str, Any]], Decimal, Decimal]:
    """Return the lines, the discounts that are lines or fees of their own, and all that was paid, with tax."""
    lines = []
    discounts = gross = Decimal(0)
    for path, value in read_objects(content, "line_items"):
        total, tax = _read_totals(path, value)
        gross += total + tax
        if total < 0:
            discounts -= total
        else:
            lines.append(_read_line(path, value, total))
    for path, value in read_objects(content, "fee_lines"):
        total, tax = _read_totals(path, value)
        gross += total + tax
        discounts -= min(total, Decimal(0))
    for path, value in read_objects(content, "shipping_lines"):
        gross += sum(_read_totals(path, value))
    return lines, discounts, gross


def _read_totals(path: str, value: Mapping[str, Any]) -> tuple[Decimal, Decimal]:
    """Return a total, which never has tax in it, and its tax."""
    return (
        read_number(value.get("total"), f"{path}.total"),
        read_optional_number(value.get("total_tax"), f"{path}.total_tax"),
    )


def _read_line(path: str, value: Mapping[str, Any], total: Decimal) -> dict[str, Any]:
    keys = (str(meta.get("key")) for _path, meta in read_objects(value, "meta_data"))
    quantity = read_number(value.get("quantity"), f"{path}.quantity")
    return {
        "id": read_id(value.get("id"), f"{path}.id"),
        "sku": read_text(value.get("sku"), MAX_LENGTHS["sku"]),
        "title": read_name(value.get("name"), MAX_LENGTHS["title"]),
        # A snapshot counts whole pieces: 2.5 meters are 3.
        "quantity": max(1, math.ceil(quantity)),
        "product": read_optional_id(value.get("product_id")),
        "total": str(total),
        "is_gift_card": any(key.startswith(GIFT_CARD_KEYS) for key in keys),
    }


def _read_refund_total(path: str, value: Mapping[str, Any]) -> Decimal:
    total = read_number(value.get("total"), f"{path}.total")
    if total > 0:
        raise Rejected(f"{path}.total", "must not be above 0: a refund is negative")
    return -total


def _read_coupons(content: Mapping[str, Any]) -> Sequence[str]:
    """Return the codes that can be one of an affiliate's; the shop's own may be of any length."""
    codes = [clean_code(read_text(value.get("code"), 500)) for _path, value in read_objects(content, "coupon_lines")]
    usable = [code for code in codes if code and len(code) <= MAX_LENGTHS["coupon"] and is_printable_code(code)]
    return usable[:MAX_COUPONS]


def _read_click_ids(content: Mapping[str, Any], key: str, version: str) -> list[Part]:
    """Return the click id that the shop's own code stored, and that of the landing address; both stay once seen."""
    parts = {}
    for _path, meta in read_objects(content, "meta_data"):
        found = find_click_id(read_text(meta.get("value"), MAX_SENT_LENGTHS["click_id"]))
        if not found or len(found) > MAX_LENGTHS["click_id"]:
            continue
        if meta.get("key") == key:
            parts["click_id"] = found
        elif meta.get("key") == SESSION_ENTRY and extract_link_id(found):
            parts["session_entry"] = found
    return [Part(name, version, found, keeps_first=True) for name, found in parts.items()]
