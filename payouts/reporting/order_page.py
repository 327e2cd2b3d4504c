"""One order as an affiliate may see it: each line's commission and why, when it can be paid, what it waits for (CONTRACT 5)."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from django.db.models import Prefetch
from django.utils.translation import gettext as _

from affiliates.models import Affiliate
from agreements.clauses import clause_of
from agreements.rules import Rule
from lib import formatting
from lib.formatting import moment_for
from lib.money import ZERO
from payouts.closing import payout_forecast
from payouts.closing.line_status import Posted, posted
from payouts.closing.payout_forecast import NextClose, NextPayout
from payouts.models import Commission, CommissionHold, StatementLine
from payouts.reporting.commission_list import with_state
from tracking.models import Order
from tracking.orders.order_lookup import Asked


class Said(NamedTuple):
    """What a commission waits for or what became of it, in words, with the clause that says so; `source` is what holds it."""

    text: str
    clause: str
    source: str = ""


class Line(NamedTuple):
    commission: Commission
    said: Sequence[Said]
    posted: Sequence[Posted]


def settled(order: Order) -> bool:
    """Whether a close has settled a line of the order: then it stays whose it is (CONTRACT 4)."""
    return StatementLine.objects.filter(commission__order=order).exists()


def lines(asked: Asked, upcoming: NextPayout | None, now: datetime) -> list[Line]:
    """Each line of the order that has a commission of the affiliate; none where the order is not theirs."""
    if not asked.mine:
        return []
    affiliate = asked.affiliate
    rows = with_state(Commission.objects.for_affiliate(affiliate).filter(order=asked.order), now)
    theirs = StatementLine.objects.filter(statement__affiliate=affiliate)
    found = list(
        rows.select_related("line", "agreement")
        .prefetch_related(
            Prefetch("holds", CommissionHold.objects.filter(released_at__isnull=True)),
            Prefetch("statement_lines", theirs.select_related("statement__close", "statement__drafted_payout")),
        )
        .order_by("line__position", "line_id")
    )
    became = posted({line.statement for row in found for line in row.statement_lines.all()}, affiliate)
    return [
        Line(row, says(row, affiliate, upcoming), [became(line) for line in row.statement_lines.all()]) for row in found
    ]


def unpaid(found: Sequence[Line]) -> bool:
    """Whether the next payout concerns any of the lines: something is still to be posted, or was and is carried over."""
    return any(line.commission.amount and line.said for line in found) or any(
        one.in_balance for line in found for one in line.posted
    )


def says(commission: Commission, affiliate: Affiliate, upcoming: NextPayout | None) -> list[Said]:
    """What has to happen before the rest of the commission can be paid, in this order; nothing where all is settled."""
    terms = commission.agreement_id
    if commission.forfeited_at:
        text = _("It was forfeited on %(at)s: %(reason)s") % {
            "at": moment_for(commission.forfeited_at, affiliate),
            "reason": commission.forfeit_reason,
        }
        return [Said(text, clause_of(terms, Rule.FORFEITURE)), *_rest(commission, affiliate, upcoming)]
    found = [
        Said(
            _("It is held: %(reason)s. While it is held, a close posts only decreases.") % {"reason": hold.reason},
            clause_of(terms, Rule.REVIEW_HOLD),
            hold.source,
        )
        for hold in commission.holds.all()
    ]
    pending = _pending(commission, affiliate, upcoming)
    return [*found, *(pending or ([] if found else _rest(commission, affiliate, upcoming)))]


def _pending(commission: Commission, affiliate: Affiliate, upcoming: NextPayout | None) -> list[Said]:
    clause = clause_of(commission.agreement_id, Rule.VALIDATION_DAYS)
    if commission.amount == 0 or _settled(commission):
        return []
    if commission.validates_at is None:
        return [Said(_("It waits until the shop reports the order as completed."), clause)]
    if upcoming is None or commission.validates_at <= upcoming.now:
        return []
    told = {"at": moment_for(commission.validates_at, affiliate)}
    if commission.holds.all():
        return [
            Said(_("The order is completed. The commission is validated on %(at)s at the earliest.") % told, clause)
        ]
    posts = payout_forecast.close_that_posts(commission.validates_at, upcoming.close, upcoming.agreement)
    text = _("The order is completed. The commission is validated on %(at)s, and %(close)s posts it to your balance.")
    return [Said(text % {**told, "close": _name(posts, upcoming, affiliate)}, clause)]


def _rest(commission: Commission, affiliate: Affiliate, upcoming: NextPayout | None) -> list[Said]:
    if commission.amount == _settled(commission) or upcoming is None:
        return []
    clause = clause_of(commission.agreement_id, Rule.SETTLEMENT)
    told = {"close": _name(upcoming.close, upcoming, affiliate)}
    if _settled(commission):
        return [
            Said(_("The amount has changed since it was settled, and %(close)s posts the difference.") % told, clause)
        ]
    return [Said(_("It is validated, and %(close)s posts it to your balance.") % told, clause)]


def _settled(commission: Commission) -> Decimal:
    posted_so_far: Decimal = getattr(commission, "settled", ZERO)
    return posted_so_far


def _name(close: NextClose, upcoming: NextPayout, affiliate: Affiliate) -> str:
    month = formatting.month(close.month.first_day)
    if not upcoming.opened:
        return _("the close of %(month)s") % {"month": month}
    if close.at <= upcoming.now:
        return _("the close of %(month)s, any moment now,") % {"month": month}
    return _("the close of %(month)s, on %(day)s,") % {"month": month, "day": formatting.day(close.at, affiliate)}
