"""The affiliate's home: what to do next first, then money, progress, orders (CONTRACT 10)."""

from typing import Any
from zoneinfo import ZoneInfo

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from affiliates.access import affiliate_view
from affiliates.models import Affiliate, Channel, State
from agreements import promotions
from agreements.models import Agreement
from lib import charts
from lib.formatting import money
from payouts.closing import payout_forecast
from payouts.closing.payout_forecast import Means
from payouts.ledger import booking
from payouts.views.statements import below_zero
from portal import figures, frame, next_steps, standing_today
from portal.frame import Frame

WITH_MONEY = (State.ACTIVE, State.SUSPENDED, State.LEAVING, State.TERMINATED)


@affiliate_view
def home(request: HttpRequest, affiliate: Affiliate) -> HttpResponse:
    """One page for each state, each of which says truly where things stand."""
    here = frame.of(request)
    today = standing_today.affiliate_today(affiliate, here.now)
    context: dict[str, Any] = {"affiliate": affiliate, "today": today, "steps": next_steps.steps(today, here)}
    if affiliate.state in WITH_MONEY:
        return render(request, "portal/home.html", context | _money(today, here))
    if affiliate.state == State.APPROVED and here.agreement:
        context["figures"] = figures.figures(here.agreement, figures.rate_card(here.agreement))
    context["channels"] = Channel.objects.for_affiliate(affiliate).order_by("added_at")
    return render(request, f"portal/home_{affiliate.state}.html", context)


def _money(today: Affiliate, here: Frame) -> dict[str, Any]:
    agreement = here.mine or here.agreement
    balance = booking.balance(today)
    days = standing_today.by_day(today, ZoneInfo(agreement.time_zone if agreement else "UTC"), here.now)
    label = _("Commissions by day of order, last %d days") % standing_today.CHART_DAYS
    return {
        "agreement": agreement,
        "balance": balance,
        **(below_zero(today) if balance < 0 else {}),
        "orders": standing_today.last_orders(today),
        "offers": promotions.of(today, at=here.now),
        "days": [one for one in days if one.amount],
        "chart_label": label,
        "chart": charts.bars(days, label, lambda amount: money(amount, here.currency)),
        **(_next_payout(today, here, agreement, balance) if agreement else {}),
    }


def _next_payout(today: Any, here: Frame, agreement: Agreement, balance: Any) -> dict[str, Any]:
    close = payout_forecast.next_close(agreement, today.last_close, here.now)
    unsettled = payout_forecast.unsettled(today, close.month)
    expected = balance + unsettled.due + today.adjusted
    means = Means(
        state=today.state,
        notice_ends_at=today.notice_ends_at,
        details_usable_from=today.details_usable_from,
        held=today.payouts_held or "",
        time_zone=here.zone,
    )
    return {
        "close": close,
        "overdue": close.at <= here.now,
        "unsettled": unsettled,
        "expected": expected,
        "final": payout_forecast.is_final(means, close.at),
        "waits": payout_forecast.waits(means, expected=expected, agreement=here.mine, closes_at=close.at),
    }
