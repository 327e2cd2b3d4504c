"""What staff do in a shop of each platform to connect it, in a few sentences (specification 11, docs/connect-a-shop.md)."""

import secrets
import string
from typing import NamedTuple

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from shops.models import Platform

# Letters and digits only: versions of WooCommerce store other characters in another form.
_ALPHABET = string.ascii_letters + string.digits
SECRET_LENGTH = 48


class Guide(NamedTuple):
    """What to do in the shop, and whether the shop takes a secret that we generate or shows its own."""

    steps: tuple[str | Promise, ...]
    takes_our_secret: bool


GUIDES: dict[Platform, Guide] = {
    Platform.WOOCOMMERCE: Guide(
        (
            _("In WooCommerce, open Settings, Advanced, Webhooks and add four webhooks with the address above as the"
              " delivery URL: “Order created”, “Order updated”, “Order deleted” and “Product updated”."),
            _("Enter the secret of this connection in each, choose the newest API version and the status “Active”."),
            _("To have refunds by line and categories at once, add a REST API key with read permission under Settings,"
              " Advanced, REST API, and enter it here."),
        ),
        takes_our_secret=True,
    ),
    Platform.SHOPIFY: Guide(
        (
            _("In the Shopify admin, open Settings, Notifications, Webhooks and add webhooks in JSON format with the"
              " address above: order creation, payment, update, fulfillment and cancellation, refund creation, product"
              " update."),
            _("Enter the secret that this page shows below the webhooks as the secret of this connection."),
            _("To have categories of older products, create an app with permission to read products and orders, and"
              " enter its access token here."),
        ),
        takes_our_secret=False,
    ),
    Platform.STRIPE: Guide(
        (
            _("In the Stripe dashboard, open Developers, Webhooks and add an endpoint with the address above."),
            _("Choose the events of checkout sessions, charges, refunds and disputes, and enter the signing secret of the"
              " endpoint, which begins with whsec_, as the secret of this connection."),
            _("To have line items, add a restricted key that can read checkout sessions and products, and enter it here."),
        ),
        takes_our_secret=False,
    ),
    Platform.GENERIC: Guide(
        (
            _("Have the shop send each order as JSON with POST to the address above whenever it changes."),
            _("Have it sign each request with the secret of this connection, as the documentation describes."),
            _("Enter in the settings at which paths of the JSON the fields of an order are."),
        ),
        takes_our_secret=True,
    ),
}  # fmt: skip


def get_guide(platform: str) -> Guide:
    """Return the guide of a platform."""
    return GUIDES[Platform(platform)]


def generate_secret() -> str:
    """Return a new secret of letters and digits."""
    return "".join(secrets.choice(_ALPHABET) for _position in range(SECRET_LENGTH))
