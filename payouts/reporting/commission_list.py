"""An affiliate's commissions as a list, each with its state.

A page starts after the last row of the page before: OFFSET would read every row that it skips.
"""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple
from uuid import UUID

from django.db.models import Case, CharField, DecimalField, Exists, OuterRef, Q, QuerySet, Subquery, Sum, Value, When
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from affiliates.models import Affiliate
from payouts.models import Commission, CommissionHold, StatementLine

STATE_LABELS = {
    "pending": _("pending"),
    "validated": _("validated"),
    "held": _("held"),
    "void": _("reversed"),
    "forfeited": _("forfeited"),
}
PAGE_SIZE = 50


class Page(NamedTuple):
    """The rows of a page and the cursor of the next page, "" if there is none."""

    rows: Sequence[Commission]
    next_cursor: str


def list_commissions(affiliate: Affiliate, now: datetime) -> QuerySet[Commission]:
    """Return the affiliate's commissions, newest first, each with `state` (specification 5) and `settled`.

    Commissions of orders that are no longer attributed to the affiliate are left out: they are 0.00.
    """
    rows = (
        Commission.objects.for_affiliate(affiliate).filter(order__affiliate=affiliate).select_related("order", "line")
    )
    return annotate_state(rows, now).order_by("-placed_at", "-line_id")


def annotate_state(rows: QuerySet[Commission], now: datetime) -> QuerySet[Commission]:
    """Annotate `rows` with `state` at `now` and with `settled`, the amount that closes have posted."""
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


def get_page(rows: QuerySet[Commission], cursor: str) -> Page:
    """Return the page of `rows` after `cursor`; the first page for "" and for an invalid cursor."""
    candidates = list(_start_after(rows, cursor)[: PAGE_SIZE + 1])
    page = candidates[:PAGE_SIZE]
    next_cursor = f"{page[-1].order_id}~{page[-1].line.line_id}" if len(candidates) > PAGE_SIZE else ""
    return Page(page, next_cursor)


def _start_after(rows: QuerySet[Commission], cursor: str) -> QuerySet[Commission]:
    """Filter the rows after the last one of a page, which the random id of its order and the shop's line id name.

    The database's id of the line is counted over the whole program (specification 9).
    """
    order, _tilde, line = cursor.partition("~")
    try:
        last = rows.filter(order=UUID(order), line__line_id=line.replace("\0", "")).first()
    except ValueError:
        return rows
    if last is None:
        return rows
    # The first condition alone can use the index.
    return rows.filter(placed_at__lte=last.placed_at).filter(Q(placed_at__lt=last.placed_at) | Q(line__lt=last.pk))
