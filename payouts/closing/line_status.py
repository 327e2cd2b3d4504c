"""What became of what a close posted: paid out, on its way, or carried over and why (CONTRACT 6)."""

from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from typing import NamedTuple

from django.utils.translation import gettext as _

from affiliates.models import Affiliate
from lib import formatting
from payouts.closing import statements
from payouts.closing.statements import CarryOverExplanation
from payouts.models import Payout, Statement, StatementLine

_RETURNED_STATES = (Payout.State.FAILED, Payout.State.CANCELLED)


class LineSettlement(NamedTuple):
    """One posted amount, on which statement, what became of the balance there, and why it was carried over, if it was."""

    amount: Decimal
    statement: Statement
    text: str
    reasons: Sequence[CarryOverExplanation] = ()
    is_in_balance: bool = False


def build_status_lookup(found: Iterable[Statement], affiliate: Affiliate) -> Callable[[StatementLine], LineSettlement]:
    """For each line of the statements, what became of it: asked once a statement."""
    became = {statement.pk: _find_outcome(statement, affiliate) for statement in found}

    def of(line: StatementLine) -> LineSettlement:
        text, reasons, is_in_balance = became[line.statement_id]
        return LineSettlement(line.amount, line.statement, text, reasons, is_in_balance)

    return of


def _find_outcome(statement: Statement, affiliate: Affiliate) -> tuple[str, Sequence[CarryOverExplanation], bool]:
    later = Statement.objects.for_affiliate(affiliate).filter(number__gte=statement.number, payout__gt=0)
    for paying in later.select_related("close", "drafted_payout").order_by("number"):
        payout = _get_latest_payout(paying.drafted_payout)
        if payout.state in _RETURNED_STATES:
            continue
        if paying.pk == statement.pk:
            return _describe_payout(payout, affiliate), (), False
        words = {"month": formatting.format_month(paying.close.period), "payout": _describe_payout(payout, affiliate)}
        return _("It was carried over with the balance to %(month)s. %(payout)s") % words, (), False
    if statement.payout:
        came_back = {"reference": _get_latest_payout(statement.drafted_payout).reference}
        return _("Its payout, reference %(reference)s, came back to your balance.") % came_back, (), True
    return _("It was carried over with the balance, because:"), statements.explain_reasons(statement), True


def _get_latest_payout(payout: Payout) -> Payout:
    """The payout, or the last of those that were issued anew for it."""
    while again := Payout.objects.filter(replaces=payout).first():
        payout = again
    return payout


def _describe_payout(payout: Payout, affiliate: Affiliate) -> str:
    if payout.state == Payout.State.PAID:
        text, at = _("It was paid out on %(day)s, reference %(reference)s."), payout.paid_at
    elif payout.state == Payout.State.SENT:
        text, at = _("Its payout was sent on %(day)s, reference %(reference)s."), payout.sent_at
    else:
        text, at = _("Its payout, reference %(reference)s, is being prepared."), None
    return text % {"reference": payout.reference, "day": formatting.format_day(at, affiliate)}
