"""The figures at the top of an affiliate's home: what was earned, what is on its way, the next payout, the target."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any, NamedTuple

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import Truncator
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from affiliates.models import State
from payouts.reporting.changes import describe_change
from portal.affiliate_summary import MonthFigures
from portal.frame import Frame
from portal.templatetags.accord import build_term_url, clause, day, money


class Card(NamedTuple):
    """A figure; `tone` is a CSS class of `change`: up, down, warn or none. `address` is where the figure comes from."""

    label: str
    value: str
    change: str | SafeString | Promise = ""
    tone: str = ""
    address: str = ""


def list_cards(summary: Any, frame: Frame, context: dict[str, Any]) -> list[Card]:
    """Return the cards for `summary`; `context` is that of the home page."""
    return [
        build_month_card(context["month"], frame),
        *_list_payout_cards(frame, context),
        *_list_target_cards(summary, context["agreement"]),
        *_list_transit_cards(summary),
        *_list_pending_cards(context),
        Card(_("Paid so far"), money(summary.paid_sum), address=reverse("payouts:payouts")),
    ]


def is_new(context: dict[str, Any], summary: Any) -> bool:
    """Return whether the affiliate has no figures yet."""
    unsettled = context.get("unsettled")
    amounts = [summary.paid_sum, summary.preparing_sum, summary.sent_sum, context["balance"], *(unsettled or ())]
    return not any(amounts) and not context["orders"]


def build_month_card(month: MonthFigures, frame: Frame) -> Card:
    """Return the card that compares this month with the same days of the last."""
    until = day(month.before_until)
    if month.before:
        words, tone = describe_change(month.now, month.before, frame.currency)
        change = format_html(_("{} against last month until {}"), words, until)
    else:
        tone, change = "", format_html(_("nothing last month until {}"), until)
    return Card(
        _("Earned this month"), money(month.now), change, tone, f"{reverse('payouts:reports')}?period=this-month"
    )


def _list_payout_cards(frame: Frame, context: dict[str, Any]) -> Iterator[Card]:
    if "close" not in context:
        return
    tone, reasons = "", context["unpaid_reasons"]
    change: str | SafeString
    if reasons:
        tone = "warn"
        words = ngettext("rolls over: %(reason)s", "rolls over; first of %(count)d reasons: %(reason)s", len(reasons))
        text = words % {"count": len(reasons), "reason": Truncator(reasons[0].text).chars(90)}
        change = format_html("{} {}", text, clause(context["agreement"], reasons[0].clause))
    elif frame.program is None or frame.program.opened_at is None:
        change = _("no date yet: the program is not open")
    elif context["is_overdue"]:
        change = _("due now")
    else:
        change = format_html(_("by the close of {}; sent in the days after"), day(context["close"].at))
    yield Card(_("Next payout"), money(max(context["expected"], Decimal(0))), change, tone, "#next-payout")


def _list_target_cards(summary: Any, agreement: Any) -> Iterator[Card]:
    if not agreement or summary.target_orders_required is None or summary.state != State.ACTIVE:
        return
    value = _("%(counted)d of %(required)d orders") % {
        "counted": summary.target_orders_counted,
        "required": summary.target_orders_required,
    }
    if summary.cure_by:
        change, tone = format_html(_("missed; meet it by {}"), day(summary.cure_by)), "down"
    elif summary.target_status == "at_risk":
        change, tone = SafeString(_("at risk")), "warn"
    else:
        days = ngettext("in the last %(days)d day", "in the last %(days)d days", agreement.target_days)
        change, tone = SafeString(days % {"days": agreement.target_days}), ""
    yield Card(_("Sales target"), value, change, tone, build_term_url(agreement, "target_orders"))


def _list_transit_cards(summary: Any) -> Iterator[Card]:
    """Yield the payouts that left the balance, by the states of the list of payouts."""
    figures = (
        (_("Payouts being prepared"), summary.preparing_sum, summary.preparing_count),
        (_("Payouts sent"), summary.sent_sum, summary.sent_count),
    )
    for label, amount, count in figures:
        if count:
            words = ngettext("%(count)d payout", "%(count)d payouts", count) % {"count": count}
            yield Card(label, money(amount), words, "", reverse("payouts:payouts"))


def _list_pending_cards(context: dict[str, Any]) -> Iterator[Card]:
    if "unsettled" not in context:
        return
    unsettled, address = context["unsettled"], reverse("payouts:commissions")
    if unsettled.held:
        change, tone = _("and %s held during a review") % money(unsettled.held), "warn"
    else:
        change, tone = _("new commissions, settled after the next close"), ""
    yield Card(_("For a later close"), money(unsettled.pending), change, tone, f"{address}?settled=later")
