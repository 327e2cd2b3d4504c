"""The connectors, one line each."""

from collections.abc import Mapping

from shops.connectors.base import Connector
from shops.connectors.generic.connector import Generic
from shops.connectors.shopify.connector import Shopify
from shops.connectors.stripe.connector import Stripe
from shops.connectors.woocommerce.connector import WooCommerce
from shops.models import Connection, Platform

CONNECTORS: Mapping[str, Connector] = {
    Platform.GENERIC: Generic(),
    Platform.SHOPIFY: Shopify(),
    Platform.STRIPE: Stripe(),
    Platform.WOOCOMMERCE: WooCommerce(),
}


def get_connector(connection: Connection) -> Connector:
    """Return the connector of the connection's platform."""
    return CONNECTORS[Platform(connection.platform)]
