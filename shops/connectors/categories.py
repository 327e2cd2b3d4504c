"""From the shop's categories to those of the rate card (specification 11)."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from lib.text import fold_code
from shops.connectors.registry import get_connector
from shops.models import CategoryMapping, Connection, ShopOrderLine, ShopProduct

# Earns the rate for everything else, because no rate card names it.
UNMAPPED = "everything-else"
# What decided about a line that no mapping names: the category of the connection itself, an option of some platforms.
BY_CONNECTION = "(connection)"


class MappedLine(NamedTuple):
    """A line's categories in the shop, the one that decided ("" for none), and the rate card's."""

    shop_categories: list[str]
    mapped_by: str
    category: str


def list_known_products(connection: Connection, products: Iterable[ShopProduct]) -> set[str]:
    """Return the keys of the products of which all is known that the connection can read."""
    reads_collections = bool(connection.api_key) and get_connector(connection).has_collections
    return {
        row.product_key
        for row in products
        if not reads_collections or (row.collections is not None and not row.collections_are_old)
    }


class CategoryTable:
    """The mappings of a connection and the categories of its products, loaded once for a batch."""

    def __init__(self, connection: Connection, product_keys: Iterable[str]) -> None:
        self.mappings = {row.key: row for row in CategoryMapping.objects.filter(connection=connection)}
        products = list(ShopProduct.objects.filter(connection=connection, product_key__in=set(product_keys) - {""}))
        self.products: Mapping[str, list[str]] = {
            row.product_key: list(dict.fromkeys([*row.categories, *(row.collections or ())])) for row in products
        }
        self.known = list_known_products(connection, products)

    def knows(self, product_key: str) -> bool:
        """Return whether all categories of a product are known, be there none."""
        return not product_key or product_key in self.known

    def map_line(self, shop_categories: Sequence[str], product_key: str, default: str = "") -> MappedLine:
        """Return the category of a line: of its own categories, else of its product's, else `default`, else none."""
        names = list(shop_categories) or list(self.products.get(product_key, ()))
        found = [self.mappings[key] for name in names if (key := fold_code(name)) in self.mappings]
        if not found and default:
            return MappedLine(names, BY_CONNECTION, default)
        if not found:
            return MappedLine(names, "", UNMAPPED)
        first = min(found, key=lambda mapping: (mapping.position, mapping.key))
        return MappedLine(names, first.key, first.category)


def list_product_keys(lines: Iterable[Mapping[str, Any]]) -> set[str]:
    """Return the products of lines as connectors build them."""
    return {str(line.get("product_key") or "") for line in lines}


def build_evidence(line: Mapping[str, Any], mapped: MappedLine) -> ShopOrderLine:
    """Return the unsaved record of how a line got its category."""
    return ShopOrderLine(
        line_id=line["line_id"],
        shop_categories=mapped.shop_categories,
        mapped_by=mapped.mapped_by,
        category=mapped.category,
        amount=line["amount"],
    )
