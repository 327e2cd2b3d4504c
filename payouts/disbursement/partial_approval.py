"""Approval of the payouts of a batch that can be sent, while the others wait in a batch of their own (specification 6)."""

from datetime import datetime
from decimal import Decimal

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from audit import trail
from payouts.disbursement import approval
from payouts.disbursement.approval import BatchSummary
from payouts.disbursement.blockers import MAX_NAMED
from payouts.ledger import booking
from payouts.models import Payout, PayoutBatch


def select_payable(summary: BatchSummary) -> BatchSummary:
    """Return `summary` with only the payouts that can be sent, their total and their digest; the blockers stay."""
    blocked = {blocker.payout.pk for blocker in summary.blockers}
    rows = [row for row in summary.payouts if row.pk not in blocked]
    total = sum((row.amount for row in rows), Decimal("0.00"))
    return summary._replace(payouts=rows, total=total, digest=approval.compute_digest(rows, summary.currency))


def summarize_approvable(batch: PayoutBatch, now: datetime) -> tuple[BatchSummary, bool]:
    """Return what an approver of `batch` is shown, and whether it is only a part: the payouts that can be sent."""
    summary = approval.summarize_batch(batch, now)
    payable = select_payable(summary)
    is_partial = bool(payable.payouts and summary.blockers)
    return (payable if is_partial else summary), is_partial


@transaction.atomic
def approve_payable(*, batch: PayoutBatch, digest: str, now: datetime, by: User) -> PayoutBatch:
    """Approve the payouts of `batch` that can be sent, as shown with their `digest`; return the batch of the others.

    The others become drafts of a batch of their own, which waits until they can be sent or are removed. Raises as
    `approval.approve` does, and ValidationError unless some of the payouts can be sent and some cannot.
    """
    booking.lock_shared()
    row = PayoutBatch.objects.select_for_update().get(pk=batch.pk)
    summary = approval.summarize_batch(row, now)
    if row.state != PayoutBatch.State.SUBMITTED or not 0 < len(summary.blockers) < len(summary.payouts):
        raise ValidationError(_("The payouts have changed since you opened this page. Check them again."))
    rest = _move_blocked(row, summary, now, by)
    approval.approve(batch=batch, digest=digest, now=now, by=by)
    return rest


def _move_blocked(batch: PayoutBatch, summary: BatchSummary, now: datetime, by: User) -> PayoutBatch:
    name = _("%(name)s, held back") % {"name": batch.name[:80]}
    rest = PayoutBatch.objects.create(close_id=batch.close_id, name=name, created_at=now)
    blocked = [blocker.payout.pk for blocker in summary.blockers]
    Payout.objects.filter(pk__in=blocked).update(batch=rest, state=Payout.State.DRAFT)
    causes = (f"{blocker.payout.reference}: {blocker.reason}" for blocker in summary.blockers[:MAX_NAMED])
    trail.record(
        action="payout batch split",
        subject=rest,
        now=now,
        by=by,
        after={"payouts": len(blocked), "source": str(batch.pk)},
        reason="; ".join(causes),
    )
    return rest
