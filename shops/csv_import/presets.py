"""The order exports of shop platforms: their headings and their words for the status of an order, as data.

Amounts are what the customer paid after discounts, without shipping and tax (specification 11). None of the exports
has the category of a product.
"""

from typing import NamedTuple

from django.utils.translation import gettext_lazy as _

from lib.csv_columns import Preset

# What a word for a status means, beside the status of a snapshot.
REFUNDED = "refunded"  # paid, and all of it returned
UNPAID = "unpaid"  # not an order yet: left out


class StatusWords(NamedTuple):
    """The words for each status, and the one of the field `fulfillment` that means completed."""

    words: dict[str, str]
    fulfilled: str = ""


_NO_CATEGORY = {"category": _("the category for everything else")}

SHOPIFY = Preset(
    name="shopify",
    label=_("order export of Shopify"),
    sign=(("Name",), ("Lineitem price", "Lineitem name", "Lineitem quantity", "Lineitem sku")),
    columns={
        "order_id": ("Name",),
        "status": ("Financial Status",),
        "fulfillment": ("Fulfillment Status",),
        "placed_at": ("Created at",),
        "completed_at": ("Fulfilled at",),
        "cancelled_at": ("Cancelled at",),
        "currency": ("Currency",),
        "coupon": ("Discount Code",),
        "note_attributes": ("Note Attributes",),
        "customer.ref": ("Email",),
        "customer.country": ("Shipping Country", "Billing Country"),
        "sku": ("Lineitem sku",),
        "title": ("Lineitem name",),
        "quantity": ("Lineitem quantity",),
        "unit_price": ("Lineitem price",),
        "line_discount": ("Lineitem discount",),
        "order_subtotal": ("Subtotal",),
        "order_shipping": ("Shipping",),
        "order_tax": ("Taxes",),
        "order_total": ("Total",),
        "order_refunded": ("Refunded Amount",),
    },
    defaults=_NO_CATEGORY,
)
# With one row per item, of WooCommerce's extension for exports. `item_total` is after coupons and without tax.
WOOCOMMERCE = Preset(
    name="woocommerce",
    label=_("order export of WooCommerce, one row per item"),
    sign=(("order_id", "order_number"), ("item_total", "item_subtotal"), ("item_name", "item_id", "item_sku")),
    columns={
        "order_id": ("order_id", "order_number"),
        "updated_at": ("date_modified_gmt", "date_modified", "modified_date"),
        "status": ("status", "order_status"),
        "placed_at": ("date", "order_date", "date_created"),
        "completed_at": ("completed_date", "date_completed"),
        "currency": ("order_currency", "currency"),
        "coupon": ("coupon_items", "coupons", "coupon_code"),
        "customer.ref": ("billing_email", "customer_id"),
        "customer.country": ("billing_country", "shipping_country"),
        "line_id": ("item_id",),
        "sku": ("item_sku",),
        "title": ("item_name",),
        "quantity": ("item_quantity",),
        "amount": ("item_total",),
        "refunded": ("item_refunded",),
        "order_tax": ("tax_total",),
        "order_shipping": ("shipping_total",),
        "order_total": ("order_total",),
        "order_refunded": ("refunded_total",),
    },
    defaults=_NO_CATEGORY,
)
# The download of WooCommerce's page Analytics, Orders: one row per order, net sales after coupons and refunds.
WOOCOMMERCE_ANALYTICS = Preset(
    name="woocommerce-analytics",
    label=_("analytics export of WooCommerce, one row per order"),
    sign=(("Order #",), ("Net Sales", "N. Revenue"), ("Date",)),
    columns={
        "order_id": ("Order #",),
        "status": ("Status",),
        "placed_at": ("Date",),
        "coupon": ("Coupon(s)",),
        "title": ("Product(s)",),
        "quantity": ("Items sold",),
        "amount": ("Net Sales", "N. Revenue"),
    },
    defaults=_NO_CATEGORY,
)
PRESETS = (SHOPIFY, WOOCOMMERCE, WOOCOMMERCE_ANALYTICS)

_WOOCOMMERCE_WORDS = StatusWords({
    "processing": "paid", "completed": "completed", "cancelled": "cancelled", "trash": "cancelled",
    "refunded": REFUNDED, "pending": UNPAID, "pendingpayment": UNPAID, "onhold": UNPAID, "failed": UNPAID,
    "checkoutdraft": UNPAID, "draft": UNPAID,
})  # fmt: skip
PLAIN_WORDS = StatusWords({
    "paid": "paid", "completed": "completed", "complete": "completed", "cancelled": "cancelled",
    "canceled": "cancelled",
})  # fmt: skip
STATUS_WORDS = {
    SHOPIFY.name: StatusWords(
        {
            "paid": "paid", "partiallypaid": "paid", "partiallyrefunded": "paid", "refunded": REFUNDED,
            "pending": UNPAID, "authorized": UNPAID, "expired": UNPAID, "voided": UNPAID, "unpaid": UNPAID,
        },
        fulfilled="fulfilled",
    ),
    WOOCOMMERCE.name: _WOOCOMMERCE_WORDS,
    WOOCOMMERCE_ANALYTICS.name: _WOOCOMMERCE_WORDS,
}  # fmt: skip
