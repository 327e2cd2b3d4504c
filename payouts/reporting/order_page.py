"""One order as an affiliate may see it: each line's commission and why, when it can be paid, what it waits for (CONTRACT 5)."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from django.db.models import Prefetch
from django.utils.translation import gettext as _

from affiliates.models import Affiliate
from agreements.clauses import get_clause_number
from agreements.rules import Rule
from lib import formatting
from lib.formatting import format_datetime_for
from lib.money import ZERO
from payouts.closing import payout_forecast
from payouts.closing.line_status import LineSettlement, build_status_lookup
from payouts.closing.payout_forecast import NextClose, PayoutForecast
from payouts.models import Commission, CommissionHold, StatementLine
from payouts.reporting.commission_list import annotate_state
from tracking.models import Order
from tracking.orders.order_lookup import OrderLookup


class StatusNote(NamedTuple):
    """What a commission waits for or what became of it, in words, with the clause that says so; `source` is what holds it."""

    text: str
    clause: str
    source: str = ""


class CommissionLine(NamedTuple):
    commission: Commission
    notes: Sequence[StatusNote]
    settlements: Sequence[LineSettlement]


def is_settled(order: Order) -> bool:
    """Whether a close has settled a line of the order: then it stays whose it is (CONTRACT 4)."""
    return StatementLine.objects.filter(commission__order=order).exists()


def list_commission_lines(asked: OrderLookup, upcoming: PayoutForecast | None, now: datetime) -> list[CommissionLine]:
    """Each line of the order that has a commission of the affiliate; none where the order is not theirs."""
    if not asked.is_own:
        return []
    affiliate = asked.affiliate
    rows = annotate_state(Commission.objects.for_affiliate(affiliate).filter(order=asked.order), now)
    theirs = StatementLine.objects.filter(statement__affiliate=affiliate)
    found = list(
        rows.select_related("line", "agreement")
        .prefetch_related(
            Prefetch("holds", CommissionHold.objects.filter(released_at__isnull=True)),
            Prefetch("statement_lines", theirs.select_related("statement__close", "statement__drafted_payout")),
        )
        .order_by("line__position", "line_id")
    )
    became = build_status_lookup({line.statement for row in found for line in row.statement_lines.all()}, affiliate)
    return [
        CommissionLine(
            row, explain_commission(row, affiliate, upcoming), [became(line) for line in row.statement_lines.all()]
        )
        for row in found
    ]


def has_unpaid_lines(found: Sequence[CommissionLine]) -> bool:
    """Whether the next payout concerns any of the lines: something is still to be posted, or was and is carried over."""
    return any(line.commission.amount and line.notes for line in found) or any(
        one.is_in_balance for line in found for one in line.settlements
    )


def explain_commission(
    commission: Commission, affiliate: Affiliate, upcoming: PayoutForecast | None
) -> list[StatusNote]:
    """What has to happen before the rest of the commission can be paid, in this order; nothing where all is settled."""
    terms = commission.agreement_id
    if commission.forfeited_at:
        text = _("It was forfeited on %(at)s: %(reason)s") % {
            "at": format_datetime_for(commission.forfeited_at, affiliate),
            "reason": commission.forfeit_reason,
        }
        return [
            StatusNote(text, get_clause_number(terms, Rule.FORFEITURE)),
            *_explain_remainder(commission, affiliate, upcoming),
        ]
    found = [
        StatusNote(
            _("It is held: %(reason)s. While it is held, a close posts only decreases.") % {"reason": hold.reason},
            get_clause_number(terms, Rule.REVIEW_HOLD),
            hold.source,
        )
        for hold in commission.holds.all()
    ]
    pending = _explain_pending(commission, affiliate, upcoming)
    return [*found, *(pending or ([] if found else _explain_remainder(commission, affiliate, upcoming)))]


def _explain_pending(commission: Commission, affiliate: Affiliate, upcoming: PayoutForecast | None) -> list[StatusNote]:
    clause = get_clause_number(commission.agreement_id, Rule.VALIDATION_DAYS)
    if commission.amount == 0 or _get_settled_amount(commission):
        return []
    if commission.validates_at is None:
        return [StatusNote(_("It waits until the shop reports the order as completed."), clause)]
    if upcoming is None or commission.validates_at <= upcoming.now:
        return []
    told = {"at": format_datetime_for(commission.validates_at, affiliate)}
    if commission.holds.all():
        return [
            StatusNote(
                _("The order is completed. The commission is validated on %(at)s at the earliest.") % told, clause
            )
        ]
    posts = payout_forecast.get_settling_close(commission.validates_at, upcoming.close, upcoming.agreement)
    text = _("The order is completed. The commission is validated on %(at)s, and %(close)s posts it to your balance.")
    return [StatusNote(text % {**told, "close": _describe_close(posts, upcoming, affiliate)}, clause)]


def _explain_remainder(
    commission: Commission, affiliate: Affiliate, upcoming: PayoutForecast | None
) -> list[StatusNote]:
    if commission.amount == _get_settled_amount(commission) or upcoming is None:
        return []
    clause = get_clause_number(commission.agreement_id, Rule.SETTLEMENT)
    told = {"close": _describe_close(upcoming.close, upcoming, affiliate)}
    if _get_settled_amount(commission):
        return [
            StatusNote(
                _("The amount has changed since it was settled, and %(close)s posts the difference.") % told, clause
            )
        ]
    return [StatusNote(_("It is validated, and %(close)s posts it to your balance.") % told, clause)]


def _get_settled_amount(commission: Commission) -> Decimal:
    posted_so_far: Decimal = getattr(commission, "settled", ZERO)
    return posted_so_far


def _describe_close(close: NextClose, upcoming: PayoutForecast, affiliate: Affiliate) -> str:
    month = formatting.format_month(close.month.first_day)
    if not upcoming.is_program_open:
        return _("the close of %(month)s") % {"month": month}
    if close.at <= upcoming.now:
        return _("the close of %(month)s, any moment now,") % {"month": month}
    return _("the close of %(month)s, on %(day)s,") % {
        "month": month,
        "day": formatting.format_day(close.at, affiliate),
    }
