"""Termination of agreements: with notice, by leaving, or for breach (specification 8, clauses 10.1 to 10.3)."""

from datetime import datetime, timedelta

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from affiliates import status_history
from affiliates.conflict_of_interest import require_uninvolved
from affiliates.errors import IllegalTransition
from affiliates.models import Affiliate, State, StatusChange
from agreements.applicable_version import get_applicable_version
from agreements.clauses import cite_clause, get_clause_number
from agreements.models import AgreementVersion
from agreements.periods import format_program_time
from agreements.rules import Rule
from audit import trail
from compliance import emails
from compliance.deadlines import add_days
from compliance.grounds import cite_review_clause
from compliance.models import Review, TerminationNotice
from lib.errors import NotAllowed
from lib.reasons import require_reason
from mail.rendering import override_language
from payouts.ledger import booking

Ground, NoticeState = TerminationNotice.Ground, TerminationNotice.State
STATES_THAT_CAN_LEAVE = (State.APPROVED, State.ACTIVE, State.SUSPENDED)


@transaction.atomic
def give_notice(
    *, affiliate: Affiliate, ground: str, reason: str, now: datetime, by: User | None, review: Review | None = None
) -> TerminationNotice:
    """Give notice for a missed target or at the program's choice, effective `termination_notice_days` x 24 h from now.

    The affiliate keeps earning until then, and everything earned is paid. Raises ValidationError if the affiliate
    does not participate, is leaving, or has a running notice (clause 10.2).
    """
    require_uninvolved(by, [affiliate])
    reason = require_reason(reason)
    current = _lock_affiliate(affiliate)
    if current.state not in STATES_THAT_CAN_LEAVE:
        raise ValidationError(
            _("%(affiliate)s is not in the program or is already leaving.") % {"affiliate": affiliate}
        )
    _reject_second_notice(current)
    agreement = _get_agreement(current, now)
    takes_effect_at = add_days(now, agreement.termination_notice_days)
    notice = TerminationNotice.objects.create(
        affiliate=current,
        ground=Ground(ground),
        reason=reason,
        clause=get_clause_number(agreement.pk, Rule.TERMINATION_NOTICE_DAYS),
        review=review,
        given_at=now,
        given_by=by,
        takes_effect_at=takes_effect_at,
    )
    _store_notice_end(affiliate, takes_effect_at)
    trail.record(
        action="termination notice given",
        subject=affiliate,
        now=now,
        by=by,
        after={"ground": notice.ground, "clause": notice.clause, "takes_effect_at": takes_effect_at},
        reason=reason,
    )
    emails.send_termination_notice(notice, agreement=agreement)
    return notice


@transaction.atomic
def revoke_notice(*, notice: TerminationNotice, reason: str, now: datetime, by: User | None) -> None:
    """Revoke a running notice with a reason and notify the affiliate."""
    require_uninvolved(by, [notice.affiliate])
    reason = require_reason(reason)
    _lock_affiliate(notice.affiliate)
    end_notice(notice, to=NoticeState.REVOKED, now=now, by=by, reason=reason)
    if notice.affiliate.state != State.LEAVING:
        _store_notice_end(notice.affiliate, None)
    emails.send_termination_revoked(notice, reason=reason)


def revoke_review_notice(*, review: Review, now: datetime, by: User | None) -> None:
    """Revoke the running notice that `review` decided, after a granted appeal."""
    for notice in TerminationNotice.objects.filter(review=review, state=NoticeState.RUNNING):
        with override_language(review.affiliate.language):
            reason = _("Your appeal was granted.")
        revoke_notice(notice=notice, reason=reason, now=now, by=by)


def resume_notice(
    *, affiliate: Affiliate, ended_at: datetime | None, now: datetime, by: User | None, reason: str
) -> None:
    """Let the notice run on that ended at `ended_at` with a termination for breach, which an appeal has annulled."""
    ended = TerminationNotice.objects.filter(affiliate=affiliate, state=NoticeState.REVOKED, ended_at=ended_at)
    for notice in ended:
        TerminationNotice.objects.filter(pk=notice.pk).update(state=NoticeState.RUNNING, ended_at=None)
        _store_notice_end(affiliate, notice.takes_effect_at)
        trail.record(
            action="termination notice resumed",
            subject=affiliate,
            now=now,
            by=by,
            before={"state": NoticeState.REVOKED.value},
            after={"state": NoticeState.RUNNING.value, "takes_effect_at": notice.takes_effect_at},
            reason=reason,
        )


@transaction.atomic
def leave_program(*, affiliate: Affiliate, now: datetime, by: User | None, reason: str = "") -> None:
    """Let the affiliate leave at once; they can take it back for `termination_notice_days` x 24 h (clause 10.1).

    Affiliates who were approved and have not accepted an agreement are terminated, because they have nothing to keep.
    """
    booking.lock_shared()
    start_leaving(affiliate=affiliate, at=now, now=now, by=by, reason=reason)


def start_leaving(
    *,
    affiliate: Affiliate,
    at: datetime,
    now: datetime,
    by: User | None,
    reason: str,
    declined: AgreementVersion | None = None,
) -> None:
    """Let the affiliate leave from `at` on, with an e-mail; `declined` is the version whose decline takes effect."""
    since = _find_start(affiliate, at)
    if affiliate.state == State.APPROVED:
        status_history.change_status(
            affiliate=affiliate, to=State.TERMINATED, now=now, by=by, reason=reason or _("left"), at=since
        )
        emails.send_left(affiliate, declined=declined, now=now)
        return
    agreement = _get_agreement(affiliate, now)
    ends_at = add_days(at, agreement.termination_notice_days)
    clause = cite_clause(declined, Rule.DECLINE) if declined else cite_clause(agreement, Rule.LEAVING)
    status_history.change_status(
        affiliate=affiliate,
        to=State.LEAVING,
        now=now,
        by=by,
        reason=reason,
        clause=clause[:60],
        at=since,
        notice_ends_at=ends_at,
    )
    emails.send_leaving_confirmed(affiliate, ends_at=ends_at, agreement=agreement, declined=declined, now=now)


