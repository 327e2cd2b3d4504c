"""Which column of a file is which field of a snapshot: guessed from the headings, and checked.

Pure: no database. The fields are those of `tracking.orders.snapshots`, so that there is no second form of an order.
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

# What shops call them. Compared without case, spaces and punctuation.
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
    """{field: place of its column} as far as the headings tell; the field's own name goes before what shops call it."""
    places = {_normalize_heading(heading): place for place, heading in reversed(list(enumerate(headings)))}
    found: dict[str, int] = {}
    for names in ({field: (field,) for field in FIELDS}, _HEADING_ALIASES):
        for field, called in names.items():
            place = next(
                (places[_normalize_heading(name)] for name in called if _normalize_heading(name) in places), None
            )
            if field not in found and place is not None and place not in found.values():
                found[field] = place
    return found


def check_columns(columns: Mapping[str, int], headings: Sequence[str]) -> None:
    """Refuses, as a ValidationError, columns that are not there, one for two fields, and required fields without one."""
    if not set(columns) <= set(FIELDS) or not all(0 <= place < len(headings) for place in columns.values()):
        raise ValidationError(_("These are not the columns of this file."))
    missing = [field for field in REQUIRED if field not in columns]
    if missing:
        names = ", ".join(missing)
        raise ValidationError(_("No column is matched with: %(names)s. Every order needs it.") % {"names": names})
    for field, place in columns.items():
        others = [other for other, at in columns.items() if at == place and other != field]
        if others:
            both = {"heading": headings[place], "one": field, "other": others[0]}
            raise ValidationError(_("“%(heading)s” is matched with %(one)s and %(other)s: choose one.") % both)


def _normalize_heading(name: str) -> str:
    return re.sub(r"[\W_]+", "", name.casefold())
