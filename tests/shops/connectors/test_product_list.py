"""A CSV file of a shop's products with their categories (specification 11)."""

import io

import pytest
from django.core.exceptions import ValidationError

from lib.csv import CsvError, read_table
from lib.csv_columns import ColumnMapping, guess_mapping
from shops.connectors import folding, inbox, product_list, registry
from shops.connectors.categories import CategoryTable
from shops.models import Connection, ShopProduct
from tests.scenarios import NOW, create_program
from tests.shops.connectors.plain_shop import PlainConnector, build_delivery, make_connection


@pytest.fixture
def connection(db, monkeypatch):
    monkeypatch.setattr(registry, "CONNECTORS", {"generic": PlainConnector()})
    create_program("2026-01-01")
    return make_connection()


def read(text: str | bytes, platform: str = "generic"):
    content = text.encode() if isinstance(text, str) else text
    try:
        mapping = guess_mapping(product_list.LAYOUT, read_table(io.BytesIO(content)).headings)
    except CsvError:
        mapping = ColumnMapping({})
    return product_list.read_product_list(Connection(platform=platform), content, mapping, now=NOW)


@pytest.mark.parametrize(
    ("cell", "names"),
    [
        ("Toys", ["Toys"]),
        ("Toys, Games;Sale|Toys", ["Toys", "Games", "Sale"]),
        ("Clothing > Shirts, Clothing > Hats", ["Shirts", "Hats"]),
        (r"Home\, garden, Tools", ["Home, garden", "Tools"]),
        (" , ;", []),
        ("", []),
    ],
)
def test_names_in_a_cell_are_divided(cell, names):
    assert product_list.split_categories(cell) == names


@pytest.mark.parametrize(
    "text",
    [
        "id,title,categories\n1,Cup,Kitchen\n",
        "\ufeffID;Name;Categories\r\n1;Cup;Kitchen\r\n",
        "Product ID\tType\tTitle\n1\tKitchen\tCup\n",
    ],
)
def test_files_of_shops_are_read(text):
    [product] = read(text).products
    assert (product.product_key, product.title, list(product.categories)) == ("1", "Cup", ["Kitchen"])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("id,categories\n1,A\n1,B\n", "Line 3: The product 1 occurs twice."),
        ("id,categories\n,A\n", "Line 2: The id must have"),
        (f"id,categories\n{'9' * 101},A\n", "Line 2: The id must have"),
        (f"id,categories\n1,{'x' * 301}\n", "Line 2: A category has more"),
        ("id,categories\n1\n", "Line 2: This row has 1 cell"),
        (b"id,categories\n1,\xff\n", "Line 2: This is not UTF-8"),
    ],
)
def test_rows_that_cannot_be_read_are_named_by_line(text, message):
    [(line, cause)] = read(text).problems
    assert f"Line {line}: {cause}".startswith(message)


def test_every_problem_of_a_row_is_named():
    file = read(f"id,categories\n{'9' * 101},{'x' * 301}\n1,A\n1,{'x' * 301}\n")
    assert [(line, cause[:10]) for line, cause in file.problems] == [
        (2, "A category"), (2, "The id mus"), (4, "A category"), (4, "The produc"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "message"),
    [("", "The file is empty."), ("title,price\nCup,1\n", "Choose a column for: id, categories.")],
)
def test_file_without_the_columns_is_refused(text, message):
    with pytest.raises(ValidationError) as refusal:
        read(text)
    assert message in refusal.value.messages


@pytest.mark.parametrize("platform", ["shopify", "woocommerce"])
def test_handles_and_skus_are_no_ids_of_shops_that_number_their_products(platform):
    export = "Handle,Title,Variant SKU,Type\nlinen-shirt,Linen shirt,SHIRT-M,Shirts\n"
    with pytest.raises(ValidationError, match="Choose a column for: id"):
        read(export, platform)
    file = read("id,categories\nlinen-shirt,Shirts\n901,Shirts\n", platform)
    assert [one.product_key for one in file.products] == ["901"]
    [(line, cause)] = file.problems
    assert line == 2
    assert cause.startswith("“linen-shirt” is no product id of ")
    assert read("id,categories\nlinen-shirt,Shirts\n").problems == []


def test_uploaded_products_replace_what_older_events_said(connection):
    event = {"id": "1", "title": "Cup", "categories": ["Old"]}
    inbox.receive(connection=connection, delivery=build_delivery(event, topic="product"), now=NOW)
    folding.process_events(now=NOW)
    content = b"id,categories\n1,Kitchen\n2,\n"
    mapping = ColumnMapping({"id": 0, "categories": 1})
    stored = product_list.store_product_list(
        connection=connection, content=content, mapping=mapping, reason="The shop's list.", now=NOW, by=None
    )
    assert stored == (1, 1, 0)
    assert list(ShopProduct.objects.values_list("product_key", "categories")) == [("1", ["Kitchen"]), ("2", [])]
    assert CategoryTable(connection, ["1"]).map_line([], "1").shop_categories == ["Kitchen"]