def _find_start(affiliate: Affiliate, at: datetime) -> datetime:
    """Return `at`, or the first instant after the last change: the history is ordered by time."""
    return at if at >= affiliate.state_since else affiliate.state_since + timedelta(microseconds=1)


def compute_leaving_end(affiliate: Affiliate, at: datetime, now: datetime) -> datetime:
    """Return until when an affiliate who leaves at `at` can take it back, by the version that applies now."""
    return add_days(at, _get_agreement(affiliate, now).termination_notice_days)


def can_take_back(affiliate: Affiliate, now: datetime) -> bool:
    """Return whether the affiliate is leaving and can still take it back."""
    ends_at = affiliate.notice_ends_at
    return affiliate.state == State.LEAVING and ends_at is not None and now < ends_at


@transaction.atomic
def take_back_leaving(*, affiliate: Affiliate, now: datetime, by: User | None) -> None:
    """Put a leaving affiliate back into the state before, until the end of their notice, and confirm it (clause 10.1).

    Raises NotAllowed from then on, and if the affiliate is not leaving.
    """
    current = _lock_affiliate(affiliate)
    if current.state != State.LEAVING or current.notice_ends_at is None:
        raise NotAllowed(_("You are not leaving the program, so there is nothing to take back."))
    if not can_take_back(current, now):
        date = format_program_time(current.notice_ends_at)
        raise NotAllowed(_("You could take back that you leave until %(date)s.") % {"date": date})
    left = StatusChange.objects.filter(affiliate=current).order_by("at", "id").last()
    running = find_running_notice(current)
    agreement = _get_agreement(current, now)
    status_history.change_status(
        affiliate=current,
        to=State.SUSPENDED if left and left.before == State.SUSPENDED else State.ACTIVE,
        now=now,
        by=by,
        reason=_("took back leaving"),
        clause=cite_clause(agreement, Rule.LEAVING)[:60],
        at=_find_start(current, now),
        notice_ends_at=running.takes_effect_at if running else None,
    )
    is_paused = get_applicable_version(current.pk, at=now)[1].is_paused
    emails.send_leaving_taken_back(current, agreement=agreement, is_paused=is_paused, now=now)


def end_for_breach(*, review: Review, now: datetime, by: User | None) -> None:
    """End the agreement at once by the decision of `review`; later orders are not attributed (clause 10.3)."""
    affiliate = review.affiliate
    status_history.change_status(
        affiliate=affiliate,
        to=State.TERMINATED,
        now=now,
        by=by,
        reason=review.decision_reason,
        clause=cite_review_clause(review),
        breach=True,
        source=review.source,
    )
    for notice in TerminationNotice.objects.filter(affiliate=affiliate, state=NoticeState.RUNNING):
        end_notice(notice, to=NoticeState.REVOKED, now=now, by=by, reason=_("The agreement ended for breach."))
    emails.send_terminated_for_breach(review)


def end_notice(
    notice: TerminationNotice, *, to: TerminationNotice.State, now: datetime, by: User | None, reason: str = ""
) -> None:
    """Move a running notice to the state `to`; raise IllegalTransition if it is no longer running."""
    ended = TerminationNotice.objects.filter(pk=notice.pk, state=NoticeState.RUNNING).update(state=to, ended_at=now)
    if not ended:
        raise IllegalTransition(_("This notice is no longer running."))
    notice.state, notice.ended_at = to, now
    trail.record(
        action=f"termination notice {to.value}",
        subject=notice.affiliate,
        now=now,
        by=by,
        before={"state": NoticeState.RUNNING.value},
        after={"state": to.value},
        reason=reason,
    )


def _lock_affiliate(affiliate: Affiliate) -> Affiliate:
    booking.lock_shared()
    return Affiliate.objects.select_for_update(of=("self",), no_key=True).select_related("user").get(pk=affiliate.pk)


def find_running_notice(affiliate: Affiliate) -> TerminationNotice | None:
    """Return the notice that staff have given to `affiliate` and that runs."""
    notices = TerminationNotice.objects.select_related("affiliate__user", "given_by")
    return notices.filter(affiliate=affiliate, state=NoticeState.RUNNING).first()


def _reject_second_notice(affiliate: Affiliate) -> None:
    running = find_running_notice(affiliate)
    if running:
        date = format_program_time(running.takes_effect_at)
        raise ValidationError(_("A notice is already running. It takes effect on %(date)s.") % {"date": date})


def _get_agreement(affiliate: Affiliate, now: datetime) -> AgreementVersion:
    """Return the applicable version, or the version in force for an affiliate who has accepted none yet."""
    agreement = get_applicable_version(affiliate.pk, at=now)[0] or AgreementVersion.objects.get_in_force(now)
    if agreement is None:
        raise ValidationError(_("No agreement is in force, so the notice period is unknown."))
    return agreement


def _store_notice_end(affiliate: Affiliate, at: datetime | None) -> None:
    Affiliate.objects.filter(pk=affiliate.pk).update(notice_ends_at=at)
    affiliate.notice_ends_at = at
