"""E-mails about payouts, queued in the transaction of the event that they report (specification 10)."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from accounts.models import User
from affiliates.notifications import Notice, notify, notify_many
from agreements.applicable_version import get_applicable_version
from agreements.clauses import cite_clause
from agreements.program_currency import get_program_currency
from agreements.rules import Rule
from lib.formatting import format_money
from mail import outbox
from payouts.models import Payout, PayoutBatch, PayoutDetails


def send_payouts_sent(payouts: Sequence[Payout], currency: str, now: datetime) -> None:
    """Queue an e-mail for each sent payout; load their affiliates, details and statements' versions with them."""

    def build_notice(row: Payout) -> Notice:
        # A payout that was issued again has no statement of its own.
        version = row.statement.agreement if row.statement else get_applicable_version(row.affiliate_id, at=now)[0]
        context = _build_context(row, currency) | {
            "statement": str(row.statement_id or ""),
            "clause": cite_clause(version, Rule.PAYOUT_MINIMUM),
        }
        return Notice(row.affiliate, str(row.pk), context)

    notify_many(kind="payout_sent", notices=[build_notice(row) for row in payouts])


def send_payout_failed(*, payout: Payout, returned: bool, now: datetime) -> None:
    """Queue the e-mail about a payout that failed, was cancelled, or was `returned` after it had been paid."""
    agreement = get_applicable_version(payout.affiliate_id, at=now)[0]
    context = _build_context(payout, get_program_currency()) | {
        "returned": returned,
        "cancelled": payout.state == Payout.State.CANCELLED,
        "reason": payout.failure,
        "clause": cite_clause(agreement, Rule.FAILED_PAYOUTS),
    }
    notify(affiliate=payout.affiliate, kind="payout_failed", key=str(payout.pk), context=context)


def send_batch_returned(batch: PayoutBatch, *, submitter: User, reason: str, now: datetime, by: User) -> None:
    """Queue the e-mail to the preparer whose submission was returned to draft."""
    outbox.queue_email(
        kind="payouts_returned",
        to=submitter.email,
        key=f"payouts_returned:{batch.pk}:{now.isoformat()}",
        context={"batch": batch.name, "batch_id": str(batch.pk), "by": str(by), "reason": reason},
        language="",
        user=submitter,
    )


def _build_context(payout: Payout, currency: str) -> dict[str, Any]:
    return {
        "amount": format_money(payout.amount, currency),
        "method": PayoutDetails.Method(payout.details.method).label,
        "account": payout.details.masked,
        "reference": payout.reference,
    }
