"""The complete text of SQL statements that are put together from parts, one file each in tests/payouts/sql.

Run `UPDATE_SQL=1 pytest tests/payouts/test_sql.py` to rewrite the files after a change, and review their diff.
"""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from payouts.closing import close_sql, dry_run_sql, due_parts, payout_forecast, preflight, verification
from payouts.commissions import backtest_sql, first_commission, rollup_check, rollups
from payouts.reporting.report_sql import build_report_sql
from tests.payouts.sql_layout import format_sql
from tracking.clicks.rollups import build_click_counts_sql, build_rollup_upsert_sql
from tracking.models import Rollup

FOLDER = Path(__file__).parent / "sql"


def build_statements() -> Iterator[tuple[str, str]]:
    yield (
        "close",
        ";".join(
            [
                close_sql.DISABLE_NESTED_LOOPS,
                close_sql.TEMPORARY_TABLES,
                close_sql.RECORD_CUT,
                close_sql.COMPUTE_STATEMENTS,
                *close_sql.WRITE_QUERIES,
            ]
        ),
    )
    yield "close_check_ledger", preflight.LEDGER_DIFFERENCES
    yield "dry_run_lines", close_sql.COLLECT_LINES
    yield "dry_run_figures", dry_run_sql.FIGURES
    yield "dry_run_carried_over", dry_run_sql.CARRIED_OVER
    yield "dry_run_unusual", dry_run_sql.UNUSUAL
    yield "dry_run_rows", dry_run_sql.ROWS
    yield "forecast_unsettled_amounts", payout_forecast.UNSETTLED_AMOUNTS
    yield "forecast_due_parts", due_parts.DUE_PARTS
    yield "invariant_balances", next(sql for name, sql in verification.INVARIANTS if "balance is the last" in name)

    simple = backtest_sql.build_lines_sql(shorter_window=False, gained=False, promotions=False, cap=False)
    full = backtest_sql.build_lines_sql(shorter_window=True, gained=True, promotions=True, cap=True)
    yield "backtest_totals", full + backtest_sql.TOTALS
    yield "backtest_totals_simple", simple + backtest_sql.TOTALS
    yield "backtest_by_affiliate", full + backtest_sql.BY_AFFILIATE
    yield "first_commission_condition", first_commission.AWAITS_FIRST_COMMISSION_MAIL

    yield "rollups_take_changed_days", rollups.TAKE_CHANGED_DAYS
    yield "rollups_fold_days", rollups.FOLD_DAYS
    yield "rollups_total_earned", rollups.TOTAL_EARNED
    for dimension in (Rollup.Dimension.TOTAL, Rollup.Dimension.LINK, Rollup.Dimension.CATEGORY, Rollup.Dimension.SUB1):
        yield f"compare_rollups_{dimension.value}", rollup_check.build_comparison_sql(dimension)

    window = "c.transaction >= %s AND c.transaction < %s"
    yield "click_counts", build_click_counts_sql(window)
    yield "click_rollups_upsert", build_rollup_upsert_sql(window)

    for split in ("total", "link", "category"):
        yield f"report_of_affiliate_by_{split}", build_report_sql(for_one_affiliate=True, split=split)
    for split in ("total", "affiliate"):
        yield f"report_of_program_by_{split}", build_report_sql(for_one_affiliate=False, split=split)


STATEMENTS = dict(build_statements())


def format_file(sql: str) -> str:
    return ";\n\n".join(format_sql(statement) for statement in sql.split(";") if statement.strip()) + "\n"


@pytest.mark.parametrize("name", STATEMENTS)
def test_statement_equals_its_file(name):
    path, text = FOLDER / f"{name}.sql", format_file(STATEMENTS[name])
    if os.environ.get("UPDATE_SQL"):
        path.write_text(text)
    assert path.exists(), f"{path.name} is missing; run with UPDATE_SQL=1"
    assert path.read_text() == text, "run with UPDATE_SQL=1 and review the diff"


def test_every_file_belongs_to_a_statement():
    assert {path.stem for path in FOLDER.glob("*.sql")} == set(STATEMENTS)
