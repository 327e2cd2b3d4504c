"""Batches of payouts: submitted by one member of staff, approved by another over a digest (specification 6).

What follows an approval is in `exports`, `bank_results` and `payout_transitions`.
"""

import hashlib
import json
from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import UUID

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.utils.translation import gettext as _

from accounts.models import User
from affiliates.conflict_of_interest import require_uninvolved
from affiliates.errors import IllegalTransition
from agreements.program_currency import get_program_currency
from audit import trail
from lib.reasons import require_reason
from payouts.closing.dry_run import PayoutWarning
from payouts.closing.dry_run_sql import HAS_COME_BACK, IS_NEW_ACCOUNT, WARNING_CODE
from payouts.disbursement import emails
from payouts.disbursement.blockers import PayoutBlocker, check_blockers, describe_choice, list_blockers
from payouts.errors import SecondApprovalRequired
from payouts.ledger import booking
from payouts.models import Payout, PayoutBatch
from payouts.payout_details.encryption import compute_fingerprint, decrypt

State = PayoutBatch.State
UNSENT_STATES = (Payout.State.DRAFT, Payout.State.SUBMITTED, Payout.State.APPROVED)
UNSENT_BATCH_STATES = (State.DRAFT, State.SUBMITTED, State.APPROVED)

_WARNINGS_QUERY = f"""
SELECT due.id, 'over_limit' FROM payouts_payout due WHERE due.batch_id = %(batch)s AND due.amount >= %(over)s
 UNION ALL
SELECT due.id, {WARNING_CODE}
  FROM payouts_payout due JOIN payouts_payoutdetails d ON d.id = due.details_id
 WHERE due.batch_id = %(batch)s AND {IS_NEW_ACCOUNT}
 UNION ALL
SELECT due.id, 'came_back'
  FROM payouts_payout due JOIN payouts_payoutdetails d ON d.id = due.details_id
 WHERE due.batch_id = %(batch)s AND {HAS_COME_BACK}
"""  # noqa: S608 -- constants of this package


class BatchSummary(NamedTuple):
    """What an approver is shown: the payouts to be paid, their total, and the digest over exactly that."""

    payouts: Sequence[Payout]
    total: Decimal
    currency: str
    digest: str
    blockers: Sequence[PayoutBlocker]


def summarize_batch(batch: PayoutBatch, now: datetime) -> BatchSummary:
    """Return the payouts of `batch` that are to be paid, their total, their digest and their blockers."""
    rows, currency = _load_payouts(batch), get_program_currency()
    return BatchSummary(
        payouts=rows,
        total=sum((row.amount for row in rows), Decimal("0.00")),
        currency=currency,
        digest=compute_digest(rows, currency),
        blockers=list_blockers(rows, now, currency),
    )


def list_payout_warnings(batch: PayoutBatch) -> dict[UUID, list[PayoutWarning]]:
    """Return the warnings of each payout of `batch` by the thresholds of a dry run (specification 6).

    The gravest comes first; payouts without any are left out.
    """
    with connection.cursor() as cursor:
        cursor.execute(_WARNINGS_QUERY, {"batch": batch.pk, "over": settings.UNUSUAL_PAYOUT})
        codes: dict[UUID, set[str]] = defaultdict(set)
        for pk, code in cursor.fetchall():
            codes[pk].add(code)
    return {pk: [warning for warning in PayoutWarning if warning in found] for pk, found in codes.items()}


def compute_digest(payouts: Sequence[Payout], currency: str) -> str:
    """Return the SHA-256 over payees, amounts in `currency` and destinations, in order of reference (specification 6).

    A destination is method, country and account. The account is read from the ciphertext itself, so that exchanging it
    in the database changes the digest, too.
    """
    parts = [
        [
            payout.reference,
            str(payout.affiliate_id),
            payout.details.holder,
            f"{payout.amount:.2f}",
            currency,
            payout.details.method,
            payout.affiliate.country.code,
            compute_fingerprint(decrypt(payout.details.encrypted)),
        ]
        for payout in sorted(payouts, key=lambda payout: payout.reference)
    ]
    return hashlib.sha256(json.dumps(parts, ensure_ascii=False).encode()).hexdigest()


def list_batch_blockers(batch: PayoutBatch, now: datetime) -> list[PayoutBlocker]:
    """Return the blockers of the payouts of `batch` that are to be paid."""
    return list_blockers(_load_payouts(batch), now, get_program_currency())


