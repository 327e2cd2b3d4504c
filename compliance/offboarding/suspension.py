"""Suspension and reinstatement of affiliates (specification 8, clause 10.4)."""

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from affiliates import status_history
from affiliates.conflict_of_interest import require_uninvolved
from affiliates.errors import IllegalTransition
from affiliates.models import Affiliate, State
from agreements.applicable_version import get_applicable_version
from agreements.clauses import cite_clause
from agreements.rules import Rule
from compliance import emails
from compliance.grounds import cite_review_clause
from compliance.models import Review
from lib.reasons import require_reason
from payouts.ledger import booking


@transaction.atomic
def suspend(*, affiliate: Affiliate, reason: str, now: datetime, by: User | None, review: Review | None = None) -> None:
    """Suspend an active affiliate with a reason, by the decision of `review` or directly by staff, and notify them.

    Cites the clause of the review, or else the clause on suspension. A running termination notice stays in effect. The
    decision of a review is also recorded for an affiliate who is suspended already, so that it outlasts the other.
    """
    require_uninvolved(by, [affiliate])
    reason = require_reason(reason)
    booking.lock_shared()
    clause = cite_review_clause(review) if review else _cite_suspension_clause(affiliate, now)
    is_suspended = affiliate.state == State.SUSPENDED
    if is_suspended and review is None:
        raise IllegalTransition(_("%s is suspended already.") % affiliate)
    _change_state(affiliate, State.SUSPENDED, reason, clause, now, by, source=review.source if review else "")
    if is_suspended:
        return
    emails.send_suspended(affiliate, reason=reason, clause=clause, review=review, now=now)


@transaction.atomic
def reinstate(*, affiliate: Affiliate, reason: str, now: datetime, by: User | None) -> None:
    """Make a suspended affiliate active again, with a reason, and notify them."""
    require_uninvolved(by, [affiliate])
    reason = require_reason(reason)
    booking.lock_shared()
    _change_state(affiliate, State.ACTIVE, reason, _cite_suspension_clause(affiliate, now), now, by)
    notify_reinstated(affiliate=affiliate, reason=reason, now=now)


def notify_reinstated(*, affiliate: Affiliate, reason: str, now: datetime) -> None:
    """Notify an affiliate who is reinstated or whose termination was undone."""
    emails.send_reinstated(affiliate, reason=reason, clause=_cite_suspension_clause(affiliate, now), now=now)


def _change_state(
    affiliate: Affiliate, to: State, reason: str, clause: str, now: datetime, by: User | None, *, source: str = ""
) -> None:
    if to == State.ACTIVE and affiliate.state != State.SUSPENDED:
        # The state machine also allows the ways from approved, by an acceptance, and from leaving, by taking it back.
        raise IllegalTransition(_("%s is not suspended.") % affiliate)
    if to == State.SUSPENDED and affiliate.state == State.LEAVING:
        raise IllegalTransition(_("%s is leaving and cannot be suspended.") % affiliate)
    status_history.change_status(
        affiliate=affiliate,
        to=to,
        now=now,
        by=by,
        reason=reason,
        clause=clause,
        notice_ends_at=affiliate.notice_ends_at,
        source=source,
    )


def _cite_suspension_clause(affiliate: Affiliate, now: datetime) -> str:
    agreement, _applicable = get_applicable_version(affiliate.pk, at=now)
    return cite_clause(agreement, Rule.SUSPENSION)[:60]
