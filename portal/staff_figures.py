"""The figures on the home of staff: sales of the last 30 days, what is owed, and what comes next (specification 10)."""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

from django.contrib import admin
from django.core.cache import cache
from django.db.models import DecimalField, Model, Sum
from django.db.models.functions import Coalesce
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.models import User
from affiliates.models import Affiliate, State
from agreements.models import Acceptance, AgreementVersion
from agreements.periods import get_automatic_close_time, get_program_time_zone
from agreements.program_currency import get_program_currency
from lib.formatting import format_date, format_money
from payouts.closing.close import get_month_to_close
from payouts.ledger import booking
from payouts.models import Close
from payouts.reporting.changes import build_cards
from payouts.reporting.figures import MEASURES, Figures
from tracking.models import Rollup

DAYS = 30
# Daily totals are updated every few minutes.
KEPT_SECONDS = 60
# Of the figures of a report.
SHOWN_CARDS = (3, 4, 5)


class Figure(NamedTuple):
    """A figure with what it means or how it has changed, and the page that explains it."""

    label: str
    value: str
    note: str
    link: str


def list_figures(user: User, now: datetime) -> list[Figure]:
    """Return the figures that `user` may see."""
    sections: tuple[tuple[str, Callable[[User, datetime], list[Figure]]], ...] = (
        ("tracking.view_reports", _list_sales),
        ("payouts.view_ledgertransaction", _list_liability),
        ("payouts.view_close", _list_next_close),
        ("tracking.view_reports", _list_upcoming_version),
    )
    return [figure for permission, build in sections if user.has_perm(permission) for figure in build(user, now)]


def _list_sales(user: User, now: datetime) -> list[Figure]:
    today = now.astimezone(get_program_time_zone()).date()
    current, previous = (_sum_days(today - timedelta(days=days)) for days in (DAYS - 1, 2 * DAYS - 1))
    cards = build_cards(current, previous, get_program_currency())
    link = f"{reverse('payouts:staff_reports')}?period=30-days"
    note = _("last %(days)d days, %(change)s")
    figures = [
        Figure(cards[place].label, cards[place].value, note % {"days": DAYS, "change": cards[place].change}, link)
        for place in SHOWN_CARDS
    ]
    active = Affiliate.objects.filter(state=State.ACTIVE).count()
    affiliates = _build_link(user, Affiliate, "affiliates.view_affiliate", "state__exact=active")
    return [*figures, Figure(_("Active affiliates"), f"{active:,}", _("today"), affiliates)]


def _sum_days(first: date) -> Figures:
    """Add up `DAYS` days from daily totals alone: a report adds what has changed in the minutes since, which takes longer."""
    days = (first, first + timedelta(days=DAYS - 1))
    rows = Rollup.objects.filter(dimension=Rollup.Dimension.TOTAL, day__range=days)
    measures = {name: Coalesce(Sum(name), 0, output_field=DecimalField()) for name in MEASURES}
    key = f"staff_figures:{first}"
    sums: dict[str, Any] | None = cache.get(key)
    if sums is None:
        sums = rows.aggregate(**measures)
        cache.set(key, sums, KEPT_SECONDS)
    figures = Figures(**sums)
    return figures._replace(
        clicks=int(sums["clicks"]), orders=int(sums["orders"]), clicked_orders=int(sums["clicked_orders"])
    )


def _list_liability(_user: User, _now: datetime) -> list[Figure]:
    owed, currency = booking.get_liability(), get_program_currency()
    note = _("owed to affiliates: balances %(balances)s + payouts not confirmed as paid %(in_transit)s") % {
        "balances": format_money(owed.balances, currency),
        "in_transit": format_money(owed.in_transit, currency),
    }
    link = reverse("admin:payouts_ledgertransaction_trial_balance")
    return [Figure(_("Liability"), format_money(owed.total, currency), note, link)]


def _list_next_close(user: User, now: datetime) -> list[Figure]:
    month, agreement = get_month_to_close(), AgreementVersion.objects.get_in_force(now)
    if month is None or agreement is None:
        return []
    zone = get_program_time_zone()
    at = get_automatic_close_time(month, agreement.close_day, zone)
    day = format_date(at.astimezone(zone).date())
    may_close = user.has_perm("payouts.close_month")
    link = reverse("admin:payouts_close_close_next") if may_close else _build_link(user, Close, "payouts.view_close")
    note = _("of %(month)s, overdue") if at < now else _("of %(month)s")
    return [Figure(_("Next month-end close"), day, note % {"month": month}, link)]


def _list_upcoming_version(user: User, now: datetime) -> list[Figure]:
    version = AgreementVersion.objects.upcoming(now).first()
    if version is None or version.effective_at is None:
        return []
    accepted = Acceptance.objects.filter(agreement=version).count()
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
