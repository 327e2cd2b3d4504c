"""The mapping of a file's columns to the fields of a snapshot: guessed from the headings, and checked.

Pure: no database. The fields come from `tracking.orders.snapshots`, so an order is defined in one place only.
"""

import re
from collections.abc import Mapping, Sequence

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from tracking.orders import snapshots

CUSTOMER_FIELDS = tuple(f"customer.{key}" for key in snapshots.CUSTOMER_KEYS)
ORDER_FIELDS = tuple(key for key in snapshots.KEYS if key not in ("customer", "lines")) + CUSTOMER_FIELDS
LINE_FIELDS = snapshots.LINE_KEYS
FIELDS = ORDER_FIELDS + LINE_FIELDS
REQUIRED = tuple(key for key in snapshots.REQUIRED if key != "lines") + snapshots.LINE_REQUIRED

# Headings that shops use, compared without case, spaces and punctuation.
_HEADING_ALIASES: dict[str, tuple[str, ...]] = {
    "order_id": (
        "order",
        "order number",
        "order no",
        "order nr",
        "order name",
        "invoice",
        "invoice no",
        "invoice number",
    ),
    "updated_at": ("updated", "last updated", "modified", "last modified", "modified at", "updated on", "version"),
    "status": ("order status", "state"),
    "placed_at": ("placed", "created", "created at", "order date", "ordered at", "date", "invoice date", "placed on"),
    "completed_at": ("completed", "shipped at", "delivered at", "completed on", "fulfilled at"),
    "currency": ("currency code",),
    "click_id": ("click",),
    "coupon": ("coupon code", "discount code", "voucher", "voucher code", "promo code"),
    "coupons": ("coupon codes", "discount codes", "vouchers", "voucher codes", "promo codes"),
    "customer.ref": ("customer", "customer id", "customer number", "customer no", "customer reference"),
    "customer.country": ("country", "customer country", "shipping country", "billing country"),
    "line_id": ("line", "line number", "line no", "item id", "position", "line item id"),
    "sku": ("article", "article number", "item number", "stock code", "product code", "lineitem sku"),
    "title": ("name", "product", "product name", "description", "item", "item name", "lineitem name"),
    "category": ("product category", "department", "product type"),
    "quantity": ("qty", "count", "units", "lineitem quantity"),
    "amount": ("line total", "total", "line amount", "net amount", "price paid"),
    "refunded": ("refund", "refunded amount", "refund amount", "amount refunded"),
}


def guess_columns(headings: Sequence[str]) -> dict[str, int]:
    """Return {field: index of its column} for the headings that are known; a field's own name precedes its aliases."""
    indexes = {_normalize_heading(heading): index for index, heading in reversed(list(enumerate(headings)))}
    columns: dict[str, int] = {}
    for names_by_field in ({field: (field,) for field in FIELDS}, _HEADING_ALIASES):
        for field, names in names_by_field.items():
            normalized = [_normalize_heading(name) for name in names]
            index = next((indexes[name] for name in normalized if name in indexes), None)
            if field not in columns and index is not None and index not in columns.values():
                columns[field] = index
    return columns


def check_columns(columns: Mapping[str, int], headings: Sequence[str]) -> None:
    """Check that each required field has a column, and that no column is missing or used twice.

    Raises ValidationError.
    """
    if not set(columns) <= set(FIELDS) or not all(0 <= index < len(headings) for index in columns.values()):
        raise ValidationError(_("These are not the columns of this file."))
    missing = [field for field in REQUIRED if field not in columns]
    if missing:
        names = ", ".join(missing)
        raise ValidationError(_("Choose a column for: %(names)s. Every order needs it.") % {"names": names})
    for field, index in columns.items():
        others = [other for other, other_index in columns.items() if other_index == index and other != field]
        if others:
            both = {"heading": headings[index], "one": field, "other": others[0]}
            raise ValidationError(_("“%(heading)s” is mapped to %(one)s and %(other)s. Choose one.") % both)


def _normalize_heading(name: str) -> str:
    return re.sub(r"[\W_]+", "", name.casefold())
