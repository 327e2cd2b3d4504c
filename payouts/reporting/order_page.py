"""One order as its affiliate sees it: each line's commission, and when it is paid (specification 5).

How often an affiliate may look up an order is limited, so that other orders cannot be guessed (specification 9).
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import NamedTuple
from uuid import UUID

from django.conf import settings
from django.core.cache import cache
from django.db.models import Prefetch
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from redis.exceptions import RedisError

from agreements import promotions
from agreements.clauses import get_clause_number
from agreements.models import Promotion
from agreements.periods import format_program_day, format_program_time
from agreements.rules import Rule
from lib import formatting
from lib.money import ZERO
from payouts.closing import payout_forecast
from payouts.closing.line_status import LineSettlement, build_status_lookup
from payouts.closing.payout_forecast import NextClose, PayoutForecast
from payouts.models import Commission, CommissionHold, StatementLine
from payouts.reporting.commission_list import annotate_state
from tracking.models import Order
from tracking.orders.order_lookup import OrderLookup

HOUR = timedelta(hours=1)


class StatusNote(NamedTuple):
    """What a commission is waiting for or what happened to it, with the clause; `source` is what holds it, or ""."""

    text: str
    clause: str
    source: str = ""


class CommissionLine(NamedTuple):
    commission: Commission
    notes: Sequence[StatusNote]
    settlements: Sequence[LineSettlement]


def is_lookup_allowed(*, affiliate_id: UUID, now: datetime) -> bool:
    """Return whether the affiliate may look up one more order in this hour; always True while the cache is down."""
    key = f"order-questions:{affiliate_id}:{now:%Y%m%d%H}"
    limit: int = settings.ORDER_LOOKUPS_PER_HOUR
    try:
        cache.add(key, 0, timeout=int(HOUR.total_seconds()))
        return cache.incr(key) <= limit
    except (RedisError, OSError, ValueError):
        return True


def is_settled(order: Order) -> bool:
    """Return whether a close has settled a line of the order, which freezes its attribution (specification 4)."""
    return StatementLine.objects.filter(commission__order=order).exists()


def list_commission_lines(lookup: OrderLookup, upcoming: PayoutForecast | None, now: datetime) -> list[CommissionLine]:
    """Return the lines of the order with their commissions; none if the order is not the affiliate's."""
    if not lookup.is_own:
        return []
    affiliate = lookup.affiliate
    rows = annotate_state(Commission.objects.for_affiliate(affiliate).filter(order=lookup.order), now)
    statement_lines = StatementLine.objects.filter(statement__affiliate=affiliate)
    commissions = list(
        rows.select_related("line", "agreement", "order", "affiliate")
        .prefetch_related(
            Prefetch("holds", CommissionHold.objects.filter(released_at__isnull=True)),
            Prefetch("statement_lines", statement_lines.select_related("statement__close")),
        )
        .order_by("line__position", "line_id")
    )
    describe_settlement = build_status_lookup(
        {line.statement for row in commissions for line in row.statement_lines.all()}, affiliate, upcoming
    )
    return [
        CommissionLine(
            row,
            explain_commission(row, upcoming),
            [describe_settlement(line) for line in row.statement_lines.all()],
        )
        for row in commissions
    ]


def list_promotions(lines: Sequence[CommissionLine]) -> list[Promotion]:
    """Return the promotions that raised the rate of a line."""
    raised = [
        (line.commission, step["text"])
        for line in lines
        for step in line.commission.steps
        if step["rule"] == Rule.PROMOTIONS
    ]
    if not raised:
        return []
    commission = raised[0][0]
    offers = promotions.list_promotions_at(commission.affiliate, commission.placed_at)
    return [offer for offer in offers if any(f"the promotion {offer.name}" in text for _row, text in raised)]


