"""The five figures at the top of the page of an affiliate, each for staff who may see what it is made of."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from django.db.models import Count, Exists, OuterRef, QuerySet, Subquery, Sum
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from affiliates.models import Affiliate, State
from compliance.models import Review, TargetCheck, TargetNotice, TerminationNotice
from lib.formatting import format_date, format_datetime, format_money
from lib.money import ZERO
from payouts.models import Account, LedgerEntry, Payout, PayoutHold
from payouts.reporting import reports
from payouts.reporting.figures import sum_figures
from payouts.reporting.spans import Span

DAYS = 30
# The permissions that the figures need.
BALANCE, PAYOUTS = "payouts.view_ledgerentry", "payouts.view_payout"
REVIEW, HOLD = "compliance.view_review", "payouts.view_payouthold"
TARGET_NOTICE = "compliance.view_targetnotice"
REPORT, TARGET = "tracking.view_reports", "compliance.view_targetcheck"


class Figure(NamedTuple):
    """A figure with what explains it."""

    label: str | Promise
    value: str
    note: str


def annotate_figures(affiliates: QuerySet[Affiliate], user: Any) -> QuerySet[Any]:
    """Annotate `affiliates`, in the query that reads them, with what the figures that `user` may see are made of."""
    own = {"affiliate": OuterRef("pk")}
    if user.has_perm(BALANCE):
        entries = LedgerEntry.objects.filter(**own, account=Account.AFFILIATE_PAYABLE).order_by().values("affiliate")
        affiliates = affiliates.annotate(payable=Subquery(entries.annotate(sum=Sum("amount")).values("sum")))
    if user.has_perm(PAYOUTS):
        payouts = Payout.objects.filter(**own, state__in=Payout.UNDER_WAY).order_by().values("affiliate")
        affiliates = affiliates.annotate(
            on_its_way=Subquery(payouts.annotate(sum=Sum("amount")).values("sum")),
            payouts_on_their_way=Subquery(payouts.annotate(count=Count("pk")).values("count")),
        )
    running = TerminationNotice.objects.filter(**own, state=TerminationNotice.State.RUNNING)
    affiliates = affiliates.annotate(
        notice_given_at=Subquery(running.values("given_at")[:1]),
        notice_until=Subquery(running.values("takes_effect_at")[:1]),
    )
    if user.has_perm(TARGET_NOTICE):
        missed = TargetNotice.objects.filter(**own, state=TargetNotice.State.RUNNING)
        affiliates = affiliates.annotate(target_cure_by=Subquery(missed.values("cure_by")[:1]))
    if user.has_perm(REVIEW):
        affiliates = affiliates.annotate(has_open_review=Exists(Review.objects.filter(**own, closed_at=None)))
    if user.has_perm(HOLD):
        affiliates = affiliates.annotate(
            has_payout_hold=Exists(PayoutHold.objects.filter(**own).active(timezone.now()))
        )
    if user.has_perm(TARGET):
        check = TargetCheck.objects.filter(**own).order_by("-day")
        affiliates = affiliates.annotate(
            **{f"target_{name}": Subquery(check.values(name)[:1]) for name in ("day", "orders", "target", "result")}
        )
    return affiliates


def list_figures(affiliate: Any, user: Any, *, currency: str, zone: ZoneInfo, now: datetime) -> list[Figure]:
    """Return the figures that `user` may see, of an affiliate with the annotations."""
    figures = []
    if user.has_perm(BALANCE):
        figures.append(_describe_balance(-(affiliate.payable or ZERO), currency))
    if user.has_perm(PAYOUTS):
        figures.append(_describe_payouts(affiliate.on_its_way or ZERO, affiliate.payouts_on_their_way or 0, currency))
    if user.has_perm(REPORT):
        figures += _list_report(affiliate, currency, zone, now)
    if user.has_perm(TARGET):
        figures.append(_describe_target(affiliate))
    return figures


def list_warnings(affiliate: Any) -> list[tuple[str, str]]:
    """Return what staff should know first, as (text, tab that explains it)."""
    warnings = _list_endings(affiliate)
    if getattr(affiliate, "has_open_review", False):
        warnings.append((_("A review is not closed."), "reviews"))
    if getattr(affiliate, "has_payout_hold", False):
        warnings.append((_("Payouts are on hold."), "payouts"))
    return warnings


def _list_endings(affiliate: Any) -> list[tuple[str, str]]:
    """Return the notices that run: of termination by staff, of leaving by the affiliate, of a missed sales target."""
    endings = []
    if affiliate.notice_until:
        values = {"given": format_date(affiliate.notice_given_at), "at": format_datetime(affiliate.notice_until)}
        endings.append(_("Notice of termination since %(given)s: the agreement ends on %(at)s.") % values)
    if affiliate.state == State.LEAVING and affiliate.notice_ends_at:
        values = {"at": format_datetime(affiliate.notice_ends_at)}
        endings.append(_("The affiliate is leaving on %(at)s, and can take it back until then.") % values)
    if getattr(affiliate, "target_cure_by", None):
        values = {"at": format_datetime(affiliate.target_cure_by)}
        endings.append(_("Notice of a missed sales target: unless it is met, a review opens on %(at)s.") % values)
    return [(text, "overview") for text in endings]


def _describe_balance(balance: Decimal, currency: str) -> Figure:
    note = _("the affiliate owes it") if balance < 0 else _("settled, not paid out")
    return Figure(gettext_lazy("Balance"), format_money(balance, currency), note)


def _describe_payouts(amount: Decimal, count: int, currency: str) -> Figure:
    note = ngettext("%(count)d payout", "%(count)d payouts", count) % {"count": count}
    return Figure(gettext_lazy("Payouts under way"), format_money(amount, currency), note)


def _list_report(affiliate: Affiliate, currency: str, zone: ZoneInfo, now: datetime) -> list[Figure]:
    today = now.astimezone(zone).date()
    span = Span(today - timedelta(days=DAYS - 1), today)
    total = sum_figures(reports.get_daily_figures(affiliate=affiliate, span=span, zone=zone).values())
    period = _("in the last %(days)d days") % {"days": DAYS}
    return [
        Figure(gettext_lazy("Earned"), format_money(total.commission, currency), period),
        Figure(gettext_lazy("Clicks / orders"), f"{total.clicks or 0:,} / {total.orders:,}", period),
    ]


def _describe_target(affiliate: Any) -> Figure:
    if affiliate.target_day is None:
        return Figure(gettext_lazy("Sales target"), "–", _("not checked yet"))
    value = _("%(orders)d of %(target)d") % {"orders": affiliate.target_orders, "target": affiliate.target_target}
    result = TargetCheck.Result(affiliate.target_result)
    note = _("%(result)s, checked on %(day)s") % {"result": result.label, "day": format_date(affiliate.target_day)}
    if result == TargetCheck.Result.AT_RISK and affiliate.target_orders >= affiliate.target_target:
        note += _(", because older orders stop counting within 30 days")
    return Figure(gettext_lazy("Sales target"), value, note)
