"""Programs for tests, created by the commands that a shop would use, and orders as a shop would send them."""

import csv
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from django.core.management import call_command
from django.db import connection, transaction

from affiliates.models import Affiliate
from agreements.models import AgreementVersion
from payouts.closing import close
from payouts.commissions import rollup_check, rollups
from payouts.models import Close, Statement
from shops import intake
from tests.table_copies import call_command_once
from tracking.models import Rollup
from tracking.orders.incoming import IncomingOrder

HEADER = ("code", "email", "name", "country", "coupon", "website", "payout_method", "payout_account")


@contextmanager
def roll_back() -> Iterator[None]:
    """Run a block in a transaction that is rolled back; durable blocks, such as a close, may run in it."""
    atomic = transaction.atomic()
    # The private attribute by which Django's TestCase allows durable blocks.
    vars(atomic)["_from_testcase"] = True
    with atomic:
        yield
        transaction.set_rollback(True)


def check_constraints() -> None:
    """Check the deferred constraints of a program that several tests share.

    Otherwise the end of each test checks all rows of the program, because its savepoint is rolled back.
    """
    connection.check_constraints()


def parse_utc(text: str) -> datetime:
    """Parse `2026-01-10` or `2026-01-10T12:00:00` as UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


NOW = parse_utc("2026-11-22T12:00:00")


def create_program(effective: str = "2026-01-01") -> AgreementVersion:
    """Create a program with the seed agreement in force from the day `effective`."""
    call_command_once("seed_agreement", "--effective", effective)
    return AgreementVersion.objects.get()


def import_affiliates(
    codes: Iterable[str], folder: Path, *, accepted: str = "2026-01-02", details: bool = True
) -> dict[str, Affiliate]:
    """Import affiliates with coupons of the same name, active since `accepted`, paid by PayPal if `details`."""
    file = folder / "affiliates.csv"
    with file.open("w", newline="", encoding="utf-8") as out:
        writer = csv.writer(out)
        writer.writerow(HEADER)
        for code in codes:
            email = f"{code.lower()}@example.com"
            payout = ("paypal", email) if details else ("", "")
            writer.writerow(
                [code, email, f"Affiliate {code}", "GB", code, f"https://{code.lower()}.example.com/", *payout]
            )
    call_command(
        "import_affiliates", str(file), "--accepted-offline", accepted, "--evidence", "signed paper in the safe"
    )
    return {affiliate.code: affiliate for affiliate in Affiliate.objects.all()}


def build_order(
    order_id: str = "A1",
    *lines: tuple[str, str] | tuple[str, str, str],
    at: str = "2026-01-10T12:00:00Z",
    placed: str = "2026-01-10T12:00:00Z",
    status: str = "",
    completed: str | None = None,
    coupon: str | None = None,
    click: str | None = None,
    **other: Any,
) -> dict[str, Any]:
    """Return a snapshot; lines are (category, amount[, refunded]), numbered from 1."""
    return {
        "order_id": order_id,
        "updated_at": at,
        "status": status or ("completed" if completed else "paid"),
        "placed_at": placed,
        "completed_at": completed,
        "currency": "USD",
        "click_id": click,
        "coupon": coupon,
        "customer": {"ref": "17850", "country": "United Kingdom"},
        "lines": [build_line(str(number), *row) for number, row in enumerate(lines or [("home-decor", "100.00")], 1)],
    } | other


def build_line(line_id: str, category: str, amount: str, refunded: str = "0.00") -> dict[str, Any]:
    return {
        "line_id": line_id,
        "sku": "85123A",
        "title": "WHITE HANGING HEART T-LIGHT HOLDER",
        "category": category,
        "quantity": 1,
        "amount": amount,
        "refunded": refunded,
    }


def send_orders(*snapshots: object, now: datetime | None = None) -> list[IncomingOrder]:
    """Ingest the snapshots as the API does."""
    return intake.ingest_orders(snapshots=snapshots, source="a test", now=now or datetime.now(UTC))


def close_months(*months: str, now: datetime | None = None) -> list[Close]:
    """Close the months, each such as "2026-01"."""
    days = [date.fromisoformat(f"{month}-01") for month in months]
    return [close.close_month(month=day, now=now or datetime.now(UTC), by=None) for day in days]


def prepare_planner() -> None:
    """Analyze the tables and allow nested loops again.

    A close forbids nested loops until its transaction ends, which in a test is the transaction of the test.
    """
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
        cursor.execute("SET LOCAL enable_nestloop = on")


def list_rollup_differences() -> list[str]:
    """Update the daily totals and return how they differ from the rows."""
    rollups.fold_rollups()
    assert rollup_check.count_unfolded_days() == 0
    return [
        str(comparison.first) for comparison in map(rollup_check.compare_rollups, Rollup.Dimension) if comparison.first
    ]


def get_statement(code: str, month: str) -> Statement:
    return Statement.objects.get(affiliate__code=code, close__period=f"{month}-01")


def get_statement_figures(code: str, month: str) -> Sequence[str]:
    """Return opening, settled, adjustments, returned, payout, closing and the reasons of a statement."""
    statement = get_statement(code, month)
    amounts = (
        statement.opening,
        statement.settled,
        statement.adjustments,
        statement.returned,
        statement.payout,
        statement.closing,
    )
    return [*map(str, amounts), " ".join(statement.reasons)]
