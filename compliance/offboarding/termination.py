"""How an agreement with one affiliate ends (CONTRACT 8, clauses 10.1 to 10.3): with notice, by leaving, for breach."""

from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from affiliates import standing
from affiliates.errors import IllegalTransition
from affiliates.models import Affiliate, State
from agreements.clauses import clause_in_force, clause_of
from agreements.models import Agreement
from agreements.rules import Rule
from agreements.under import agreement_of
from audit import trail
from compliance import emails, timeline
from compliance.deadlines import days_after
from compliance.grounds import cited
from compliance.models import Review, TerminationNotice
from compliance.offboarding.notice_expiry import carry_out
from compliance.offboarding.suspension import reinstate, suspend
from lib.formatting import moment_for
from payouts.ledger import booking

__all__ = ["carry_out", "end_for_breach", "give_notice", "leave", "reinstate", "revoke", "revoke_for", "suspend"]

Ground, Running = TerminationNotice.Ground, TerminationNotice.State


@transaction.atomic
def give_notice(
    *, affiliate: Affiliate, ground: str, reason: str, now: datetime, by: User | None, review: Review | None = None
) -> TerminationNotice:
    """Give notice for a missed target or by the program's choice: it ends `termination_notice_days` x 24 h from now.

    The affiliate goes on meanwhile as they are, and all that they earned is paid. Refuses with ValidationError somebody
    who takes no part or is leaving, and a second notice beside a running one (clause 10.2).
    """
    why = timeline.required(reason, "reason")
    current = _locked(affiliate)
    if current.state not in (State.APPROVED, State.ACTIVE, State.SUSPENDED):
        raise ValidationError(_("%(affiliate)s takes no part in the program or is leaving.") % {"affiliate": affiliate})
    _refuse_second(current)
    agreement = _agreement(current, now)
    takes_effect_at = days_after(now, agreement.termination_notice_days)
    notice = TerminationNotice.objects.create(
        affiliate=current,
        ground=Ground(ground),
        reason=why,
        clause=clause_of(agreement.pk, Rule.TERMINATION_NOTICE_DAYS),
        review=review,
        given_at=now,
        given_by=by,
        takes_effect_at=takes_effect_at,
    )
    _note_end(affiliate, takes_effect_at)
    trail.record(
        action="notice of termination given",
        subject=affiliate,
        now=now,
        by=by,
        after={"ground": notice.ground, "clause": notice.clause, "takes_effect_at": takes_effect_at},
        reason=why,
    )
    emails.notice_given(notice, agreement=agreement)
    return notice


@transaction.atomic
def revoke(*, notice: TerminationNotice, reason: str, now: datetime, by: User | None) -> None:
    """Take back a notice that still runs, with a reason; the affiliate is told."""
    why = timeline.required(reason, "reason")
    _locked(notice.affiliate)
    end_notice(notice, to=Running.REVOKED, now=now, by=by, reason=why)
    if notice.affiliate.state != State.LEAVING:
        _note_end(notice.affiliate, None)
    emails.notice_revoked(notice, reason=why)


def revoke_for(*, review: Review, now: datetime, by: User | None) -> None:
    """Take back the notice that `review` had decided, where it still runs: the appeal was granted."""
    for notice in TerminationNotice.objects.filter(review=review, state=Running.RUNNING):
        revoke(notice=notice, reason=_("Your appeal was granted."), now=now, by=by)


@transaction.atomic
def leave(*, affiliate: Affiliate, now: datetime, by: User | None, reason: str = "") -> None:
    """The affiliate leaves: `termination_notice_days` x 24 h from now their agreement ends (clause 10.1).

    Somebody who was approved and has accepted nothing is out at once. A notice that ends earlier goes on.
    """
    booking.gate()
    if affiliate.state == State.APPROVED:
        standing.move(affiliate=affiliate, to=State.TERMINATED, now=now, by=by, reason=reason or _("left"))
        emails.left(affiliate, now=now)
        return
    agreement = _agreement(affiliate, now)
    ends_at = days_after(now, agreement.termination_notice_days)
    clause = clause_in_force(Rule.LEAVING, agreement)[:60]
    standing.move(
        affiliate=affiliate, to=State.LEAVING, now=now, by=by, reason=reason, clause=clause, notice_ends_at=ends_at
    )
    emails.leaving_confirmed(affiliate, ends_at=ends_at, agreement=agreement, now=now)


def end_for_breach(*, review: Review, now: datetime, by: User | None) -> None:
    """End the agreement at once by the decision of `review`: links stop, later orders are nobody's (clause 10.3)."""
    affiliate = review.affiliate
    standing.move(
        affiliate=affiliate,
        to=State.TERMINATED,
        now=now,
        by=by,
        reason=review.decision_reason,
        clause=cited(review),
        breach=True,
    )
    for notice in TerminationNotice.objects.filter(affiliate=affiliate, state=Running.RUNNING):
        end_notice(notice, to=Running.REVOKED, now=now, by=by, reason=_("The agreement ended for breach."))
    emails.ended_for_breach(review)


def end_notice(
    notice: TerminationNotice, *, to: TerminationNotice.State, now: datetime, by: User | None, reason: str = ""
) -> None:
    """Move a running notice to its end; IllegalTransition where it runs no more."""
    ended = TerminationNotice.objects.filter(pk=notice.pk, state=Running.RUNNING).update(state=to, ended_at=now)
    if not ended:
        raise IllegalTransition(_("This notice runs no more."))
    notice.state, notice.ended_at = to, now
    trail.record(
        action=f"notice of termination {to.value}",
        subject=notice.affiliate,
        now=now,
        by=by,
        before={"state": Running.RUNNING.value},
        after={"state": to.value},
        reason=reason,
    )


def _locked(affiliate: Affiliate) -> Affiliate:
    booking.gate()
    return Affiliate.objects.select_for_update(of=("self",), no_key=True).select_related("user").get(pk=affiliate.pk)


def _refuse_second(affiliate: Affiliate) -> None:
    running = TerminationNotice.objects.filter(affiliate=affiliate, state=Running.RUNNING).first()
    if running:
        when = moment_for(running.takes_effect_at, affiliate)
        raise ValidationError(_("A notice runs already: it takes effect on %(when)s.") % {"when": when})


def _agreement(affiliate: Affiliate, now: datetime) -> Agreement:
    """The version that they are under, else the one in force: somebody approved has accepted none yet."""
    agreement = agreement_of(affiliate.pk, at=now)[0] or Agreement.objects.in_force(now)
    if agreement is None:
        raise ValidationError(_("No agreement is in force yet: nothing says how long the notice is."))
    return agreement


def _note_end(affiliate: Affiliate, at: datetime | None) -> None:
    Affiliate.objects.filter(pk=affiliate.pk).update(notice_ends_at=at)
    affiliate.notice_ends_at = at
