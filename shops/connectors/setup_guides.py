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
            _("In WooCommerce, open Settings, Advanced, Webhooks and add six webhooks with the address above as the"
              " delivery URL: “Order created”, “Order updated”, “Order deleted”, “Order restored”, “Product created” and"
              " “Product updated”."),
            _("Enter the secret of this connection in each, and choose the API version “WP REST API Integration v3” and"
              " the status “Active”."),
            _("To have refunds by line, all categories, and events that were missed, add a REST API key with the"
              " permission “Read” under Settings, Advanced, REST API, and enter it here with “API key”."),
        ),
        takes_our_secret=True,
    ),
    Platform.SHOPIFY: Guide(
        (
            _("In the Shopify admin, open Settings, Notifications, Webhooks and add webhooks in JSON format with the"
              " address above: order creation, order update, order deletion, product creation and product update."),
            _("Enter the secret that Shopify then shows there, or the client secret of your app, with “Replace secret”,"
              " unless the connection has it already."),
            _("To have the categories of products that exist already, and events that were missed, add an app with the"
              " scopes read_orders and read_products in the Dev Dashboard, and enter its client id and secret here with"
              " “API key”."),
        ),
        takes_our_secret=False,
    ),
    Platform.STRIPE: Guide(
        (
            _("In the Stripe dashboard, open Developers, Webhooks and add an endpoint with the address above as its URL."
              " Enter its signing secret here with “Replace secret”."),
            _("The endpoint needs the events of checkout sessions, payment intents, charges, refunds and disputes."),
            _("To have line items, promotion codes and events that were missed, add a restricted key that can read, and"
              " enter it here with “API key”. Without one, enter in the settings the category that orders earn and the ids"
              " of promotion codes."),
        ),
        takes_our_secret=False,
    ),
    Platform.GENERIC: Guide(
        (
            _("Have the shop send each order as JSON with POST to the address above whenever it changes."),
            _("Have it sign each request with the secret of this connection, as the documentation describes."),
            _("Enter at which paths of the JSON the fields of an order are, unless the shop sends the documented format."),
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
