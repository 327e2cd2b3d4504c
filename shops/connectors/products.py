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
    known_products = connection.products.filter(product_key__in=newest)
    stored = dict(known_products.values_list("product_key", "version"))
    rows = [
        ShopProduct(
            connection=connection,
            product_key=key,
            title=product.title[:300],
            categories=[name[:300] for name in product.categories][:MAX_CATEGORIES],
            version=product.version,
        )
        for key, product in newest.items()
        if key not in stored or product.version >= stored[key]
    ]
    ShopProduct.objects.bulk_create(
        rows,
        batch_size=500,
        update_conflicts=True,
        unique_fields=["connection", "product_key"],
        update_fields=["title", "categories", "version"],
    )
