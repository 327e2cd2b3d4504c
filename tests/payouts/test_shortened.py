"""Of a refused row the inbox keeps"""

import json

import pytest

from shops import intake
from shops.models import Reject
from shops.reject_truncation import MOST_OF_A_LINE, shortened
from tests.worlds import NOW, begin, order
from tracking.orders.snapshots import LONGEST


def kept(*rows: object) -> list[str]:
    intake.take(snapshots=rows, source="a test", now=NOW)
    return list(Reject.objects.order_by("pk").values_list("content", flat=True))


@pytest.mark.django_db
def test_the_beginning_of_a_text_that_no_order_has_and_everything_else():
    begin("2026-01-01")
    row = order("A1")
    row["lines"][0]["title"] = "x" * 2_000_000
    [content] = kept(row)
    said = json.loads(content)
    assert said["lines"][0].pop("title") == "x" * 1_000 + "... (2,000,000 characters)"
    row["lines"][0].pop("title")
    assert {key: said[key] for key in row if key != "customer"} == {key: row[key] for key in row if key != "customer"}


@pytest.mark.django_db
def test_so_much_of_it_that_it_is_refused_again():
    begin("2026-01-01")
    row = order("A1")
    row["lines"][0]["title"] = "x" * 1_001
    kept(row)
    intake.take(snapshots=[json.loads(Reject.objects.get().content)], source="the inbox", now=NOW)
    assert list(Reject.objects.values_list("field", flat=True)) == ["lines[0].title"] * 2


@pytest.mark.django_db
def test_the_beginning_of_a_long_line_that_is_no_json():
    begin("2026-01-01")
    [short, long] = kept(intake.Unparsed("{" * MOST_OF_A_LINE, "is bad"), intake.Unparsed("{" * 2_000_000, "is bad"))
    assert short == "{" * MOST_OF_A_LINE
    assert long == "{" * MOST_OF_A_LINE + "... (2,000,000 characters)"


@pytest.mark.django_db
def test_that_a_key_stood_twice_so_that_it_is_refused_again():
    begin("2026-01-01")
    text = json.dumps(order("A1"))
    lines = [
        text.replace('"status"', '"status": "completed", "status"'),
        text.replace('"sku"', '"sku": "1", "sku"'),
        text.replace('"ref"', '"ref": "1", "ref"'),
    ]
    intake.take_lines(lines=[line.encode() for line in lines], source="a test", now=NOW)
    rows = [json.loads(content) for content in Reject.objects.order_by("pk").values_list("content", flat=True)]
    assert [result.outcome for result in intake.take(snapshots=rows, source="inbox", now=NOW)] == ["rejected"] * 3


@pytest.mark.django_db
@pytest.mark.parametrize("depth", [15, 60, 900])
def test_no_more_levels_than_can_be_read_again(depth):
    begin("2026-01-01")
    line = json.dumps(order("A1")).replace('"85123A"', "[" * depth + "]" * depth)
    [result] = intake.take_lines(lines=[line.encode()], source="a test", now=NOW)
    assert (result.outcome, result.field) == ("rejected", "lines[0].sku")
    sku = json.loads(Reject.objects.get().content)["lines"][0]["sku"]
    assert ("nested deeper" in str(sku)) is (depth > 20)


def test_texts_and_keys_at_any_depth_and_no_other_value():
    deep = {"a" * 1_001: [{"b": "c" * 1_000}, {"d": ["e" * 5_000, 7, None, True]}]}
    assert shortened(deep) == {
        "a" * 1_000 + "... (1,001 characters)": [
            {"b": "c" * 1_000},
            {"d": ["e" * 1_000 + "... (5,000 characters)", 7, None, True]},
        ]
    }


def test_nothing_shortened_that_an_order_may_have():
    assert all(shortened("x" * most) == "x" * most for most in LONGEST.values())
