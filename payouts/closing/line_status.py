"""The status of posted statement lines: paid, being paid, or carried over and why (specification 6)."""

from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from typing import NamedTuple

from django.utils.translation import gettext as _

from affiliates.models import Affiliate
from agreements.periods import format_program_day
from lib import formatting
from payouts.closing import payout_delay
from payouts.closing.payout_forecast import PayoutForecast
from payouts.closing.statements import CarryOverExplanation, explain_reasons
from payouts.models import Payout, Statement, StatementLine

_RETURNED_STATES = (Payout.State.FAILED, Payout.State.CANCELLED)


class LineSettlement(NamedTuple):
    """A posted amount with its statement, its status in words, and the reasons if it was carried over."""

    amount: Decimal
    statement: Statement
    text: str
    reasons: Sequence[CarryOverExplanation] = ()
    is_in_balance: bool = False


def build_status_lookup(
    statements: Iterable[Statement], affiliate: Affiliate, forecast: PayoutForecast | None
) -> Callable[[StatementLine], LineSettlement]:
    """Return a function that gives the status of any line of `statements`, which is looked up once per statement."""
    outcomes = {statement.pk: _get_outcome(statement, affiliate, forecast) for statement in statements}

    def get_status(line: StatementLine) -> LineSettlement:
        text, reasons, is_in_balance = outcomes[line.statement_id]
        return LineSettlement(line.amount, line.statement, text, reasons, is_in_balance)

    return get_status


def _get_outcome(
    statement: Statement, affiliate: Affiliate, forecast: PayoutForecast | None
) -> tuple[str, Sequence[CarryOverExplanation], bool]:
    later = Statement.objects.for_affiliate(affiliate).filter(number__gte=statement.number, payout__gt=0)
    for paying in later.select_related("close").order_by("number"):
        payout = _get_latest_payout(paying)
        if payout.state in _RETURNED_STATES:
            continue
        if paying.pk == statement.pk:
            return _describe_payout(payout, forecast), (), False
        words = {"month": formatting.format_month(paying.close.period), "payout": _describe_payout(payout, forecast)}
        return _("Carried over to %(month)s. %(payout)s") % words, (), False
    if statement.payout:
        words = {"reference": _get_latest_payout(statement).reference}
        return _("The payout, reference %(reference)s, was returned to your balance.") % words, (), True
    return _("Carried over, because:"), explain_reasons(statement), True


def _get_latest_payout(statement: Statement) -> Payout:
    """Return the payout of the statement, or the last one of those that replaced it."""
    rows = Payout.objects.with_outdated()
    payout = rows.get(statement=statement)
    while newer := rows.filter(replaces=payout).first():
        payout = newer
    return payout


def _describe_payout(payout: Payout, forecast: PayoutForecast | None) -> str:
    if payout.state == Payout.State.PAID:
        text, at = _("It was paid out on %(day)s, reference %(reference)s."), payout.paid_at
    elif payout.state == Payout.State.SENT:
        text, at = _("The payout was sent on %(day)s, reference %(reference)s."), payout.sent_at
    elif payout.is_outdated:
        text = _("The payout, reference %(reference)s, was prepared. %(reason)s")
        return text % {"reference": payout.reference, "reason": payout_delay.explain_outdated(forecast)}
    else:
        text, at = _("The payout, reference %(reference)s, is being prepared."), None
    return text % {"reference": payout.reference, "day": format_program_day(at)}
