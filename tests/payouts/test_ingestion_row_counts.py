"""Ingesting many lines processes few rows per line, even with outdated planner statistics."""

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
# For one statement, over all steps of its plan. Comparing each line with each other line would take 1,200.
MAX_ROWS_PER_LINE = 50


@contextmanager
def count_processed_rows() -> Iterator[dict[str, int]]:
    """Count the rows that each statement processes, over all steps of its plan, including the rows it removes."""
    counts: dict[str, int] = {}

    def explain(execute, sql, parameters, many, context):
        if sql.lstrip().startswith(("WITH", "INSERT", "UPDATE", "SELECT", "DELETE")):
            with transaction.atomic():
                execute(f"EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) {sql}", parameters, many, context)
                [(answer,)] = context["cursor"].fetchall()
                [plan] = json.loads(answer) if isinstance(answer, str) else answer
                transaction.set_rollback(True)
            counts[sql] = max(counts.get(sql, 0), sum_plan_rows(plan["Plan"]))
        return execute(sql, parameters, many, context)

    with connection.execute_wrapper(explain):
        yield counts


def sum_plan_rows(plan: dict[str, Any]) -> int:
    removed = sum(count for key, count in plan.items() if key.startswith("Rows Removed by"))
    here = (plan["Actual Rows"] + removed) * plan["Actual Loops"]
    return int(here) + sum(sum_plan_rows(step) for step in plan.get("Plans", ()))


def build_batch(coupon: str, refunded: str, at: str) -> list[dict[str, Any]]:
    sold = [build_line(str(number), "home-decor", "10.00", refunded) for number in range(LINES)]
    return [build_order(f"A{number}", at=at, coupon=coupon, lines=sold) for number in range(ORDERS)]


def test_ingestion_processes_few_rows_per_line(tmp_path):
    create_program()
    import_affiliates(["ANN", "BEN"], tmp_path)
    open_program.open_program(now=NOW, by=None)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")  # from here on, the planner takes every table for empty
    for coupon, refunded, at in (
        ("ANN", "10.00", "2026-01-09T12:00:00Z"),
        ("ANN", "0.00", "2026-01-10T12:00:00Z"),
        ("ANN", "1.00", "2026-01-11T12:00:00Z"),
        ("BEN", "1.00", "2026-01-12T12:00:00Z"),
    ):
        with count_processed_rows() as counts:
            results = send_orders(*build_batch(coupon, refunded, at))
        assert {result.affiliate for result in results} == {coupon}
        assert len(counts) >= 6
        for sql, processed in counts.items():
            assert processed <= MAX_ROWS_PER_LINE * ORDERS * LINES, sql
