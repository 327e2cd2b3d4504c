"""The affiliate's home: next steps first, then money, progress and orders (specification 10)."""

from typing import Any
from zoneinfo import ZoneInfo

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from affiliates.access import affiliate_view
from affiliates.models import Affiliate, Channel, State
from agreements import promotions
from agreements.models import AgreementVersion
from lib import charts
from lib.formatting import format_money
from payouts.closing import payout_forecast
from payouts.closing.payout_forecast import PayoutEligibility
from payouts.ledger import booking
from payouts.views.statements import build_negative_balance_context
from portal import affiliate_summary, figures, frame, next_steps
from portal.frame import Frame

STATES_WITH_MONEY = (State.ACTIVE, State.SUSPENDED, State.LEAVING, State.TERMINATED)


@affiliate_view
def home(request: HttpRequest, affiliate: Affiliate) -> HttpResponse:
    """Render the home for the affiliate's state."""
    here = frame.get_frame(request)
    summary = affiliate_summary.get_affiliate_summary(affiliate, here.now)
    context: dict[str, Any] = {
        "affiliate": affiliate,
        "summary": summary,
        "next_steps": next_steps.list_next_steps(summary, here),
    }
    if affiliate.state in STATES_WITH_MONEY:
        return render(request, "portal/home.html", context | _build_money_context(summary, here))
    if affiliate.state == State.APPROVED and here.agreement:
        context["figures"] = figures.list_figures(here.agreement, figures.sort_rates(here.agreement))
    context["channels"] = Channel.objects.for_affiliate(affiliate).order_by("added_at")
    return render(request, f"portal/home_{affiliate.state}.html", context)


def _build_money_context(summary: Affiliate, here: Frame) -> dict[str, Any]:
    agreement = here.applicable_version or here.agreement
    balance = booking.get_balance(summary)
    days = affiliate_summary.list_daily_commissions(
        summary, ZoneInfo(agreement.time_zone if agreement else "UTC"), here.now
    )
    label = _("Commissions by day of order, last %d days") % affiliate_summary.CHART_DAYS
    return {
        "agreement": agreement,
        "balance": balance,
        **(build_negative_balance_context(summary) if balance < 0 else {}),
        "orders": affiliate_summary.list_newest_orders(summary),
        "promotions": promotions.list_promotions(summary, at=here.now),
        "chart_days": [day for day in days if day.amount],
        "chart_label": label,
        "chart": charts.draw_bars(days, label, lambda amount: format_money(amount, here.currency)),
        **(_build_payout_context(summary, here, agreement, balance) if agreement else {}),
    }


def _build_payout_context(summary: Any, here: Frame, agreement: AgreementVersion, balance: Any) -> dict[str, Any]:
    close = payout_forecast.get_next_close(agreement, summary.last_close, here.now)
    unsettled = payout_forecast.get_unsettled_amounts(summary, close.month)
    expected = balance + unsettled.due + summary.adjustments_sum
    eligibility = PayoutEligibility(
        state=summary.state,
        notice_ends_at=summary.notice_ends_at,
        details_usable_from=summary.details_usable_from,
        hold_reason=summary.payout_hold_reason or "",
        time_zone=here.zone,
    )
    return {
        "close": close,
        "is_overdue": close.at <= here.now,
        "unsettled": unsettled,
        "expected": expected,
        "is_final": payout_forecast.is_final(eligibility, close.at),
        "unpaid_reasons": payout_forecast.list_requirements(
            eligibility, expected=expected, agreement=here.applicable_version, closes_at=close.at
        ),
    }
