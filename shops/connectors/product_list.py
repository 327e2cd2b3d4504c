"""A CSV file of a shop's products with their categories, for shops whose events name none (specification 11)."""

import re
from collections.abc import Sequence
from datetime import datetime
from typing import BinaryIO

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from audit import trail
from lib.csv import CsvError, CsvRow, collect_rows, read_table
from lib.csv_columns import Field, Layout, check_mapping, guess_mapping
from lib.reasons import require_reason
from lib.text import clean_name
from shops.connectors.base import Product, format_version
from shops.connectors.products import MAX_CATEGORIES, store_products
from shops.models import Connection

MAX_KEY = 100
MAX_CATEGORY = 300
MAX_PROBLEMS = 10
LAYOUT = Layout(
    fields=(
        Field("id", ("product id", "variation id", "product", "sku", "handle", "article"), required=True),
        Field("title", ("name", "product name", "product title", "post title")),
        Field(
            "categories",
            ("category", "product category", "product categories", "type", "product type", "tags", "collections"),
            required=True,
        ),
    )
)
# A comma with a backslash before it belongs to a name, as WooCommerce exports it.
_SEPARATOR = re.compile(r"(?<!\\),|[;|]")


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
    *, connection: Connection, content: BinaryIO, reason: str, now: datetime, by: User | None
) -> int:
    """Store the products of a file, newer than what any event has said about them so far. Return their number.

    Raises ValidationError, and stores nothing, if a row cannot be read.
    """
    products = read_product_list(content, version=format_version(now))
    Connection.objects.select_for_update(no_key=True).get(pk=connection.pk)
    store_products(connection, products)
    trail.record(
        action="shop products uploaded", subject=connection, now=now, by=by, after={"products": len(products)},
        reason=require_reason(reason),
    )  # fmt: skip
    return len(products)


def read_product_list(content: BinaryIO, *, version: str) -> list[Product]:
    """Return the products of a CSV file. Raises ValidationError with the lines that cannot be read."""
    try:
        table = read_table(content)
        mapping = guess_mapping(LAYOUT, table.headings)
        check_mapping(LAYOUT, mapping, table.headings)
        rows, errors = collect_rows(table)
    except CsvError as error:
        raise ValidationError({"file": str(error)}) from None
    except ValidationError as error:
        needed = _("The first row must have the headings id and categories; title may be there too.")
        raise ValidationError({"file": [*error.messages, needed]}) from None
    products: dict[str, Product] = {}
    problems = [(error.line, str(error)) for error in errors]
    for row in rows:
        try:
            product = _read_row(row, mapping.columns, version)
            if product.product_key in products:
                raise CsvError(_("The product %(id)s occurs twice.") % {"id": product.product_key[:60]}, row.line)
        except CsvError as error:
            problems.append((error.line, str(error)))
        else:
            products[product.product_key] = product
    if problems:
        raise ValidationError({"file": _describe_problems([text for _line, text in sorted(problems)])})
    if not products:
        raise ValidationError({"file": _("The file has no products.")})
    return list(products.values())


def _read_row(row: CsvRow, columns: dict[str, int], version: str) -> Product:
    key = row.cells[columns["id"]]
    categories = split_categories(row.cells[columns["categories"]])
    if not 0 < len(key) <= MAX_KEY:
        raise CsvError(_("The id must have 1 to %(most)d characters.") % {"most": MAX_KEY}, row.line)
    if any(len(name) > MAX_CATEGORY for name in categories):
        raise CsvError(_("A category has more than %(most)d characters.") % {"most": MAX_CATEGORY}, row.line)
    title = clean_name(row.cells[columns["title"]]) if "title" in columns else ""
    return Product(key, title[:300], categories, version)


def _describe_problems(texts: Sequence[str]) -> list[str]:
    shown = list(texts[:MAX_PROBLEMS])
    if more := len(texts) - len(shown):
        shown.append(_("%(count)d more lines cannot be read.") % {"count": more})
    return shown
