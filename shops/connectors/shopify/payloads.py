"""What is kept of an order in Shopify's payloads (specification 11). Pure.

Amounts are kept as text in the shop's currency. `gross` is what the customer paid after discounts with tax, `net` is
without tax. Nothing personal is kept but the customer's id, of which only a hash is stored.
"""

from collections.abc import Iterable
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qs

from lib.text import clean_code, is_printable_code
from shops.connectors.shopify.fields import (
    Object,
    list_objects,
    read_amount,
    read_id,
    read_moment,
    read_object,
    read_quantity,
    read_shop_money,
    read_text,
    sum_amounts,
)
from tracking.clicks.click_ids import find_click_id
from tracking.orders.snapshot_fields import MAX_LENGTHS, MAX_SENT_LENGTHS, Rejected
from tracking.orders.snapshots import format_timestamp

# How Shopify names the only variant of a product.
DEFAULT_TITLE = "Default Title"
MAX_LANDING_SITE = 20_000


def read_order(order: Object) -> dict[str, Any]:
    """Return the data of an order without its refunds and its click ids."""
    placed_at = read_moment(order, "created_at")
    if placed_at is None:
        raise Rejected("created_at", "is missing")
    if not isinstance(order.get("currency"), str):
        raise Rejected("currency", "must be a code of three letters, such as USD")
    included = order.get("taxes_included") is True
    lines = [_read_line(line, path, included) for path, line in list_objects(order, "line_items")]
    if not lines:
        raise Rejected("line_items", "is empty: an order has at least one line")
    return {
        "placed_at": format_timestamp(placed_at),
        "is_cancelled": order.get("cancelled_at") is not None,
        "financial_status": read_text(order.get("financial_status"), 40),
        "is_fulfilled": order.get("fulfillment_status") == "fulfilled",
        "fulfilled_at": _find_fulfilled_at(order),
        "currency": order["currency"],
        "taxes_included": included,
        "coupons": _list_coupons(order),
        "customer_ref": _read_customer(order),
        "country": _find_country(order),
        "lines": lines,
        "shipping": str(_read_shipping(order, included)),
    }


def _read_line(line: Object, path: str, included: bool) -> dict[str, Any]:
    quantity = read_quantity(line.get("quantity"), f"{path}.quantity")
    current = line.get("current_quantity")
    price = read_amount(line.get("price"), f"{path}.price") * quantity
    price = max(price - sum_amounts(line, "discount_allocations", path, "amount"), Decimal())
    tax = sum_amounts(line, "tax_lines", path, "price")
    variant = read_text(line.get("variant_title"), 200)
    title = read_text(line.get("title"), MAX_LENGTHS["title"])
    return {
        "line_id": read_id(line.get("id"), f"{path}.id"),
        "sku": read_text(line.get("sku"), MAX_LENGTHS["sku"]),
        "title": f"{title} - {variant}"[: MAX_LENGTHS["title"]] if variant not in ("", DEFAULT_TITLE) else title,
        "quantity": quantity,
        "current": None if current is None else read_quantity(current, f"{path}.current_quantity"),
        "gross": str(price if included else price + tax),
        "net": str(max(price - tax, Decimal()) if included else price),
        "product_key": _read_optional_id(line.get("product_id"), f"{path}.product_id"),
        # A gift card is money, not goods, and so is a tip.
        "is_goods": line.get("gift_card") is not True and "tip_payment_gateway" not in line,
    }


def _read_optional_id(value: object, field: str) -> str:
    return "" if value is None else read_id(value, field)


def _find_fulfilled_at(order: Object) -> str | None:
    """Return when the newest shipment that succeeded was made."""
    shipments = list(list_objects(order, "fulfillments"))
    times = [read_moment(row, "created_at", path) for path, row in shipments if row.get("status") == "success"]
    newest = max((time for time in times if time), default=None)
    return format_timestamp(newest) if newest else None


def _list_coupons(order: Object) -> list[str]:
    """Return the codes that an affiliate could have; others must not make the order fail."""
    codes = [clean_code(read_text(row.get("code"), 500)) for _path, row in list_objects(order, "discount_codes")]
    usable = (code for code in codes if 0 < len(code) <= MAX_LENGTHS["coupon"] and is_printable_code(code))
    return list(dict.fromkeys(usable))


def _read_customer(order: Object) -> str:
    customer = order.get("customer")
    return _read_optional_id(read_object(customer, "customer").get("id"), "customer.id") if customer else ""


def _find_country(order: Object) -> str:
    for key in ("shipping_address", "billing_address"):
        address = order.get(key)
        if address and (code := read_text(read_object(address, key).get("country_code"), 100)):
            return code
    return ""


def _read_shipping(order: Object, included: bool) -> Decimal:
    """Return what was paid for shipping, with tax."""
    if order.get("shipping_lines") is None:
        return read_shop_money(order, "total_shipping_price_set", "order") or Decimal()
    total = Decimal()
    for path, line in list_objects(order, "shipping_lines"):
        price = read_amount(line.get("price"), f"{path}.price")
        price -= sum_amounts(line, "discount_allocations", path, "amount")
        total += max(price, Decimal()) + (Decimal() if included else sum_amounts(line, "tax_lines", path, "price"))
    return total


def list_click_ids(order: Object, name: str) -> dict[str, str]:
    """Return the click ids of an order by where they stand: "1 attribute", "2 property" or "3 landing"."""
    attributes = list(list_objects(order, "note_attributes"))
    properties = [
        pair for path, line in list_objects(order, "line_items") for pair in list_objects(line, "properties", path)
    ]
    landing_site = read_text(order.get("landing_site"), MAX_LANDING_SITE)
    landing = parse_qs(landing_site.partition("?")[2].partition("#")[0])
    found = {
        "1 attribute": _find_value(attributes, name),
        "2 property": _find_value(properties, name),
        "3 landing": _read_click_id(landing.get(name, [""])[-1]),
    }
    return {place: click_id for place, click_id in found.items() if click_id}


def _find_value(pairs: Iterable[tuple[str, Object]], name: str) -> str:
    """Return the first click id among pairs of name and value; a name with an underscore is hidden from customers."""
    values = (pair.get("value") for _path, pair in pairs if pair.get("name") in (name, f"_{name}"))
    return next((click_id for value in values if (click_id := _read_click_id(value))), "")


def _read_click_id(value: object) -> str:
    """Return a text that can be a click id; a longer one must not make the order fail."""
    click_id = find_click_id(read_text(value, MAX_SENT_LENGTHS["click_id"])).replace("\0", "")
    return click_id if len(click_id) <= MAX_LENGTHS["click_id"] else ""
