"""The products of a connection and their categories, as product events and the shop's API name them."""

from collections.abc import Iterable

from shops.connectors.base import Product
from shops.models import Connection, ShopProduct

MAX_CATEGORIES = 50


def store_products(connection: Connection, products: Iterable[Product]) -> None:
    """Store what the newest event says about each product."""
    newest: dict[str, Product] = {}
    for product in products:
        known = newest.get(product.product_key)
        if known is None or product.version >= known.version:
            newest[product.product_key] = product
    stored = {row.product_key: row for row in connection.products.filter(product_key__in=newest)}
    for key, product in newest.items():
        row = stored.get(key) or ShopProduct(connection=connection, product_key=key)
        if product.version >= row.version:
            row.title = product.title[:300]
            row.categories = [name[:300] for name in product.categories][:MAX_CATEGORIES]
            row.version = product.version
            row.save()
