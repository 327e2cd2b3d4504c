"""Everything that is wrong with a refused order, found at once."""

from copy import deepcopy
from itertools import combinations

import pytest

from tests.scenarios import build_order
from tests.tracking.test_snapshots import READER
from tracking.orders.snapshot_fields import Rejected
from tracking.orders.snapshot_problems import MAX_PROBLEMS, find_problems

VALID = build_order("A1", ("home-decor", "5.00"), ("toys", "6.00"))
WRONG = {
    "order_id": "A 1",
    "updated_at": "yesterday",
    "status": "shipped",
    "placed_at": "2999-01-01T00:00:00Z",
    "completed_at": "soon",
    "currency": "EUR",
    "click_id": "x" * 5_000,
    "coupons": ["\0"],
    "customer.ref": "x" * 201,
    "customer.country": 5,
    "lines[0].line_id": "",
    "lines[0].sku": 5,
    "lines[0].title": 5,
    "lines[1].category": "",
    "lines[1].quantity": "two",
    "lines[1].amount": "5,00",
    "lines[1].refunded": "-1.00",
}


def break_fields(*paths: str) -> dict:
    row = deepcopy(VALID) | {"status": "cancelled", "customer": {"ref": "17", "country": "DE"}}
    for path in paths:
        target = row
        if path.startswith("lines["):
            target = row["lines"][int(path[6])]
        elif path.startswith("customer."):
            target = row["customer"]
        target[path.rpartition(".")[2]] = WRONG[path]
    return row


def list_fields(row: object) -> list[str]:
    with pytest.raises(Rejected) as refusal:
        READER.read(row)
    problems = find_problems(READER, row, [(refusal.value.field, refusal.value.message)])
    return [field.partition("[")[0] if field.startswith("coupons") else field for field, _cause in problems]


@pytest.mark.parametrize("pair", list(combinations(WRONG, 2)), ids="+".join)
def test_two_wrong_fields_are_both_named(pair):
    assert sorted(list_fields(break_fields(*pair))) == sorted(pair)


def test_all_wrong_fields_are_named_and_the_row_stays_as_it_was():
    row = break_fields(*WRONG)
    before = deepcopy(row)
    assert sorted(list_fields(row)) == sorted(WRONG)
    assert row == before


def test_fields_of_the_same_line_are_named_when_they_contradict_each_other():
    row = deepcopy(VALID)
    row["lines"][0] |= {"refunded": "5.01", "quantity": 0}
    row["lines"][1] |= {"line_id": row["lines"][0]["line_id"]}
    assert list_fields(row) == ["lines[0].quantity", "lines[0].refunded", "lines[1].line_id"]


def test_endless_problems_are_cut_off():
    row = build_order("A1", *[("toys", "x")] * 100)
    assert len(list_fields(row)) == MAX_PROBLEMS


@pytest.mark.parametrize("row", ["text", [], {"lines": "x"}, {"order_id": "A1", "lines": [5]}])
def test_row_of_another_shape_has_the_problem_that_refused_it(row):
    assert len(list_fields(row)) >= 1
