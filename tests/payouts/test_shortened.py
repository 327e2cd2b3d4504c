"""Of a refused row the inbox keeps"""

import json

import pytest

from payouts import intake
from payouts.shortened import MOST_OF_A_LINE, shortened
from tests.worlds import NOW, begin, order
from tracking.models import Reject
from tracking.snapshots import LONGEST


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
