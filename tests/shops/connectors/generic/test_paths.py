"""The path language: what each path finds, and what is no path."""

from decimal import Decimal
from typing import Any

import pytest

from shops.connectors.generic.options import GenericOptions
from shops.connectors.generic.paths import InvalidPath, parse_path

ROOT: dict[str, Any] = {
    "order": {"id": 7, "e-mail": "a@example.com", "note": None, "": "blank"},
    "lines": [{"amount": "5.00", "tags": ["a", "b"]}, {"amount": 6, "tags": []}, {"amount": ""}],
    "by_key": {"x": {"amount": 1}, "y": {"amount": 2}},
    "attributes": [{"name": "gift", "value": 1}, {"name": "click_id", "value": "abc"}, "text"],
    "größe": "L",
}


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("order.id", [7]),
        ("order.note", []),
        ("order.missing.id", []),
        ('order."e-mail"', ["a@example.com"]),
        ("order.e-mail", ["a@example.com"]),
        ("größe", ["L"]),
        ("lines[].amount", ["5.00", 6]),
        ("-lines[].amount", ["-5.00", -6]),
        ("lines[].tags[]", ["a", "b"]),
        ("lines[1].amount", [6]),
        ("lines[9].amount", []),
        ("lines.amount", []),
        ("order[].id", []),
        ("by_key[].amount", [1, 2]),
        ('attributes[name="click_id"].value', ["abc"]),
        ('attributes["name"="gift"].value', [1]),
        ("attributes[value=1].name", ["gift"]),
        ("order.note | order.id", [7]),
        ('order.note | ="a|b"', ["a|b"]),
        ('="USD"', ["USD"]),
        ("=19.5", [Decimal("19.5")]),
        ("-=5", [-5]),
        (" order.id ", [7]),
    ],
)
def test_path_finds_values(path, found):
    assert parse_path(path).find(ROOT) == found


@pytest.mark.parametrize(
    "text",
    [
        *("", " ", "-", "|", "order.id |", "order..id", ".order", "order.", "lines[", "lines[x]", "lines[-1]", "a b"),
        *('="USD', "=USD", "=", "a[name=x]", "__import__('os')", "a.b()", "a;b", "{{ a }}", "$.order.id", "a" * 301),
        ".".join("a" * 21),
    ],
)
def test_text_that_is_no_path_is_refused(text):
    with pytest.raises(InvalidPath):
        parse_path(text)


def test_path_of_lines_may_lack_its_brackets():
    options = GenericOptions({"paths": {"lines": "lines", "amount": "lines[].amount", "currency": "order.id"}})
    path = options.get_path("amount")
    assert path
    assert path.find(ROOT, ROOT["lines"][1], options.line_steps) == [6]


def test_nested_lists_find_a_limited_number_of_values():
    root = [[[0] * 100] * 100] * 100
    assert len(parse_path("[][][]").find(root)) == 100_000
