"""A batch of many lines, also one that changes all of them or gives them to another, to a planner that knows no better ..."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import connection, transaction

from payouts.closing import open_program
from tests.scenarios import NOW, build_line, build_order, create_program, import_affiliates, send_orders

pytestmark = pytest.mark.django_db

ORDERS, LINES = 20, 60
# Of one statement, over all its steps. Comparing each line with each would be 1,200.
MOST = 50


@contextmanager
def looked_at() -> Iterator[dict[str, int]]:
    """How many rows each statement has handled, over all steps of its plan: those that it threw away too."""
    found: dict[str, int] = {}

    def explained(execute, sql, parameters, many, context):
        if sql.lstrip().startswith(("WITH", "INSERT", "UPDATE", "SELECT", "DELETE")):
            with transaction.atomic():
                execute(f"EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) {sql}", parameters, many, context)
                [(answer,)] = context["cursor"].fetchall()
                [plan] = json.loads(answer) if isinstance(answer, str) else answer
                transaction.set_rollback(True)
            found[sql] = max(found.get(sql, 0), rows(plan["Plan"]))
        return execute(sql, parameters, many, context)

    with connection.execute_wrapper(explained):
        yield found


def rows(plan: dict[str, Any]) -> int:
    thrown_away = sum(count for key, count in plan.items() if key.startswith("Rows Removed by"))
    here = (plan["Actual Rows"] + thrown_away) * plan["Actual Loops"]
    return int(here) + sum(rows(step) for step in plan.get("Plans", ()))


def batch(coupon: str, refunded: str, at: str) -> list[dict[str, Any]]:
    sold = [build_line(str(number), "home-decor", "10.00", refunded) for number in range(LINES)]
    return [build_order(f"A{number}", at=at, coupon=coupon, lines=sold) for number in range(ORDERS)]


def test_handles_few_rows_a_line(tmp_path):
    create_program()
    import_affiliates(["ANN", "BEN"], tmp_path)
    open_program.open_program(now=NOW, by=None)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")  # every table is empty, as far as the planner knows from here on
    for coupon, refunded, at in (
        ("ANN", "10.00", "2026-01-09T12:00:00Z"),
        ("ANN", "0.00", "2026-01-10T12:00:00Z"),
        ("ANN", "1.00", "2026-01-11T12:00:00Z"),
        ("BEN", "1.00", "2026-01-12T12:00:00Z"),
    ):
        with looked_at() as found:
            results = send_orders(*batch(coupon, refunded, at))
        assert {result.affiliate for result in results} == {coupon}
        assert len(found) >= 7
        for sql, handled in found.items():
            assert handled <= MOST * ORDERS * LINES, sql
