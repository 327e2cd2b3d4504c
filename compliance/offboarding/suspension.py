"""Suspending and reinstating an affiliate (CONTRACT 8, clause 10.4): links and coupons stop counting, nothing is paid."""

from datetime import datetime

from django.db import transaction

from accounts.models import User
from affiliates import status_history
from affiliates.errors import IllegalTransition
from affiliates.models import Affiliate, State
from agreements.applicable_version import get_applicable_version
from agreements.clauses import cite_clause
from agreements.rules import Rule
from compliance import emails, timeline
from compliance.grounds import cite_review_clause
from compliance.models import Review
from payouts.ledger import booking


@transaction.atomic
def suspend(*, affiliate: Affiliate, reason: str, now: datetime, by: User | None, review: Review | None = None) -> None:
    """Suspend an active affiliate, by the decision of `review` or directly by staff, with a reason, and tell them.

    Names the clause of the review, else the one on suspension. A running notice of termination goes on.
    """
    why = timeline.require_text(reason, "reason")
    booking.lock_shared()
    clause = cite_review_clause(review) if review else _cite_suspension_clause(affiliate, now)
    _change_state(affiliate, State.SUSPENDED, why, clause, now, by)
    emails.send_suspended(affiliate, reason=why, clause=clause, review=review, now=now)


@transaction.atomic
def reinstate(*, affiliate: Affiliate, reason: str, now: datetime, by: User | None) -> None:
    """Make a suspended affiliate active again, with a reason, and tell them."""
    why = timeline.require_text(reason, "reason")
    booking.lock_shared()
    _change_state(affiliate, State.ACTIVE, why, _cite_suspension_clause(affiliate, now), now, by)
    notify_reinstated(affiliate=affiliate, reason=why, now=now)


def notify_reinstated(*, affiliate: Affiliate, reason: str, now: datetime) -> None:
    """The e-mail about a reinstatement, also of somebody whose termination was undone."""
    emails.send_reinstated(affiliate, reason=reason, clause=_cite_suspension_clause(affiliate, now), now=now)


def _change_state(affiliate: Affiliate, to: State, reason: str, clause: str, now: datetime, by: User | None) -> None:
    if to == State.ACTIVE and affiliate.state != State.SUSPENDED:
        # The state machine also knows the way back from a termination: that is for a granted appeal alone.
        raise IllegalTransition(f"{affiliate} is not suspended.")
    status_history.change_status(
        affiliate=affiliate,
        to=to,
        now=now,
        by=by,
        reason=reason,
        clause=clause,
        notice_ends_at=affiliate.notice_ends_at,
    )


def _cite_suspension_clause(affiliate: Affiliate, now: datetime) -> str:
    agreement, _under = get_applicable_version(affiliate.pk, at=now)
    return cite_clause(agreement, Rule.SUSPENSION)[:60]
