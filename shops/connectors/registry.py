"""The connectors, one line each."""

from collections.abc import Mapping

from shops.connectors.base import Connector
from shops.connectors.shopify.connector import Shopify
from shops.models import Connection, Platform

CONNECTORS: Mapping[str, Connector] = {
    Platform.SHOPIFY: Shopify(),
}


def get_connector(connection: Connection) -> Connector:
    """Return the connector of the connection's platform."""
    return CONNECTORS[Platform(connection.platform)]
