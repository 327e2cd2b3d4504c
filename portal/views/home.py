"""The affiliate's home: next steps first, then money, progress and orders (specification 10)."""

from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from affiliates.access import affiliate_view
from affiliates.models import Affiliate, Channel, State
from agreements import promotions
from agreements.category_names import load_category_names
from agreements.models import AgreementVersion
from lib import charts
from lib.formatting import format_money
from lib.money import ZERO
from payouts.closing import due_parts, payout_delay, payout_eligibility, payout_forecast
from payouts.payout_details.details import get_hold_days
from payouts.views.statements import build_negative_balance_context
from portal import affiliate_summary, figures, frame, home_cards, next_steps
from portal.frame import Frame

STATES_WITH_MONEY = (State.ACTIVE, State.SUSPENDED, State.LEAVING, State.TERMINATED)


@affiliate_view
def home(request: HttpRequest, affiliate: Affiliate) -> HttpResponse:
    """Render the home for the affiliate's state."""
    page_frame = frame.get_frame(request)
    summary = affiliate_summary.get_affiliate_summary(affiliate, page_frame.now)
    page_frame.unread_notifications = summary.unread_notifications
    page_frame.has_review_to_answer = bool(summary.review_to_reply or summary.review_with_question)
    context: dict[str, Any] = {
        "affiliate": affiliate,
        "summary": summary,
        "next_steps": next_steps.list_next_steps(summary, page_frame),
    }
    if affiliate.state in STATES_WITH_MONEY:
        context |= _build_money_context(summary, page_frame)
        context["parts"] = home_cards.list_parts(summary, context)
        context["on_its_way"] = sum((part.amount for part in context["parts"]), ZERO)
        context["cards"] = home_cards.list_cards(summary, page_frame, context)
        context["is_new"] = home_cards.is_new(context, summary)
        return render(request, "portal/home.html", context)
    if affiliate.state == State.APPROVED and page_frame.agreement:
        context["figures"] = figures.list_figures(page_frame.agreement, figures.sort_rates(page_frame.agreement))
    context["channels"] = Channel.objects.for_affiliate(affiliate).order_by("added_at")
    return render(request, f"portal/home_{affiliate.state}.html", context)


def _build_money_context(summary: Any, page_frame: Frame) -> dict[str, Any]:
    agreement = page_frame.applicable_version or page_frame.agreement
    balance = -summary.payable_sum or ZERO
    days = affiliate_summary.list_daily_commissions(
        summary, ZoneInfo(agreement.time_zone if agreement else "UTC"), page_frame.now
    )
    offers = list(promotions.list_promotions(summary, at=page_frame.now))
    label = _("Commissions by day of order, last %d days") % affiliate_summary.CHART_DAYS
    return {
        "agreement": agreement,
        "balance": balance,
        **(build_negative_balance_context(summary) if balance < 0 else {}),
        "orders": affiliate_summary.list_newest_orders(summary),
        "promotions": offers,
        "category_names": load_category_names() if offers else None,
        "month": affiliate_summary.compare_months(days),
        "chart_days": [day for day in days if day.amount],
        "chart_label": label,
        "chart": charts.draw_bars(days, label, lambda amount: format_money(amount, page_frame.currency)),
        **(_build_payout_context(summary, page_frame, agreement, balance) if agreement else {}),
    }


def _build_payout_context(summary: Any, page_frame: Frame, agreement: AgreementVersion, balance: Any) -> dict[str, Any]:
    close = payout_forecast.get_next_close(agreement, summary.last_close, page_frame.now)
    due = due_parts.get_due_parts(summary, close.month)
    expected = balance + due.unsettled.due + summary.adjustments_sum
    eligibility = payout_eligibility.build_eligibility(summary)
    unpaid_reasons = payout_forecast.list_requirements(
        eligibility, expected=expected, agreement=page_frame.applicable_version, closes_at=close.at
    )
    return {
        "close": close,
        "is_overdue": close.at <= page_frame.now,
        "following": payout_forecast.get_following_close(close, agreement),
        "unsettled": due.unsettled,
        "due": due,
        "expected": expected,
        "is_final": payout_forecast.is_final(eligibility, close.at),
        "unpaid_reasons": unpaid_reasons,
        "close_after_change": payout_delay.find_close_after(
            page_frame.now + timedelta(days=get_hold_days(agreement, page_frame.now)), close, agreement, page_frame.now
        ),
        "paying_close": unpaid_reasons
        and payout_forecast.find_paying_close(
            eligibility, expected=expected, agreement=page_frame.applicable_version, close=close
        ),
    }
