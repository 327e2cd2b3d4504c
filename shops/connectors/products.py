"""The products of a connection and their categories, as product events and the shop's API name them."""

from collections.abc import Iterable, Sequence

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
    rows = [
        _update(stored.get(key) or ShopProduct(connection=connection, product_key=key), product)
        for key, product in newest.items()
    ]
    ShopProduct.objects.bulk_create(
        rows,
        batch_size=500,
        update_conflicts=True,
        unique_fields=["connection", "product_key"],
        update_fields=["title", "categories", "version", "collections", "collections_are_old"],
    )


def _update(row: ShopProduct, product: Product) -> ShopProduct:
    if product.version >= row.version:
        row.title, row.version = product.title[:300], product.version
        row.categories = _shorten(product.categories)
        row.collections_are_old = row.collections is not None
    if product.collections is not None:
        row.collections, row.collections_are_old = _shorten(product.collections), False
    return row


def _shorten(names: Sequence[str]) -> list[str]:
    return [name[:300] for name in names][:MAX_CATEGORIES]
