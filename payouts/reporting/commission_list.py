"""An affiliate's commissions, each with its state, and their sums."""

from datetime import date, datetime
from decimal import Decimal
from typing import NamedTuple
from zoneinfo import ZoneInfo

from django.db.models import Case, CharField, DecimalField, Exists, OuterRef, Q, QuerySet, Subquery, Sum, Value, When
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from affiliates.models import Affiliate
from payouts.models import Commission, CommissionHold, StatementLine
from payouts.reporting import reports
from payouts.reporting.spans import Span
from tracking.models import Order

STATE_LABELS = {
    "pending": _("pending"),
    "validated": _("validated"),
    "held": _("held"),
    "void": _("reversed"),
    "forfeited": _("forfeited"),
}
SETTLEMENT_LABELS = {"next": _("by the next close"), "later": _("by a later close")}
# Days that a report can be asked for, around every order that there can be.
FIRST_DAY, LAST_DAY = date(2, 1, 1), date(9000, 1, 1)
_MONEY = DecimalField(max_digits=14, decimal_places=2)


class Sums(NamedTuple):
    """The sums of some commissions."""

    base: Decimal
    amount: Decimal


def list_commissions(affiliate: Affiliate, *, reads_all: bool = False) -> QuerySet[Commission]:
    """Return the affiliate's commissions, in no order.

    Commissions of orders that are no longer attributed to the affiliate are left out: they are 0.00. With `reads_all`,
    only the orders of commissions of 0.00 are looked up, which takes less time for all rows but more for the first few.
    """
    rows = Commission.objects.for_affiliate(affiliate).order_by()
    if not reads_all:
        return rows.filter(order__affiliate=affiliate)
    # A scalar, which is read only where the amount is 0.00: EXISTS might be turned into a list of all the orders.
    owner = Order.objects.filter(pk=OuterRef("order")).order_by().values("affiliate")
    return rows.alias(owner=Subquery(owner)).filter(Q(amount__gt=0) | Q(owner=affiliate.pk))


def annotate_state(rows: QuerySet[Commission], now: datetime) -> QuerySet[Commission]:
    """Annotate `rows` with `state` at `now` (specification 5) and with `settled`, the amount that closes have posted."""
    held = CommissionHold.objects.filter(commission=OuterRef("pk"), released_at__isnull=True)
    posted = StatementLine.objects.filter(commission=OuterRef("pk")).order_by().values("commission")
    return rows.annotate(
        state=Case(
            When(forfeited_at__isnull=False, then=Value("forfeited")),
            When(Exists(held), then=Value("held")),
            When(Q(amount=0), then=Value("void")),
            When(validates_at__lte=now, then=Value("validated")),
            default=Value("pending"),
            output_field=CharField(),
        ),
        settled=Coalesce(Subquery(posted.values(sum=Sum("amount"))), Value(Decimal("0.00")), output_field=_MONEY),
    )


def filter_state(rows: QuerySet[Commission], state: str, now: datetime) -> QuerySet[Commission]:
    """Filter `rows` by what `annotate_state` calls them, in conditions that an index can answer."""
    held = CommissionHold.objects.filter(released_at__isnull=True).values("commission")
    if state == "forfeited":
        return rows.filter(forfeited_at__isnull=False)
    rows = rows.filter(forfeited_at__isnull=True)
    if state == "held":
        return rows.filter(pk__in=held)
    rows = rows.exclude(pk__in=held)
    if state == "void":
        return rows.filter(amount=0)
    rows = rows.filter(amount__gt=0)
    if state == "validated":
        return rows.filter(validates_at__lte=now)
    return rows.filter(Q(validates_at__gt=now) | Q(validates_at__isnull=True))


def filter_settlement(rows: QuerySet[Commission], close: str, ends_at: datetime) -> QuerySet[Commission]:
    """Filter `rows` by the close that can settle them for the first time, as the forecast of a payout counts them.

    `close` is "next", the close of the month that ends at `ends_at`, or "later". Held commissions are in neither.
    """
    held = CommissionHold.objects.filter(released_at__isnull=True).values("commission")
    posted = StatementLine.objects.filter(commission=OuterRef("pk"))
    rows = rows.filter(~Exists(posted), amount__gt=0).exclude(pk__in=held)
    if close == "next":
        return rows.filter(validates_at__lt=ends_at)
    return rows.filter(Q(validates_at__gte=ends_at) | Q(validates_at__isnull=True))


def sum_commissions(rows: QuerySet[Commission]) -> Sums:
    """Return the sums of `rows`, each of which is read."""
    zero = Value(Decimal("0.00"), _MONEY)
    return Sums(**rows.aggregate(base=Coalesce(Sum("base"), zero), amount=Coalesce(Sum("amount"), zero)))


def sum_days(affiliate: Affiliate, first: date | None, last: date | None, zone: ZoneInfo, category: str = "") -> Sums:
    """Return the sums of the affiliate's commissions from daily totals, however many there are.

    `first` and `last` bound the days on which orders were placed, in the program's time `zone`; None is no bound, and
    an empty `category` all of them.
    """
    span = Span(max(first or FIRST_DAY, FIRST_DAY), min(last or LAST_DAY, LAST_DAY))
    figures = reports.sum_orders(affiliate=affiliate, span=span, zone=zone, category=category)
    return Sums(figures.sales, figures.commission)
