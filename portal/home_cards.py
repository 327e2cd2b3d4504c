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
from lib.formatting import format_month
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
        *_list_statement_cards(summary, context["month"]),
        *_list_payout_cards(summary, frame, context),
        *_list_transit_cards(context),
        *_list_target_cards(summary, context["agreement"]),
        Card(_("Paid so far"), money(summary.paid_sum), address=reverse("payouts:payouts")),
    ]


def is_new(context: dict[str, Any], summary: Any) -> bool:
    """Return whether the affiliate has no figures yet."""
    unsettled = context.get("unsettled")
    amounts = [
        summary.paid_sum,
        summary.preparing_sum,
        summary.outdated_sum,
        summary.sent_sum,
        context["balance"],
        *(unsettled or ()),
    ]
    return not any(amounts) and not context["orders"]


def build_month_card(month: MonthFigures, frame: Frame) -> Card:
    """Return the card that compares this month with the same days of the last."""
    until = day(month.before_until)
    if month.before:
        words, tone = describe_change(month.now, month.before, frame.currency)
        change = format_html(
            _("{} against the {} of last month until {}, by day of order"), words, money(month.before), until
        )
    else:
        tone, change = "", format_html(_("by day of order; nothing was earned last month until {}"), until)
    return Card(
        _("Earned this month"), money(month.now), change, tone, f"{reverse('payouts:reports')}?period=this-month"
    )


def _list_statement_cards(summary: Any, month: MonthFigures) -> Iterator[Card]:
    """Yield what the newest statement earned, with the other answer if it is that of last month: orders placed then."""
    if summary.statement_pk is None:
        return
    name, is_last_month = (
        format_month(summary.statement_month),
        summary.statement_month == month.before_until.replace(day=1),
    )
    if is_last_month:
        report = f"{reverse('payouts:reports')}?period=last-month"
        change: str | SafeString = format_html(
            _("by the statement of {}, mostly from earlier orders. Orders placed in that month: {}"),
            name,
            format_html('<a href="{}">{}</a>', report, money(month.before_in_all)),
        )
    else:
        change = _("commissions settled and adjustments of that month")
    label = _("Earned last month") if is_last_month else _("Statement of %s") % name
    yield Card(
        label, money(summary.statement_earned), change, "", reverse("payouts:statement", args=[summary.statement_pk])
    )


def _list_payout_cards(summary: Any, frame: Frame, context: dict[str, Any]) -> Iterator[Card]:
    if "close" not in context:
        return
    tone, reasons = "", context["unpaid_reasons"]
    change: str | SafeString
    if reasons:
        tone = "warn"
        words = ngettext(
            "not paid by the next close: %(reason)s",
            "not paid by the next close, for %(count)d reasons. The first: %(reason)s",
            len(reasons),
        )
        text = words % {"count": len(reasons), "reason": Truncator(reasons[0].text).chars(90)}
        change = format_html("{} {}", text, clause(context["agreement"], reasons[0].clause))
    elif summary.came_back_amount is not None:
        tone, change = "warn", _("The last payout to this account came back.")
    elif frame.program is None or frame.program.opened_at is None:
        change = _("no date yet: the program is not open")
    elif context["is_overdue"]:
        change = _("due now; sent in the days after the close")
    else:
        change = format_html(_("prepared by the close on {}, sent in the days after"), day(context["close"].at))
    yield Card(_("Next payout"), money(max(context["expected"], Decimal(0))), change, tone, "#next-payout")


def _list_target_cards(summary: Any, agreement: Any) -> Iterator[Card]:
    if not agreement or summary.target_orders_required is None or summary.state != State.ACTIVE:
        return
    counted, required = summary.target_orders_counted, summary.target_orders_required
    if counted >= required:
        value = ngettext("%(counted)d order", "%(counted)d orders", counted) % {"counted": counted}
    else:
        value = _("%(counted)d of %(required)d orders") % {"counted": counted, "required": required}
    if summary.cure_by:
        change, tone = format_html(_("missed; meet it by {}"), day(summary.cure_by)), "down"
    elif summary.target_status == "at_risk":
        change, tone = SafeString(_("at risk")), "warn"
    else:
        days = ngettext(
            "the target is %(required)d in %(days)d day",
            "the target is %(required)d in %(days)d days",
            agreement.target_days,
        )
        change, tone = SafeString(days % {"days": agreement.target_days, "required": required}), ""
    yield Card(_("Sales target"), value, change, tone, build_term_url(agreement, "target_orders"))


class Part(NamedTuple):
    """A part of the money on its way, and the address where it comes from."""

    label: str
    amount: Decimal
    address: str


def list_parts(summary: Any, context: dict[str, Any]) -> list[Part]:
    """Return the parts of the money on its way: what left the balance, and what the closes will add up."""
    payouts, commissions = reverse("payouts:payouts"), reverse("payouts:commissions")
    parts = []
    if summary.sent_count:
        parts.append(Part(_("Payouts sent"), summary.sent_sum, payouts))
    if summary.preparing_count:
        parts.append(Part(_("Payouts being prepared"), summary.preparing_sum, payouts))
    if summary.outdated_sum:
        label = _("Payouts to your previous account, which go back to the balance")
        parts.append(Part(label, summary.outdated_sum, payouts))
    if "unsettled" in context:
        parts.append(Part(_("Balance after the next close"), context["expected"], "#next-payout"))
        pending = context["unsettled"].pending
        parts.append(Part(_("New commissions for a later close"), pending, f"{commissions}?settled=later"))
    return parts


def _list_transit_cards(context: dict[str, Any]) -> Iterator[Card]:
    if any(part.amount for part in context["parts"]):
        words = _("payouts under way, and what the closes add up")
        yield Card(_("Money on its way"), money(context["on_its_way"]), words, "", "#on-its-way")
