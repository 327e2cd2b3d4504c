"""The figures on the home of staff: sales of the last 30 days, what is owed, and what comes next (specification 10)."""

from collections.abc import Callable, Hashable, Mapping
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

from django.contrib import admin
from django.core.cache import cache
from django.db.models import DecimalField, Model, Q, Sum
from django.db.models.functions import Coalesce
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.models import User
from affiliates.models import Affiliate, State
from agreements.models import Acceptance, AgreementVersion
from agreements.periods import get_automatic_close_time, get_program_time_zone
from agreements.program_currency import get_program_currency
from agreements.published_versions import find_upcoming_version, find_version_in_force
from lib.formatting import format_date, format_money
from payouts.closing.close import get_month_to_close
from payouts.ledger import booking
from payouts.models import Close
from payouts.reporting.changes import build_cards
from payouts.reporting.figures import MEASURES, Figures
from portal.row_counts import CountedRows, Counts, count_together
from tracking.models import Rollup

DAYS = 30
# Daily totals are updated every few minutes.
KEPT_SECONDS = 60
# Of the figures of a report.
SHOWN_CARDS = (3, 4, 5)
SALES, LIABILITY, CLOSES = "tracking.view_reports", "payouts.view_ledgerentry", "payouts.view_close"
ACTIVE, ACCEPTED = "active affiliates", "acceptances of the upcoming version"
PAYABLE, TRANSIT = "payable entries", "transit entries"
RowCounts = Mapping[Hashable, Counts]


class Figure(NamedTuple):
    """A figure with what it means or how it has changed, and the page that explains it."""

    label: str
    value: str
    note: str
    link: str


def list_rows(user: User, now: datetime) -> dict[Hashable, CountedRows]:
    """Return the rows that are counted for the figures that `user` may see."""
    rows: dict[Hashable, CountedRows] = {}
    if user.has_perm(SALES):
        rows[ACTIVE] = CountedRows(Affiliate.objects.filter(state=State.ACTIVE))
        if version := find_upcoming_version(now):
            rows[ACCEPTED] = CountedRows(Acceptance.objects.filter(agreement=version))
    if user.has_perm(LIABILITY):
        rows[PAYABLE] = CountedRows(booking.list_payable_entries(), amount="amount")
        rows[TRANSIT] = CountedRows(booking.list_transit_entries(), amount="amount")
    return rows


def list_figures(user: User, now: datetime, counts: RowCounts | None = None) -> list[Figure]:
    """Return the figures that `user` may see; `counts` are those of `list_rows`, if they were read already."""
    sections: tuple[tuple[str, Callable[[User, datetime, RowCounts], list[Figure]]], ...] = (
        (SALES, _list_sales),
        (LIABILITY, _list_liability),
        (CLOSES, _list_next_close),
        (SALES, _list_upcoming_version),
    )
    counts = count_together(list_rows(user, now)) if counts is None else counts
    return [
        figure for permission, build in sections if user.has_perm(permission) for figure in build(user, now, counts)
    ]


def _list_sales(user: User, now: datetime, counts: RowCounts) -> list[Figure]:
    today = now.astimezone(get_program_time_zone()).date()
    current, previous = _sum_periods(today)
    cards = build_cards(current, previous, get_program_currency())
    link = f"{reverse('payouts:staff_reports')}?period=30-days"
    note = _("last %(days)d days, %(change)s")
    figures = [
        Figure(cards[place].label, cards[place].value, note % {"days": DAYS, "change": cards[place].change}, link)
        for place in SHOWN_CARDS
    ]
    affiliates = _build_link(user, Affiliate, "affiliates.view_affiliate", "state__exact=active")
    return [*figures, Figure(_("Active affiliates"), f"{counts[ACTIVE].number:,}", _("today"), affiliates)]


def _sum_periods(today: date) -> list[Figures]:
    """Add up the last `DAYS` days, and as many before them.

    From daily totals alone: a report adds what has changed in the minutes since, which takes longer.
    """
    periods = [
        (today - timedelta(days=DAYS * count - 1), today - timedelta(days=DAYS * (count - 1))) for count in (1, 2)
    ]
    key = f"staff_figures:{today}"
    sums: list[dict[str, Any]] | None = cache.get(key)
    if sums is None:
        rows = Rollup.objects.filter(dimension=Rollup.Dimension.TOTAL, day__range=(periods[1][0], today))
        found = rows.aggregate(
            **{
                f"{name}_{place}": Coalesce(Sum(name, filter=Q(day__range=days)), 0, output_field=DecimalField())
                for place, days in enumerate(periods)
                for name in MEASURES
            }
        )
        sums = [{name: found[f"{name}_{place}"] for name in MEASURES} for place, _days in enumerate(periods)]
        cache.set(key, sums, KEPT_SECONDS)
    counted = ("clicks", "orders", "clicked_orders")
    return [Figures(**each | {name: int(each[name]) for name in counted}) for each in sums]


def _list_liability(_user: User, _now: datetime, counts: RowCounts) -> list[Figure]:
    owed, currency = booking.Liability(-counts[PAYABLE].amount, -counts[TRANSIT].amount), get_program_currency()
    note = _("owed to affiliates: balances %(balances)s + payouts not confirmed as paid %(in_transit)s") % {
        "balances": format_money(owed.balances, currency),
        "in_transit": format_money(owed.in_transit, currency),
    }
    link = reverse("admin:payouts_ledgertransaction_trial_balance")
    return [Figure(_("Liability"), format_money(owed.total, currency), note, link)]


def _list_next_close(user: User, now: datetime, _counts: RowCounts) -> list[Figure]:
    month, agreement = get_month_to_close(), find_version_in_force(now)
    if month is None or agreement is None:
        return []
    zone = get_program_time_zone()
    at = get_automatic_close_time(month, agreement.close_day, zone)
    day = format_date(at.astimezone(zone).date())
    may_close = user.has_perm("payouts.close_month")
    link = reverse("admin:payouts_close_close_next") if may_close else _build_link(user, Close, "payouts.view_close")
    note = _("of %(month)s, overdue") if at < now else _("of %(month)s")
    return [Figure(_("Next month-end close"), day, note % {"month": month}, link)]


def _list_upcoming_version(user: User, now: datetime, counts: RowCounts) -> list[Figure]:
    version = find_upcoming_version(now)
    if version is None or version.effective_at is None:
        return []
    accepted = counts[ACCEPTED].number
    note = ngettext(
        "takes effect on %(day)s; %(count)s affiliate has accepted it",
        "takes effect on %(day)s; %(count)s affiliates have accepted it",
        accepted,
    ) % {
        "day": format_date(version.effective_at.astimezone(get_program_time_zone()).date()),
        "count": f"{accepted:,}",
    }
    link = _build_link(user, AgreementVersion, "agreements.view_agreementversion")
    return [Figure(_("Upcoming agreement version"), version.name, note, link)]


def _build_link(user: User, model: type[Model], permission: str, query: str = "") -> str:
    """Return the address of the admin list of `model`; "" if `user` may not see it."""
    if not (user.has_perm(permission) and admin.site.is_registered(model)):
        return ""
    address = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
    return f"{address}?{query}" if query else address
