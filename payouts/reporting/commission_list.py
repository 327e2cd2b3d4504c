"""An affiliate's commissions as a list: each with its state, filtered, and read page by page from where the last ended.

OFFSET reads all that it leaves out (PERFORMANCE 1), so a page names the last row of the one before instead.
"""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from django.db.models import Case, CharField, DecimalField, Exists, OuterRef, Q, QuerySet, Subquery, Sum, Value, When
from django.db.models.functions import Coalesce
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext_lazy as _

from affiliates.models import Affiliate
from payouts.models import Commission, CommissionHold, StatementLine

STATE_LABELS = {
    "pending": _("pending"),
    "validated": _("validated"),
    "held": _("held"),
    "void": _("void"),
    "forfeited": _("forfeited"),
}
PAGE_SIZE = 50


class Page(NamedTuple):
    """Some rows, and where the next page begins ("" where there is none)."""

    rows: Sequence[Commission]
    next_cursor: str


def list_commissions(affiliate: Affiliate, now: datetime) -> QuerySet[Commission]:
    """The commissions of `affiliate`, newest first, each with `state` (CONTRACT 5) and `settled`.

    Not those of an order that turned out to be nobody's: they are worth nothing, and the order is not the affiliate's.
    """
    rows = (
        Commission.objects.for_affiliate(affiliate).filter(order__affiliate=affiliate).select_related("order", "line")
    )
    return annotate_state(rows, now).order_by("-placed_at", "-line_id")


def annotate_state(rows: QuerySet[Commission], now: datetime) -> QuerySet[Commission]:
    """`rows` with `state` at `now` and `settled`, what closes have posted of them."""
    held = CommissionHold.objects.filter(commission=OuterRef("pk"), released_at__isnull=True)
    posted = StatementLine.objects.filter(commission=OuterRef("pk")).order_by().values("commission")
    money = DecimalField(max_digits=14, decimal_places=2)
    return rows.annotate(
        state=Case(
            When(forfeited_at__isnull=False, then=Value("forfeited")),
            When(Exists(held), then=Value("held")),
            When(Q(amount=0), then=Value("void")),
            When(validates_at__lte=now, then=Value("validated")),
            default=Value("pending"),
            output_field=CharField(),
        ),
        settled=Coalesce(Subquery(posted.values(sum=Sum("amount"))), Value(Decimal(0)), output_field=money),
    )


def get_page(rows: QuerySet[Commission], after: str) -> Page:
    """The page of `rows` that follows the row named by `after`; the first for "" and for what names none."""
    found = list(_start_after(rows, after)[: PAGE_SIZE + 1])
    shown = found[:PAGE_SIZE]
    next_cursor = f"{shown[-1].placed_at.isoformat()}~{shown[-1].pk}" if len(found) > PAGE_SIZE else ""
    return Page(shown, next_cursor)


def _start_after(rows: QuerySet[Commission], after: str) -> QuerySet[Commission]:
    at, _tilde, line = after.partition("~")
    try:
        placed_at = parse_datetime(at)
    except ValueError:
        placed_at = None
    if placed_at is None or placed_at.tzinfo is None or not (line.isascii() and line.isdigit() and len(line) < 19):
        return rows
    # The first condition is what the index can use.
    return rows.filter(placed_at__lte=placed_at).filter(Q(placed_at__lt=placed_at) | Q(line__lt=int(line)))
