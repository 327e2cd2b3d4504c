"""The lines of a Stripe order: the items that the API lists, or the whole checkout as one (specification 11). Pure."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from lib.money import ZERO, round_to_cents
from shops.connectors.amounts import format_amount, spread, take_share
from shops.connectors.base import Options
from shops.connectors.parts import State, get_data, list_data
from shops.connectors.stripe.currencies import convert_minor_units
from shops.connectors.stripe.events import DEFAULT_CATEGORY_METADATA, get_option
from shops.connectors.stripe.fields import Object, read_amount, read_object, read_text
from tracking.orders.snapshot_fields import MAX_LENGTHS, Rejected

ITEMS_PART = "items"
# As long as a mapping can name.
MAX_CATEGORY = 300
MAX_QUANTITY = 1_000_000_000
WHOLE_CHECKOUT = {"id": "checkout", "title": "Checkout", "quantity": 1, "product": "", "categories": []}


def read_item(item: Object, path: str, options: Options) -> dict[str, Any]:
    """Return a line item of a session: its amount without tax, its product, and how the shop categorizes it.

    The category is that of the product's metadata. A product without one is its own category, so that staff can map it.
    """
    total = read_amount(item, path, "amount_total")
    price = read_object(item.get("price"), f"{path}.price")
    product = price.get("product")
    # Expanded, unless the key may not read products.
    known = product if isinstance(product, dict) else {}
    metadata = read_object(known.get("metadata"), f"{path}.price.product.metadata")
    name = read_text(known, f"{path}.price.product", "name", MAX_CATEGORY * 10)
    category = read_text(metadata, f"{path}.price.product.metadata", _get_category_key(options)) or name
    quantity = item.get("quantity")
    return {
        "id": _read_item_id(item, path),
        "title": (read_text(item, path, "description", MAX_CATEGORY * 10) or name)[: MAX_LENGTHS["title"]],
        "quantity": quantity if type(quantity) is int and 1 <= quantity <= MAX_QUANTITY else 1,
        "amount": max(total - read_amount(item, path, "amount_tax", 0), 0),
        "product": read_text(known, f"{path}.price.product", "id") if known else read_text(price, path, "product"),
        "categories": [category.strip()[:MAX_CATEGORY]] if category.strip() else [],
    }


def _read_item_id(item: Object, path: str) -> str:
    name = read_text(item, path, "id", MAX_LENGTHS["line_id"])
    if not name:
        raise Rejected(f"{path}.id", "is missing")
    return name


def build_lines(state: State, session: Mapping[str, Any], options: Options) -> list[dict[str, Any]]:
    """Return the lines with what was captured and refunded of the goods, each spread over them in proportion."""
    currency = session["currency"]
    goods = convert_minor_units(session["goods"], currency)
    intent = get_data(state, "intent")
    amount = take_share(goods, Decimal(intent["received"]), Decimal(intent["amount"])) if intent else goods
    payment = get_data(state, "charge") or session
    refunded = take_share(goods, Decimal(_sum_returned(state, payment)), Decimal(payment["amount"]))
    items = get_data(state, ITEMS_PART)
    if items:
        amounts = spread(amount, [round_to_cents(convert_minor_units(item["amount"], currency)) for item in items])
    else:
        items, amounts = [WHOLE_CHECKOUT], [round_to_cents(amount)]
    shares = spread(min(refunded, amount), amounts)
    default = get_data(state, f"metadata {_get_category_key(options)}")
    return [
        _build_line(item, of_item, share, default, options)
        for item, of_item, share in zip(items, amounts, shares, strict=True)
    ]


def _build_line(
    item: Mapping[str, Any], amount: Decimal, refunded: Decimal, default: str | None, options: Options
) -> dict[str, Any]:
    categories: Sequence[str] = item["categories"] or ([default[:MAX_CATEGORY]] if default else [])
    return {
        "line_id": item["id"],
        "sku": "",
        "title": item["title"],
        "quantity": item["quantity"],
        "amount": format_amount(amount),
        "refunded": format_amount(refunded),
        "category": get_option(options, "category"),
        "shop_categories": list(categories),
        "product_key": item["product"],
    }


def is_partly_refunded(lines: Sequence[Mapping[str, Any]]) -> bool:
    """Return whether money went back for some of the goods only, so that it is not known for which."""
    refunded = sum((Decimal(line["refunded"]) for line in lines), ZERO)
    return 0 < refunded < sum((Decimal(line["amount"]) for line in lines), ZERO)


def _get_category_key(options: Options) -> str:
    return get_option(options, "category_metadata", DEFAULT_CATEGORY_METADATA)


def _sum_returned(state: State, payment: Mapping[str, Any]) -> int:
    """Return what went back to the customer, in minor units of the payment: refunds, and disputes that were lost."""
    returned = _sum_refunds(state)
    for dispute in list_data(state, "dispute "):
        if dispute["is_lost"]:
            # A dispute in another currency can't be compared; take it to be about the whole payment.
            returned += int((dispute if dispute["currency"] == payment["currency"] else payment)["amount"])
    return min(returned, int(payment["amount"]))


def _sum_refunds(state: State) -> int:
    """Return the refunds that did not fail.

    The charge has their sum as of its event, and no event with a new sum follows when one fails later. Refunds of which
    only their own event arrived are at least as much.
    """
    charge = get_data(state, "charge")
    failures = list_data(state, "failure ")
    failed = {one["id"] for one in failures}
    refunds = [one for one in list_data(state, "refund ") if one["is_returned"] and one["id"] not in failed]
    listed = sum(int(one["amount"]) for one in refunds)
    if charge is None:
        return listed
    failed_since = [one for one in failures if one["created"] <= charge["at"] <= one["at"]]
    return max(int(charge["refunded"]) - sum(int(one["amount"]) for one in failed_since), listed)
