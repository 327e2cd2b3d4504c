"""Of a refused row the inbox keeps"""

import json

import pytest

from shops import intake
from shops.models import Reject
from shops.reject_truncation import MAX_LINE_CHARACTERS, truncate_row
from tests.scenarios import NOW, build_order, create_program
from tracking.orders.snapshots import MAX_LENGTHS


def kept(*rows: object) -> list[str]:
    intake.ingest_orders(snapshots=rows, source="a test", now=NOW)
    return list(Reject.objects.order_by("pk").values_list("content", flat=True))


@pytest.mark.django_db
def test_the_beginning_of_a_text_that_no_order_has_and_everything_else():
    create_program("2026-01-01")
    row = build_order("A1")
    row["lines"][0]["title"] = "x" * 2_000_000
    [content] = kept(row)
    said = json.loads(content)
    assert said["lines"][0].pop("title") == "x" * 1_000 + "... (2,000,000 characters)"
    row["lines"][0].pop("title")
    assert {key: said[key] for key in row if key != "customer"} == {key: row[key] for key in row if key != "customer"}


@pytest.mark.django_db
def test_so_much_of_it_that_it_is_refused_again():
    create_program("2026-01-01")
    row = build_order("A1")
    row["lines"][0]["title"] = "x" * 1_001
    kept(row)
    intake.ingest_orders(snapshots=[json.loads(Reject.objects.get().content)], source="the inbox", now=NOW)
    assert list(Reject.objects.values_list("field", flat=True)) == ["lines[0].title"] * 2


@pytest.mark.django_db
def test_the_beginning_of_a_long_line_that_is_no_json():
    create_program("2026-01-01")
    [short, long] = kept(
        intake.Unparsed("{" * MAX_LINE_CHARACTERS, "is bad"), intake.Unparsed("{" * 2_000_000, "is bad")
    )
    assert short == "{" * MAX_LINE_CHARACTERS
    assert long == "{" * MAX_LINE_CHARACTERS + "... (2,000,000 characters)"


@pytest.mark.django_db
def test_that_a_key_stood_twice_so_that_it_is_refused_again():
    create_program("2026-01-01")
    text = json.dumps(build_order("A1"))
    lines = [
        text.replace('"status"', '"status": "completed", "status"'),
        text.replace('"sku"', '"sku": "1", "sku"'),
        text.replace('"ref"', '"ref": "1", "ref"'),
    ]
    intake.ingest_lines(lines=[line.encode() for line in lines], source="a test", now=NOW)
    rows = [json.loads(content) for content in Reject.objects.order_by("pk").values_list("content", flat=True)]
    assert [result.outcome for result in intake.ingest_orders(snapshots=rows, source="inbox", now=NOW)] == [
        "rejected"
    ] * 3


@pytest.mark.django_db
@pytest.mark.parametrize("depth", [15, 60, 900])
def test_no_more_levels_than_can_be_read_again(depth):
    create_program("2026-01-01")
    line = json.dumps(build_order("A1")).replace('"85123A"', "[" * depth + "]" * depth)
    [result] = intake.ingest_lines(lines=[line.encode()], source="a test", now=NOW)
    assert (result.outcome, result.field) == ("rejected", "lines[0].sku")
    sku = json.loads(Reject.objects.get().content)["lines"][0]["sku"]
    assert ("nested deeper" in str(sku)) is (depth > 20)


def test_texts_and_keys_at_any_depth_and_no_other_value():
    deep = {"a" * 1_001: [{"b": "c" * 1_000}, {"d": ["e" * 5_000, 7, None, True]}]}
    assert truncate_row(deep) == {
        "a" * 1_000 + "... (1,001 characters)": [
            {"b": "c" * 1_000},
            {"d": ["e" * 1_000 + "... (5,000 characters)", 7, None, True]},
        ]
    }


def test_nothing_shortened_that_an_order_may_have():
    assert all(truncate_row("x" * most) == "x" * most for most in MAX_LENGTHS.values())
