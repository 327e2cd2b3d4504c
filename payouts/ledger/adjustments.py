"""Adjustments: proposed with a reason, approved by a second person, posted by a close (specification 7)."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from affiliates.conflict_of_interest import require_uninvolved
from affiliates.errors import IllegalTransition
from affiliates.models import Affiliate
from audit import trail
from lib.fields import MAX_AMOUNT
from lib.reasons import require_reason
from payouts.errors import SecondApprovalRequired
from payouts.ledger import booking
from payouts.models import Adjustment

Kind = Adjustment.Kind
CENT = Decimal("0.01")


@transaction.atomic
def propose(*, affiliate: Affiliate, kind: str, amount: Decimal, reason: str, now: datetime, by: User) -> Adjustment:
    """Propose an adjustment, to be approved by a second person. A positive amount credits the affiliate.

    Raises ValidationError for the field: an amount of 0.00 or with more than two decimals, a negative bonus, a positive
    clawback, an empty reason.
    """
    booking.lock_shared()
    if kind not in Kind.values:
        raise ValidationError({"kind": _("Choose bonus, correction or clawback.")})
    if not amount.is_finite() or amount == 0 or abs(amount) > MAX_AMOUNT or amount != amount.quantize(CENT):
        raise ValidationError({"amount": _("Enter an amount with two decimals, such as 15.30, that is not 0.00.")})
    if (kind == Kind.BONUS and amount < 0) or (kind == Kind.CLAWBACK and amount > 0):
        raise ValidationError({"amount": _("A bonus must be positive, a clawback negative.")})
    return _create_proposal(now, by, affiliate=affiliate, kind=kind, amount=amount, reason=require_reason(reason))


@transaction.atomic
def propose_write_off(*, affiliate: Affiliate, reason: str, now: datetime, by: User) -> Adjustment:
    """Propose to write off a negative balance: a correction of exactly that amount, which a second person approves.

    Raises ValidationError for the field: a balance that is not negative, another open write-off, an empty reason.
    """
    booking.lock_shared()
    owed = -booking.get_balance(affiliate)
    if owed <= 0:
        raise ValidationError({"affiliate": _("The affiliate's balance is not negative.")})
    unposted = Adjustment.objects.filter(affiliate=affiliate, is_write_off=True, statement=None)
    if unposted.exclude(state=Adjustment.State.REJECTED).exists():
        raise ValidationError(
            {"affiliate": _("A write-off for this affiliate is already proposed or waiting for the next close.")}
        )
    values = {"affiliate": affiliate, "kind": Kind.CORRECTION, "amount": owed, "reason": require_reason(reason)}
    return _create_proposal(now, by, **values, is_write_off=True)


@transaction.atomic
def approve(*, adjustment: Adjustment, now: datetime, by: User) -> None:
    """Approve a proposed adjustment, so that the next close posts it.

    Raises SecondApprovalRequired for the person who proposed it, ValidationError for a write-off that no longer equals
    the negative balance, and IllegalTransition if the adjustment has been decided.
    """
    booking.lock_shared()
    row = Adjustment.objects.select_related("affiliate").get(pk=adjustment.pk)
    if row.made_by_id == by.pk:
        raise SecondApprovalRequired(_("You proposed this adjustment. Another person must approve it."))
    if row.is_write_off and row.amount != -booking.get_balance(row.affiliate):
        raise ValidationError(_("The balance has changed. Reject this write-off and propose a new one."))
    _decide(adjustment, Adjustment.State.APPROVED, now, by)
    _record_decision(adjustment, "approved", now, by)


@transaction.atomic
def reject(*, adjustment: Adjustment, reason: str, now: datetime, by: User) -> None:
    """Reject a proposed adjustment. The proposer may do so, too, to withdraw it.

    Raises ValidationError for an empty reason and IllegalTransition if the adjustment has been decided.
    """
    booking.lock_shared()
    reason = require_reason(reason)
    _decide(adjustment, Adjustment.State.REJECTED, now, by)
    _record_decision(adjustment, "rejected", now, by, reason)


def _create_proposal(now: datetime, by: User, **values: Any) -> Adjustment:
    require_uninvolved(by, [values["affiliate"]])
    row = Adjustment.objects.create(**values, made_at=now, made_by=by)
    _record_decision(row, "proposed", now, by)
    return row


def _decide(adjustment: Adjustment, state: str, now: datetime, by: User) -> None:
    require_uninvolved(by, [adjustment.affiliate])
    proposed = Adjustment.objects.filter(pk=adjustment.pk, state=Adjustment.State.PROPOSED)
    if not proposed.update(state=state, decided_at=now, decided_by=by):
        raise IllegalTransition(_("This adjustment has already been decided."))
    adjustment.state, adjustment.decided_at, adjustment.decided_by = state, now, by


def _record_decision(row: Adjustment, verb: str, now: datetime, by: User, reason: str = "") -> None:
    trail.record(
        action=f"adjustment {verb}",
        subject=row,
        now=now,
        by=by,
        after={
            "affiliate": row.affiliate_id,
            "kind": row.kind,
            "amount": row.amount,
            "state": row.state,
            "write-off": row.is_write_off,
        },
        reason=reason or row.reason,
    )