def explain_commission(commission: Commission, upcoming: PayoutForecast | None) -> list[StatusNote]:
    """Return what must happen before the rest of the commission is paid, in order; nothing if all of it is settled."""
    terms = commission.agreement_id
    if commission.forfeited_at:
        text = _("Forfeited on %(at)s: %(reason)s") % {
            "at": format_program_time(commission.forfeited_at),
            "reason": commission.forfeit_reason,
        }
        return [
            StatusNote(text, get_clause_number(terms, Rule.FORFEITURE)),
            *_explain_remainder(commission, upcoming),
        ]
    notes = [
        StatusNote(
            _(
                "On hold: %(reason)s. Until the hold ends, nothing is added to your balance; reductions are still deducted."
            )
            % {"reason": hold.reason},
            get_clause_number(terms, Rule.REVIEW_HOLD),
            hold.source,
        )
        for hold in commission.holds.all()
    ]
    pending = _explain_pending(commission, upcoming)
    return [*notes, *(pending or ([] if notes else _explain_remainder(commission, upcoming)))]


def _explain_pending(commission: Commission, upcoming: PayoutForecast | None) -> list[StatusNote]:
    clause = get_clause_number(commission.agreement_id, Rule.VALIDATION_DAYS)
    if commission.amount == 0 or get_settled_amount(commission):
        return []
    if commission.validates_at is None:
        days = commission.agreement.validation_days
        text = ngettext(
            "Waiting for the shop to mark the order complete. The commission is validated %(days)d day after that. The"
            " close of that month adds it to your balance.",
            "Waiting for the shop to mark the order complete. The commission is validated %(days)d days after that. The"
            " close of that month adds it to your balance.",
            days,
        )
        return [StatusNote(text % {"days": days}, clause)]
    if upcoming is None or commission.validates_at <= upcoming.now:
        return []
    words = {"at": format_program_time(commission.validates_at)}
    if commission.holds.all():
        return [
            StatusNote(
                _("The order is complete. The commission is validated on %(at)s at the earliest.") % words, clause
            )
        ]
    posts = payout_forecast.get_settling_close(commission.validates_at, upcoming.close, upcoming.agreement)
    text = _(
        "The order is complete. The commission is validated on %(at)s. It will be added to your balance when %(close)s."
    )
    return [StatusNote(text % {**words, "close": _describe_close(posts, upcoming)}, clause)]


def _explain_remainder(commission: Commission, upcoming: PayoutForecast | None) -> list[StatusNote]:
    if commission.amount == get_settled_amount(commission) or upcoming is None:
        return []
    clause = get_clause_number(commission.agreement_id, Rule.SETTLEMENT)
    words = {"close": _describe_close(upcoming.close, upcoming)}
    if settled := get_settled_amount(commission):
        return [StatusNote(_describe_later_change(commission, settled) % words, clause)]
    return [StatusNote(_("Validated. It will be added to your balance when %(close)s.") % words, clause)]


def _describe_later_change(commission: Commission, settled: Decimal) -> str:
    """Return by how much and when a settled commission changed, for `%` with the `close` that posts the difference."""
    changed_at = commission.forfeited_at or commission.order.updated_at
    currency = commission.order.currency
    text = _(
        "Changed from %(before)s to %(after)s after it was settled, as of %(at)s. The difference, %(difference)s, "
        "is posted to your balance when %%(close)s."
    )
    return text % {
        "before": formatting.format_money(settled, currency),
        "after": formatting.format_money(commission.amount, currency),
        "difference": formatting.format_money(commission.amount - settled, currency),
        "at": format_program_time(changed_at) if changed_at else "",
    }


def get_settled_amount(commission: Commission) -> Decimal:
    """Return what closes have posted of a commission with its annotations."""
    settled: Decimal = getattr(commission, "settled", ZERO)
    return settled


def _describe_close(close: NextClose, upcoming: PayoutForecast) -> str:
    month = formatting.format_month(close.month.first_day)
    if not upcoming.is_program_open:
        return _("%(month)s is closed") % {"month": month}
    if close.at <= upcoming.now:
        return _("%(month)s is closed (due now)") % {"month": month}
    return _("%(month)s is closed (on %(day)s)") % {
        "month": month,
        "day": format_program_day(close.at),
    }
