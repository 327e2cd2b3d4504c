"""What Shopify's webhooks say, by topic (specification 11). Pure."""

from datetime import datetime
from typing import Any

from shops.connectors.base import Ignored, Options, OrderParts, Product, StoredEvent
from shops.connectors.parts import Part
from shops.connectors.shopify.fields import (
    Object,
    build_version,
    list_objects,
    parse_triggered_at,
    read_id,
    read_moment,
    read_object,
    read_text,
)
from shops.connectors.shopify.orders import (
    CLICK_PART,
    DELETED_PART,
    EDIT_PART,
    FULFILLED_PART,
    ORDER_PART,
    PAID,
    PAID_PART,
    REFUND_PART,
)
from shops.connectors.shopify.payloads import list_click_ids, read_order
from shops.connectors.shopify.refunds import read_refund
from tracking.orders.snapshot_fields import Rejected

CLICK_ID_NAME = "click_id"
ORDER_TOPICS = frozenset(
    f"orders/{name}" for name in ("create", "updated", "paid", "cancelled", "fulfilled", "partially_fulfilled")
)
PRODUCT_TOPICS = frozenset(("products/create", "products/update"))
# `source_name` of an order that a subscription made; the first one of a subscription has another.
RENEWAL = "subscription_contract"


def read_event(event: StoredEvent, options: Options) -> OrderParts | Product:
    """Return what the event says. Raises Ignored, or Rejected with the field and the cause."""
    if event.topic in ORDER_TOPICS:
        return _read_order(event, _read_content(event), options)
    if event.topic in PRODUCT_TOPICS:
        return _read_product(event, _read_content(event))
    if event.topic == "refunds/create":
        return _read_refund(event, _read_content(event))
    if event.topic == "orders/delete":
        return _read_deletion(event, _read_content(event))
    if event.topic == "orders/edited":
        edit = read_object(_read_content(event).get("order_edit"), "order_edit")
        version = _version(event, read_moment(edit, "created_at", "order_edit"))
        return OrderParts(read_id(edit.get("order_id"), "order_edit.order_id"), [Part(EDIT_PART, version, {})])
    raise Ignored(f'the topic "{event.topic}" is not needed')


def _read_content(event: StoredEvent) -> Object:
    return read_object(event.content, "body")


def _find_moment(event: StoredEvent) -> datetime | None:
    """Return when the event was triggered, if the shop says so."""
    at = parse_triggered_at(event.triggered_at)
    return min(at, event.received_at) if at else None


def _version(event: StoredEvent, changed_at: datetime | None) -> str:
    return build_version(changed_at or _find_moment(event) or event.received_at, event.triggered_at)


def _read_order(event: StoredEvent, order: Object, options: Options) -> OrderParts:
    key = read_id(order.get("id"), "id")
    if order.get("test") is True:
        raise Ignored("a test order")
    if order.get("source_name") == RENEWAL:
        raise Ignored("a renewal of a subscription")
    changed_at = read_moment(order, "updated_at")
    version = _version(event, changed_at)
    data = read_order(order)
    # The header is not signed, so it only says more exactly when the order was in this state.
    seen_at = min(_find_moment(event) or changed_at or event.received_at, event.received_at)
    first_seen = build_version(seen_at, "")
    parts = [Part(ORDER_PART, version, data)]
    if data["financial_status"] in PAID:
        parts.append(Part(PAID_PART, first_seen, {}, keeps_first=True))
    if data["is_fulfilled"]:
        parts.append(Part(FULFILLED_PART, first_seen, {}, keeps_first=True))
    for path, refund in list_objects(order, "refunds"):
        parts.append(_build_refund(refund, version, path))
    name = str(options.get("click_id_name") or CLICK_ID_NAME)
    parts += [Part(CLICK_PART + place, version, text) for place, text in list_click_ids(order, name).items()]
    return OrderParts(key, parts)


def _read_deletion(event: StoredEvent, order: Object) -> OrderParts:
    # The topic is in a header, which is not signed: an order must not be sent again as its own deletion.
    if "line_items" in order:
        raise Rejected("line_items", "is not part of the deletion of an order")
    return OrderParts(read_id(order.get("id"), "id"), [Part(DELETED_PART, _version(event, None), {})])


def _read_refund(event: StoredEvent, refund: Object) -> OrderParts:
    version = _version(event, read_moment(refund, "created_at"))
    return OrderParts(read_id(refund.get("order_id"), "order_id"), [_build_refund(refund, version)])


def _build_refund(refund: Object, version: str, path: str = "") -> Part:
    """Return the part of a refund, which is the same whatever event tells of it."""
    field = f"{path}.id" if path else "id"
    return Part(REFUND_PART + read_id(refund.get("id"), field), version, read_refund(refund, path))


def _read_product(event: StoredEvent, product: Object) -> Product:
    category = product.get("category")
    taxonomy: dict[str, Any] = dict(read_object(category, "category")) if category is not None else {}
    tags = product.get("tags")
    names = [
        *(product.get("product_type"), taxonomy.get("name"), taxonomy.get("full_name"), product.get("vendor")),
        *(tags.split(",") if isinstance(tags, str) else tags if isinstance(tags, list) else ()),
    ]
    cleaned = (read_text(name, 300) for name in names)
    return Product(
        product_key=read_id(product.get("id"), "id"),
        title=read_text(product.get("title"), 300),
        categories=list(dict.fromkeys(name for name in cleaned if name)),
        version=_version(event, read_moment(product, "updated_at")),
    )
