"""An affiliate's commissions as a CSV file."""

from collections.abc import Generator
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib.postgres.aggregates import StringAgg
from django.db.models import CharField, OuterRef, QuerySet, Subquery
from django.db.models.functions import Cast, TruncDate

from agreements.category_names import load_category_names
from lib.replica import get_read_alias
from lib.row_stream import iter_rows as stream_rows
from payouts.models import Commission, Payout, Statement, StatementLine
from payouts.reporting.commission_list import STATE_LABELS, annotate_state

# First as the report `commissions` of docs/reports.md has them, without the affiliate.
_FIELDS = {
    "order_id": "order__order_id",
    "line_id": "line__line_id",
    "placed_at": "placed_at",
    "status": "state",
    "category": "category",
    "base": "base",
    "rate": "rate",
    "amount": "amount",
    "settled": "settled",
    "validates_at": "validates_at",
    "forfeited_at": "forfeited_at",
    "agreement": "agreement__number",
    "clause": "clause",
    "currency": "order__currency",
    # The day in the program's time zone, by which the list is filtered.
    "placed_day": "placed_on",
    # The numbers of the statements that settled the commission, and when the payout of the newest was paid.
    "statements": "statements",
    "paid_at": "paid_at",
}
COLUMNS = (*_FIELDS, "status_name", "category_name")
_STATUS, _CATEGORY = COLUMNS.index("status"), COLUMNS.index("category")


def iter_rows(rows: QuerySet[Commission], now: datetime, zone: ZoneInfo) -> Generator[tuple[Any, ...], None, None]:
    """Yield the rows under COLUMNS, the newest order first, read by one statement while they are sent."""
    ordered = _annotate(annotate_state(rows, now), zone).order_by(
        "-placed_at", "-order_id", "line__position", "line_id"
    )
    alias = get_read_alias()
    query, values = ordered.values_list(*_FIELDS.values()).query.get_compiler(alias).as_sql()
    names = load_category_names()
    for row in stream_rows(query, values, using=alias):
        yield (*row, str(STATE_LABELS[row[_STATUS]]), names[row[_CATEGORY]])


def _annotate(rows: QuerySet[Commission], zone: ZoneInfo) -> QuerySet[Commission]:
    lines = StatementLine.objects.filter(commission=OuterRef("pk")).order_by()
    numbers = lines.values("commission").annotate(
        text=StringAgg(Cast("statement__number", CharField()), "; ", order_by="statement__number")
    )
    newest = lines.order_by("-statement__number").values("statement__number")[:1]
    # A balance that was carried over is paid by a later statement.
    paying = Statement.objects.filter(
        affiliate=OuterRef("affiliate"), number__gte=OuterRef("newest"), drafted_payout__state=Payout.State.PAID
    )
    return rows.annotate(
        placed_on=TruncDate("placed_at", tzinfo=zone),
        statements=Subquery(numbers.values("text")),
        newest=Subquery(newest),
        paid_at=Subquery(paying.order_by("number").values("drafted_payout__paid_at")[:1]),
    )
