"""Suspending and reinstating an affiliate (CONTRACT 8, clause 10.4): links and coupons stop counting, nothing is paid."""

from datetime import datetime

from django.db import transaction

from accounts.models import User
from affiliates import standing
from affiliates.errors import IllegalTransition
from affiliates.models import Affiliate, State
from agreements.clauses import clause_in_force
from agreements.rules import Rule
from agreements.under import agreement_of
from compliance import emails, timeline
from compliance.grounds import cited
from compliance.models import Review
from payouts.ledger import booking


@transaction.atomic
def suspend(*, affiliate: Affiliate, reason: str, now: datetime, by: User | None, review: Review | None = None) -> None:
    """Suspend an active affiliate, by the decision of `review` or directly by staff, with a reason, and tell them.

    Names the clause of the review, else the one on suspension. A running notice of termination goes on.
    """
    why = timeline.required(reason, "reason")
    booking.gate()
    clause = cited(review) if review else _clause(affiliate, now)
    _move(affiliate, State.SUSPENDED, why, clause, now, by)
    emails.suspended(affiliate, reason=why, clause=clause, review=review, now=now)


@transaction.atomic
def reinstate(*, affiliate: Affiliate, reason: str, now: datetime, by: User | None) -> None:
    """Make a suspended affiliate active again, with a reason, and tell them."""
    why = timeline.required(reason, "reason")
    booking.gate()
    _move(affiliate, State.ACTIVE, why, _clause(affiliate, now), now, by)
    tell_reinstated(affiliate=affiliate, reason=why, now=now)


def tell_reinstated(*, affiliate: Affiliate, reason: str, now: datetime) -> None:
    """The e-mail about a reinstatement, also of somebody whose termination was undone."""
    emails.reinstated(affiliate, reason=reason, clause=_clause(affiliate, now), now=now)


def _move(affiliate: Affiliate, to: State, reason: str, clause: str, now: datetime, by: User | None) -> None:
    if to == State.ACTIVE and affiliate.state != State.SUSPENDED:
        # The state machine also knows the way back from a termination: that is for a granted appeal alone.
        raise IllegalTransition(f"{affiliate} is not suspended.")
    standing.move(
        affiliate=affiliate,
        to=to,
        now=now,
        by=by,
        reason=reason,
        clause=clause,
        notice_ends_at=affiliate.notice_ends_at,
    )


def _clause(affiliate: Affiliate, now: datetime) -> str:
    agreement, _under = agreement_of(affiliate.pk, at=now)
    return clause_in_force(Rule.SUSPENSION, agreement)[:60]
