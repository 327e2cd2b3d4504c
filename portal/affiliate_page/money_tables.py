"""Tables of commissions, statements and payouts on the page of an affiliate. Accounts are masked."""

from collections.abc import Sequence
from datetime import datetime

from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from agreements.category_names import load_category_names
from lib.admin.pages import build_admin_link
from lib.formatting import format_date, format_datetime, format_money, format_month, format_percent
from payouts.models import Adjustment, Commission, Payout, PayoutDetails, PayoutHold, Statement
from payouts.reporting.commission_list import STATE_LABELS, annotate_state, list_commissions
from portal.affiliate_page.tables import MAX_ROWS, Cells, Context, Table


def _list_commissions(context: Context) -> Sequence[Cells]:
    names = load_category_names()
    return [
        (
            build_admin_link(row, f"{row.order.order_id} · {row.line.line_id}"),
            format_datetime(row.placed_at),
            names[row.category],
            str(STATE_LABELS[row.state]),  # type: ignore[attr-defined]  # annotated
            format_percent(row.rate),
            format_money(row.amount, ""),
        )
        for row in _list_newest_commissions(context)
    ]


def _list_newest_commissions(context: Context) -> QuerySet[Commission]:
    rows = annotate_state(list_commissions(context.affiliate), context.now).select_related("order", "line")
    return rows.order_by("-placed_at", "-order_id", "line__position", "line_id")[:MAX_ROWS]


def _list_statements(context: Context) -> Sequence[Cells]:
    rows = Statement.objects.for_affiliate(context.affiliate).select_related("close").order_by("-number")[:MAX_ROWS]
    return [
        (
            build_admin_link(row, format_month(row.close.period)),
            row.number,
            *(
                format_money(sum_, "")
                for sum_ in (row.opening, row.settled, row.adjustments, row.returned, row.payout, row.closing)
            ),
        )
        for row in rows
    ]


def _list_adjustments(context: Context) -> Sequence[Cells]:
    rows = Adjustment.objects.filter(affiliate=context.affiliate).order_by("-made_at", "-pk")[:MAX_ROWS]
    return [
        (
            build_admin_link(row, row.kind_label.capitalize()),
            row.reason,
            row.get_state_display(),
            format_date(row.made_at),
            format_money(row.amount, ""),
        )
        for row in rows
    ]


def _list_payouts(context: Context) -> Sequence[Cells]:
    rows = Payout.objects.for_affiliate(context.affiliate).select_related("details").order_by("-created_at")[:MAX_ROWS]
    return [
        (
            build_admin_link(row, row.reference),
            row.get_state_display(),
            f"{row.details.get_method_display()}, {row.details.masked}",
            format_date(row.created_at),
            format_date(row.paid_at) if row.paid_at else "–",
            format_money(row.amount, ""),
        )
        for row in rows
    ]


def _list_details(context: Context) -> Sequence[Cells]:
    rows = PayoutDetails.objects.filter(affiliate=context.affiliate).order_by("-entered_at", "-id")[:MAX_ROWS]
    return [
        (
            build_admin_link(row, f"{row.get_method_display()}, {row.masked}"),
            _describe_details(row, context.now),
            format_datetime(row.entered_at),
            format_datetime(row.usable_from),
        )
        for row in rows
    ]


def _describe_details(details: PayoutDetails, now: datetime) -> str:
    if details.confirmed_at is None:
        return _("not confirmed")
    return _("usable") if details.usable_from <= now else _("on hold after the change")


def _list_holds(context: Context) -> Sequence[Cells]:
    rows = PayoutHold.objects.filter(affiliate=context.affiliate).order_by("-placed_at", "-pk")[:MAX_ROWS]
    return [
        (
            build_admin_link(row, row.reason),
            format_datetime(row.placed_at),
            format_datetime(row.released_at) if row.released_at else _("still on hold"),
        )
        for row in rows
    ]


COMMISSIONS = Table(
    gettext_lazy("Commissions"),
    "payouts.view_commission",
    (
        *(gettext_lazy("Order and line"), gettext_lazy("Placed"), gettext_lazy("Category")),
        *(gettext_lazy("State"), gettext_lazy("Rate"), gettext_lazy("Commission")),
    ),
    _list_commissions,
    gettext_lazy("No commissions yet. Each line of an order that counts for this affiliate earns one."),
    Commission,
    numbers=(4,),
    amounts=(5,),
)
STATEMENTS = Table(
    gettext_lazy("Statements"),
    "payouts.view_statement",
    (
        *(gettext_lazy("Month"), gettext_lazy("Number"), gettext_lazy("Opening balance")),
        *(gettext_lazy("Commissions"), gettext_lazy("Adjustments"), gettext_lazy("Returned payouts")),
        *(gettext_lazy("Payout"), gettext_lazy("Closing balance")),
    ),
    _list_statements,
    gettext_lazy(
        "No statements yet. Each monthly close writes one for an affiliate with a balance or new commissions."
    ),
    Statement,
    numbers=(1,),
    amounts=(2, 3, 4, 5, 6, 7),
)
ADJUSTMENTS = Table(
    gettext_lazy("Adjustments"),
    "payouts.view_adjustment",
    (
        *(gettext_lazy("Kind"), gettext_lazy("Reason"), gettext_lazy("State")),
        *(gettext_lazy("Proposed"), gettext_lazy("Amount")),
    ),
    _list_adjustments,
    gettext_lazy("No adjustments. Payout preparers propose them."),
    Adjustment,
    amounts=(4,),
)
PAYOUTS = Table(
    gettext_lazy("Payouts"),
    "payouts.view_payout",
    (
        *(gettext_lazy("Reference"), gettext_lazy("State"), gettext_lazy("Account")),
        *(gettext_lazy("Created"), gettext_lazy("Paid"), gettext_lazy("Amount")),
    ),
    _list_payouts,
    gettext_lazy("No payouts yet. A monthly close pays a balance that reaches the payout threshold."),
    Payout,
    amounts=(5,),
)
DETAILS = Table(
    gettext_lazy("Payout details"),
    "payouts.view_payoutdetails",
    (gettext_lazy("Account"), gettext_lazy("State"), gettext_lazy("Entered"), gettext_lazy("Usable from")),
    _list_details,
    gettext_lazy("No payout details yet. The affiliate enters them, and is paid nothing before."),
    PayoutDetails,
)
HOLDS = Table(
    gettext_lazy("Payout holds"),
    "payouts.view_payouthold",
    (gettext_lazy("Reason"), gettext_lazy("Placed"), gettext_lazy("Released")),
    _list_holds,
    gettext_lazy("No payout holds. While there is one, the affiliate is paid nothing."),
    PayoutHold,
)
