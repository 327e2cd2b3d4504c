"""The columns of a CSV file of orders: the fields of a snapshot, and what shops export instead of some of them.

Pure: no database. The fields come from `tracking.orders.snapshots`, so an order is defined in one place only.
"""

from django.utils.translation import gettext_lazy as _

from lib.csv_columns import Field, Layout, Text
from shops.csv_import.presets import PRESETS
from tracking.orders import snapshots

CUSTOMER_FIELDS = tuple(f"customer.{key}" for key in snapshots.CUSTOMER_KEYS)
ORDER_FIELDS = tuple(key for key in snapshots.KEYS if key not in ("customer", "lines")) + CUSTOMER_FIELDS
LINE_FIELDS = snapshots.LINE_KEYS
FIELDS = ORDER_FIELDS + LINE_FIELDS
REQUIRED = tuple(key for key in snapshots.REQUIRED if key != "lines") + snapshots.LINE_REQUIRED

# What a shop's own export has instead of a field of a snapshot: of the order, and of the line.
ORDER_EXTRAS = (
    *("fulfillment", "cancelled_at", "note_attributes"),
    *("order_subtotal", "order_shipping", "order_tax", "order_total", "order_refunded"),
)
LINE_EXTRAS = ("unit_price", "line_discount")
INSTEAD = {"amount": "unit_price", "refunded": "order_refunded"}
DEFAULTS: dict[str, Text] = {
    "updated_at": _("the time of the upload"),
    "currency": _("the program's currency"),
    "line_id": _("the number of the line in its order"),
    "quantity": "1",
    "refunded": "0.00",
}

# Headings that shops use, compared without case, spaces and punctuation.
_HEADING_ALIASES: dict[str, tuple[str, ...]] = {
    "order_id": ("order", "order number", "order no", "order nr", "order name", "invoice", "invoice no",
                 "invoice number"),
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
    "unit_price": ("price each", "lineitem price"),
    "line_discount": ("lineitem discount",),
}  # fmt: skip

LAYOUT = Layout(
    fields=tuple(
        Field(
            name,
            _HEADING_ALIASES.get(name, ()),
            required=name in REQUIRED and name not in DEFAULTS,
            instead=INSTEAD.get(name, ""),
            default=DEFAULTS.get(name, ""),
        )
        for name in (*ORDER_FIELDS, *LINE_FIELDS, *LINE_EXTRAS, *ORDER_EXTRAS)
    ),
    presets=PRESETS,
)
