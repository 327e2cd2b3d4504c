"""What the money room tells affiliates by e-mail; called in the transaction of what it tells (CONTRACT 10)."""

from datetime import datetime

from affiliates.notify import notify
from agreements.clauses import clause_in_force
from agreements.rules import Rule
from agreements.under import agreement_of
from payouts.currency import program_currency
from payouts.models import Payout
from payouts.wording import money


def payout_sent(*, payout: Payout) -> None:
    """That a payout is on its way, to which (masked) account, under which reference."""
    context = _context(payout) | {"statement": str(payout.statement_id or "")}
    notify(affiliate=payout.affiliate, kind="payout_sent", key=str(payout.pk), context=context)


def payout_failed(*, payout: Payout, returned: bool, now: datetime) -> None:
    """That a payout failed, was returned after it had been paid or was cancelled, why, and where its amount is now."""
    agreement = agreement_of(payout.affiliate_id, at=now)[0]
    context = _context(payout) | {
        "returned": returned,
        "cancelled": payout.state == Payout.State.CANCELLED,
        "reason": payout.failure,
        "clause": clause_in_force(Rule.FAILED_PAYOUTS, agreement),
    }
    notify(affiliate=payout.affiliate, kind="payout_failed", key=str(payout.pk), context=context)


def _context(payout: Payout) -> dict[str, str | bool]:
    return {
        "amount": money(payout.amount, program_currency()),
        "method": payout.details.get_method_display(),
        "account": payout.details.masked,
        "reference": payout.reference,
    }
