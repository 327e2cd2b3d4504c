"""Bonus, correction, clawback: proposed with a reason, approved by another person, posted by a close (CONTRACT 7)."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from affiliates.errors import IllegalTransition
from affiliates.models import Affiliate
from audit import trail
from payouts.errors import SecondApprovalRequired
from payouts.ledger import booking
from payouts.models import Adjustment

Kind = Adjustment.Kind
MAX_AMOUNT = Decimal("999999999.99")
CENT = Decimal("0.01")


@transaction.atomic
def propose(*, affiliate: Affiliate, kind: str, amount: Decimal, reason: str, now: datetime, by: User) -> Adjustment:
    """Propose an adjustment; positive is in the affiliate's favour. It counts once a second person has approved it.

    Refuses, with the field: 0.00, more than two places, a negative bonus, a positive clawback, no reason.
    """
    booking.lock_shared()
    if kind not in Kind.values:
        raise ValidationError({"kind": _("Choose bonus, correction or clawback.")})
    if not amount.is_finite() or amount == 0 or abs(amount) > MAX_AMOUNT or amount != amount.quantize(CENT):
        raise ValidationError({"amount": _("Enter an amount with two places that is not 0.00.")})
    if (kind == Kind.BONUS and amount < 0) or (kind == Kind.CLAWBACK and amount > 0):
        raise ValidationError({"amount": _("A bonus is above zero, a clawback below.")})
    if not reason.strip():
        raise ValidationError({"reason": _("Give the reason: the affiliate reads it on the statement.")})
    return _create_proposal(now, by, affiliate=affiliate, kind=kind, amount=amount, reason=reason.strip())


@transaction.atomic
def propose_write_off(*, affiliate: Affiliate, reason: str, now: datetime, by: User) -> Adjustment:
    """Propose to write off the balance below zero: a correction of exactly that amount, which a second person approves.

    Refuses, with the field: a balance that is not below zero, a second write-off at a time, no reason.
    """
    booking.lock_shared()
    owed = -booking.get_balance(affiliate)
    if owed <= 0:
        raise ValidationError({"affiliate": _("Their balance is not below zero.")})
    under_way = Adjustment.objects.filter(affiliate=affiliate, is_write_off=True, statement=None)
    if under_way.exclude(state=Adjustment.State.REJECTED).exists():
        raise ValidationError(
            {"affiliate": _("A write-off for them is proposed already, or waits for the next close.")}
        )
    if not reason.strip():
        raise ValidationError({"reason": _("Give the reason: the affiliate reads it on the statement.")})
    given = {"affiliate": affiliate, "kind": Kind.CORRECTION, "amount": owed, "reason": reason.strip()}
    return _create_proposal(now, by, **given, is_write_off=True)


@transaction.atomic
def approve(*, adjustment: Adjustment, now: datetime, by: User) -> None:
    """Approve a proposed adjustment, so that the next close posts it.

    Refuses the person who proposed it, and a write-off of anything but exactly the balance below zero as it is now.
    """
    booking.lock_shared()
    row = Adjustment.objects.select_related("affiliate").get(pk=adjustment.pk)
    if row.made_by_id == by.pk:
        raise SecondApprovalRequired(_("You proposed this adjustment: somebody else has to approve it."))
    if row.is_write_off and row.amount != -booking.get_balance(row.affiliate):
        raise ValidationError(_("The balance has changed since. Reject this write-off, and propose it anew."))
    _decide(adjustment, Adjustment.State.APPROVED, now, by)
    _record_decision(adjustment, "approved", now, by)


@transaction.atomic
def reject(*, adjustment: Adjustment, reason: str, now: datetime, by: User) -> None:
    """Reject a proposed adjustment, with the reason; whoever proposed it may take it back so."""
    booking.lock_shared()
    if not reason.strip():
        raise ValidationError({"reason": _("Give the reason.")})
    _decide(adjustment, Adjustment.State.REJECTED, now, by)
    _record_decision(adjustment, "rejected", now, by, reason.strip())


def _create_proposal(now: datetime, by: User, **values: Any) -> Adjustment:
    row = Adjustment.objects.create(**values, made_at=now, made_by=by)
    _record_decision(row, "proposed", now, by)
    return row


def _decide(adjustment: Adjustment, state: str, now: datetime, by: User) -> None:
    waiting = Adjustment.objects.filter(pk=adjustment.pk, state=Adjustment.State.PROPOSED)
    if not waiting.update(state=state, decided_at=now, decided_by=by):
        raise IllegalTransition(_("This adjustment has been decided already."))
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
