"""The rejects inbox truncates oversized rows so that they are rejected again when resent."""

import json

import pytest

from shops import intake
from shops.models import Reject
from shops.reject_truncation import MAX_LINE_CHARACTERS, truncate_row
from tests.scenarios import NOW, build_order, create_program
from tracking.orders.incoming import IncomingOrder
from tracking.orders.snapshot_fields import MAX_LENGTHS


def ingest_and_get_contents(*rows: object) -> list[str]:
    intake.ingest_orders(snapshots=rows, source="a test", now=NOW)
    return list(Reject.objects.order_by("pk").values_list("content", flat=True))


@pytest.mark.django_db
def test_oversized_text_keeps_its_beginning_and_other_fields_are_whole():
    create_program("2026-01-01")
    row = build_order("A1")
    row["lines"][0]["title"] = "x" * 2_000_000
    [content] = ingest_and_get_contents(row)
    stored = json.loads(content)
    assert stored["lines"][0].pop("title") == "x" * 1_000 + "... (2,000,000 characters)"
    row["lines"][0].pop("title")
    assert {key: stored[key] for key in row if key != "customer"} == {key: row[key] for key in row if key != "customer"}


@pytest.mark.django_db
def test_truncated_text_is_rejected_again():
    create_program("2026-01-01")
    row = build_order("A1")
    row["lines"][0]["title"] = "x" * 1_001
    ingest_and_get_contents(row)
    intake.ingest_orders(snapshots=[json.loads(Reject.objects.get().content)], source="the inbox", now=NOW)
    assert list(Reject.objects.values_list("field", flat=True)) == ["lines[0].title"] * 2


@pytest.mark.django_db
def test_long_line_that_is_not_json_keeps_its_beginning():
    create_program("2026-01-01")
    [short, long] = ingest_and_get_contents(
        IncomingOrder("{" * MAX_LINE_CHARACTERS, is_text=True).refuse("", "is bad"),
        IncomingOrder("{" * 2_000_000, is_text=True).refuse("", "is bad"),
    )
    assert short == "{" * MAX_LINE_CHARACTERS
    assert long == "{" * MAX_LINE_CHARACTERS + "... (2,000,000 characters)"


@pytest.mark.django_db
def test_duplicate_key_is_recorded_so_that_the_row_is_rejected_again():
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
def test_deeply_nested_value_is_cut_to_a_readable_depth(depth):
    create_program("2026-01-01")
    line = json.dumps(build_order("A1")).replace('"85123A"', "[" * depth + "]" * depth)
    [result] = intake.ingest_lines(lines=[line.encode()], source="a test", now=NOW)
    assert (result.outcome, result.field) == ("rejected", "lines[0].sku")
    sku = json.loads(Reject.objects.get().content)["lines"][0]["sku"]
    assert ("nested deeper" in str(sku)) is (depth > 20)


def test_texts_and_keys_are_truncated_at_any_depth():
    deep = {"a" * 1_001: [{"b": "c" * 1_000}, {"d": ["e" * 5_000, 7, None, True]}]}
    assert truncate_row(deep) == {
        "a" * 1_000 + "... (1,001 characters)": [
            {"b": "c" * 1_000},
            {"d": ["e" * 1_000 + "... (5,000 characters)", 7, None, True]},
        ]
    }


def test_texts_that_an_order_may_have_are_not_truncated():
    assert all(truncate_row("x" * length) == "x" * length for length in MAX_LENGTHS.values())
