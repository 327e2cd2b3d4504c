"""A CSV file of a shop's products with their categories, for shops whose events name none (specification 11)."""

import io
import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import NamedTuple

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from audit import trail
from lib.csv import CsvError, CsvRow, collect_rows, read_table
from lib.csv_columns import ColumnMapping, Field, Layout, check_mapping
from lib.reasons import require_reason
from lib.text import clean_name
from shops.connectors.base import Product, format_version
from shops.connectors.products import MAX_CATEGORIES, store_products
from shops.models import Connection, Platform

MAX_KEY = 100
MAX_CATEGORY = 300
LAYOUT = Layout(
    fields=(
        # A SKU or handle is no id: orders don't name them.
        Field("id", ("product id", "product", "article"), required=True),
        Field("title", ("name", "product name", "product title", "post title")),
        Field(
            "categories",
            ("category", "product category", "product categories", "type", "product type", "tags", "collections"),
            required=True,
        ),
    )
)
# Their ids of products are numbers.
NUMBERED = (Platform.SHOPIFY, Platform.WOOCOMMERCE)
_NUMBER = re.compile(r"[1-9][0-9]{0,19}", re.ASCII)
# A comma with a backslash before it belongs to a name, as WooCommerce exports it.
_SEPARATOR = re.compile(r"(?<!\\),|[;|]")


class ProductFile(NamedTuple):
    """The products of a file, and (line, cause) of each row that cannot be read."""

    products: list[Product]
    problems: list[tuple[int, str]]


class Outcome(NamedTuple):
    """How many products of a file are new to the connection, have other categories than before, or the same."""

    new: int
    changed: int
    unchanged: int


def split_categories(cell: str) -> list[str]:
    """Return the names in a cell: divided by commas, semicolons or |; of a path such as "Clothing > Shirts" the last."""
    names: dict[str, None] = {}
    for part in _SEPARATOR.split(cell):
        name = clean_name(part.replace("\\,", ",").rsplit(">", 1)[-1])
        if name:
            names[name] = None
    return list(names)[:MAX_CATEGORIES]


@transaction.atomic
def store_product_list(
    *, connection: Connection, content: bytes, mapping: ColumnMapping, reason: str, now: datetime, by: User | None
) -> Outcome:
    """Store the products of a file, newer than what any event has said about them so far.

    Raises ValidationError, and stores nothing, if a row cannot be read.
    """
    Connection.objects.select_for_update(no_key=True).get(pk=connection.pk)
    file = read_product_list(connection, content, mapping, now=now)
    if file.problems or not file.products:
        raise ValidationError(_("The file has rows that cannot be read, or no products."))
    outcome = compare(connection, file.products)
    store_products(connection, file.products)
    trail.record(
        action="shop products uploaded", subject=connection, now=now, by=by, after=outcome._asdict(),
        reason=require_reason(reason),
    )  # fmt: skip
    return outcome


def compare(connection: Connection, products: list[Product]) -> Outcome:
    """Return what storing the products would change."""
    known = dict(connection.products.values_list("product_key", "categories"))
    new = sum(one.product_key not in known for one in products)
    unchanged = sum(known.get(one.product_key) == list(one.categories) for one in products)
    return Outcome(new, len(products) - new - unchanged, unchanged)


def read_product_list(connection: Connection, content: bytes, mapping: ColumnMapping, *, now: datetime) -> ProductFile:
    """Return the products of a CSV file. Raises ValidationError if it is none, or lacks a column."""
    try:
        table = read_table(io.BytesIO(content))
        rows, errors = collect_rows(table)
    except CsvError as error:
        raise ValidationError({"file": str(error)}) from None
    check_mapping(LAYOUT, mapping, table.headings)
    products: dict[str, Product] = {}
    problems = [(error.line, error.cause) for error in errors]
    for row in rows:
        product = _read_row(row, mapping.columns, format_version(now))
        causes = list(_find_problems(connection, product, products))
        problems += [(row.line, cause) for cause in causes]
        if not causes:
            products[product.product_key] = product
    return ProductFile(list(products.values()), sorted(problems))


def _find_problems(connection: Connection, product: Product, others: Mapping[str, Product]) -> Iterator[str]:
    key = product.product_key
    if not 0 < len(key) <= MAX_KEY:
        yield _("The id must have 1 to %(most)d characters.") % {"most": MAX_KEY}
    elif connection.platform in NUMBERED and not _NUMBER.fullmatch(key):
        message = _("“%(id)s” is no product id of %(platform)s, which is a number. A SKU or handle cannot be used.")
        yield message % {"id": key[:60], "platform": connection.get_platform_display()}
    elif key in others:
        yield _("The product %(id)s occurs twice.") % {"id": key[:60]}
    if any(len(name) > MAX_CATEGORY for name in product.categories):
        yield _("A category has more than %(most)d characters.") % {"most": MAX_CATEGORY}


def _read_row(row: CsvRow, columns: dict[str, int], version: str) -> Product:
    title = clean_name(row.cells[columns["title"]]) if "title" in columns else ""
    return Product(row.cells[columns["id"]], title[:300], split_categories(row.cells[columns["categories"]]), version)