def find_submission_obstacle(batch: PayoutBatch, now: datetime) -> str:
    """Return what staff must do before `batch` can be submitted; "" if every payout can be sent."""
    payouts = _load_payouts(batch)
    blockers = list_blockers(payouts, now, get_program_currency())
    return describe_choice(blockers, payouts) if blockers else ""


@transaction.atomic
def submit(*, batch: PayoutBatch, now: datetime, by: User) -> None:
    """Submit the drafts of `batch` for approval.

    Raises ValidationError for an empty batch and for one with a payout that cannot be sent.
    """
    booking.lock_shared()
    summary = summarize_batch(batch, now)
    require_uninvolved(by, (payout.affiliate for payout in summary.payouts))
    if not summary.payouts:
        raise ValidationError(_("This batch has nothing to pay."))
    check_blockers(summary.blockers, summary.payouts)
    reason = _describe_payouts(summary)
    transition_batch(
        batch, (State.DRAFT,), now=now, by=by, reason=reason, state=State.SUBMITTED, submitted_at=now, submitted_by=by
    )
    batch.payouts.filter(state=Payout.State.DRAFT).update(state=Payout.State.SUBMITTED)


@transaction.atomic
def approve(*, batch: PayoutBatch, digest: str, now: datetime, by: User) -> None:
    """Approve `batch` as it was shown with `digest`.

    Raises SecondApprovalRequired for the submitter, and ValidationError if the batch is no longer as it was shown.
    """
    booking.lock_shared()
    row = PayoutBatch.objects.select_for_update().get(pk=batch.pk)
    if row.submitted_by_id == by.pk:
        raise SecondApprovalRequired(_("You submitted these payouts. Another member of staff must approve them."))
    summary = summarize_batch(row, now)
    require_uninvolved(by, (payout.affiliate for payout in summary.payouts))
    if digest != summary.digest:
        raise ValidationError(_("The payouts have changed since you opened this page. Check them again."))
    check_blockers(summary.blockers, summary.payouts)
    values: dict[str, Any] = {"approved_at": now, "approved_by": by, "digest": digest}
    transition_batch(
        batch, (State.SUBMITTED,), now=now, by=by, reason=_describe_payouts(summary), state=State.APPROVED, **values
    )
    batch.payouts.filter(state=Payout.State.SUBMITTED).update(state=Payout.State.APPROVED)


@transaction.atomic
def return_to_draft(*, batch: PayoutBatch, reason: str, now: datetime, by: User | None) -> None:
    """Void the submission and the approval of `batch`, with a reason, which the submitter gets by e-mail.

    Raises ValidationError without a reason, and IllegalTransition if the batch was exported.
    """
    booking.lock_shared()
    reason = require_reason(reason)
    submitter = PayoutBatch.objects.select_related("submitted_by").get(pk=batch.pk).submitted_by
    cleared: dict[str, Any] = {
        "submitted_at": None,
        "submitted_by": None,
        "approved_at": None,
        "approved_by": None,
        "digest": "",
    }
    transition_batch(
        batch, (State.SUBMITTED, State.APPROVED), now=now, by=by, reason=reason, state=State.DRAFT, **cleared
    )
    batch.payouts.filter(state__in=UNSENT_STATES).update(state=Payout.State.DRAFT)
    if submitter is not None and by is not None and submitter.pk != by.pk:
        emails.send_batch_returned(batch, submitter=submitter, reason=reason, now=now, by=by)


def transition_batch(
    batch: PayoutBatch, expected: Sequence[str], *, now: datetime, by: User | None, reason: str = "", **values: Any
) -> None:
    """Change `batch` from one of the `expected` states, with an audit record.

    Raises IllegalTransition if it is in another state.
    """
    before = batch.state
    if not PayoutBatch.objects.filter(pk=batch.pk, state__in=expected).update(**values):
        raise IllegalTransition(_("This batch has changed in the meantime. Check it again."))
    for name, value in values.items():
        setattr(batch, name, value)
    trail.record(
        action=f"payout batch {batch.state}",
        subject=batch,
        now=now,
        by=by,
        before={"state": before},
        after={"state": batch.state, "digest": batch.digest},
        reason=reason,
    )


def _describe_payouts(summary: BatchSummary) -> str:
    """Return what a batch pays, as the reason in its audit record."""
    count = len(summary.payouts)
    return f"To pay {summary.total:.2f} {summary.currency} in {count} payout{'' if count == 1 else 's'}, as shown."


def _load_payouts(batch: PayoutBatch) -> list[Payout]:
    rows = batch.payouts.exclude(state__in=[Payout.State.CANCELLED, Payout.State.FAILED])
    return list(rows.select_related("affiliate", "details").order_by("reference"))
