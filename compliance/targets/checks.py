"""Daily checks of sales targets, once per affiliate and day (specification 8, section 7 of the seed agreement).

Results are stored and never change. The e-mail or notice that follows from a result is written in the same transaction.
Notices past their `cure_by` are found by query, so that the next run makes up for a missed one.
"""

import logging
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet

from affiliates.models import Affiliate, State
from agreements.clauses import get_clause_number
from agreements.models import Program
from agreements.rules import Rule
from audit import trail
from audit.models import AuditRecord
from compliance import emails
from compliance.models import Review, TargetCheck, TargetNotice, TerminationNotice
from compliance.targets import met_targets
from compliance.targets import notices as target_notices
from compliance.targets.arithmetic import TargetResult, find_expected_miss
from compliance.targets.target_evaluation import TargetEvaluation, evaluate_targets, get_program_day

logger = logging.getLogger(__name__)
WARNING_ACTION = "target at risk"


class TargetCheckCounts(NamedTuple):
    """Number of affiliates checked, and of the actions that followed."""

    checked: int
    warned: int
    notified: int
    met: int
    reviewed: int


def check_targets(*, now: datetime) -> TargetCheckCounts:
    """Check the target of every active affiliate not yet checked on this day, and end notices that are due.

    New affiliates, who have not been active for `target_days`, are not checked, but warned if they are at risk.

    Nothing is checked before the program is opened. Safe to repeat and to run concurrently: there is one check per
    affiliate and day, one running notice per affiliate, and one review per notice.
    """
    if not Program.objects.filter(opened_at__lte=now).exists():
        return TargetCheckCounts(0, 0, 0, 0, 0)
    day = get_program_day(now)
    active, checked = Affiliate.objects.filter(state=State.ACTIVE), Exists(_select_checks(day))
    # Reads all orders of the window, so once a day. Later runs evaluate one by one those who are left.
    is_first = not active.filter(checked).exists()
    stored = met_targets.store_met_checks(day=day, now=now) if is_first else 0
    unchecked = list(active.exclude(checked).order_by("pk").values_list("pk", flat=True))
    evaluations = evaluate_targets(unchecked, now=now)
    relevant = [one for one in evaluations if one.is_checkable or one.result is TargetResult.AT_RISK]
    context = CheckContext.load(relevant, now)
    acting = [one for one in relevant if context.choose_action(one)]
    without_action = [one for one in relevant if one.is_checkable and not context.choose_action(one)]
    checks = [_build_check(evaluation, day, now) for evaluation in without_action]
    TargetCheck.objects.bulk_create(checks, ignore_conflicts=True)
    outcomes = [_check_affiliate(evaluation, context, day, now) for evaluation in acting]
    ended = target_notices.end_due_notices(now=now)
    return TargetCheckCounts(
        checked=stored + sum(one.is_checkable for one in relevant),
        warned=outcomes.count("warned"),
        notified=outcomes.count("notified"),
        met=outcomes.count("met") + ended.met,
        reviewed=ended.reviewed,
    )


def _select_checks(day: date) -> QuerySet[TargetCheck]:
    """Return the checks of an affiliate on `day`, for a subquery; the index begins with the affiliate."""
    return TargetCheck.objects.filter(affiliate=OuterRef("pk"), day=day)


class CheckContext(NamedTuple):
    """State that decides which action, if any, follows from a result."""

    running: dict[UUID, TargetNotice]
    exempt: set[UUID]
    warned: dict[UUID, datetime]
    now: datetime

    @classmethod
    def load(cls, evaluations: Sequence[TargetEvaluation], now: datetime) -> "CheckContext":
        affiliate_ids = [evaluation.affiliate_id for evaluation in evaluations]
        running = TargetNotice.objects.filter(state=TargetNotice.State.RUNNING, affiliate__in=affiliate_ids)
        at_risk = [one.affiliate_id for one in evaluations if one.result is TargetResult.AT_RISK]
        return cls(
            running={notice.affiliate_id: notice for notice in running},
            exempt=find_exempt_affiliates(evaluations, now),
            warned=load_warning_times(at_risk),
            now=now,
        )

    def choose_action(self, evaluation: TargetEvaluation) -> str:
        """Return "met", "notified" or "warned", or "" if nothing follows."""
        pk = evaluation.affiliate_id
        if pk in self.running:
            return "" if evaluation.result is TargetResult.MISSED else "met"
        if evaluation.result is TargetResult.MISSED:
            return "" if pk in self.exempt else "notified"
        if evaluation.result is TargetResult.AT_RISK and self._may_warn(evaluation):
            return "warned"
        return ""

    def _may_warn(self, evaluation: TargetEvaluation) -> bool:
        last = self.warned.get(evaluation.affiliate_id)
        return last is None or last + timedelta(days=evaluation.agreement.target_days) <= self.now


def load_warning_times(affiliate_ids: Sequence[UUID]) -> dict[UUID, datetime]:
    """Return {affiliate id: when they last got the at-risk e-mail}.

    It comes from the audit trail, because new affiliates are warned before their first check.
    """
    records = AuditRecord.objects.filter(
        subject_type=Affiliate._meta.label_lower, subject_id__in=map(str, affiliate_ids), action=WARNING_ACTION
    )
    return {UUID(subject): at for subject, at in records.order_by("at", "id").values_list("subject_id", "at")}


def find_exempt_affiliates(evaluations: Sequence[TargetEvaluation], now: datetime) -> set[UUID]:
    """Return the affiliates who get no missed-target notice.

    They have a review of a missed target that is not closed or was decided in the last `target_days`, or a running
    termination notice.
    """
    agreements = {evaluation.affiliate_id: evaluation.agreement for evaluation in evaluations}
    reviews = Review.objects.filter(affiliate__in=agreements, term=Rule.SALES_TARGET.value)
    reviewed = {
        review.affiliate_id
        for review in reviews
        if not review.decided_at
        or review.state != Review.State.CLOSED
        or review.decided_at + timedelta(days=agreements[review.affiliate_id].target_days) > now
    }
    notices = TerminationNotice.objects.filter(affiliate__in=agreements, state=TerminationNotice.State.RUNNING)
    return reviewed | set(notices.values_list("affiliate_id", flat=True))


def _check_affiliate(evaluation: TargetEvaluation, context: CheckContext, day: date, now: datetime) -> str:
    """Store one check with its action and return the action; "" if another run was first or if it failed."""
    try:
        with transaction.atomic():
            return _store_check(evaluation, context, day, now)
    except Exception:
        logger.exception(
            "The target of affiliate %s could not be checked; the next run retries it.", evaluation.affiliate_id
        )
        return ""


def _store_check(evaluation: TargetEvaluation, context: CheckContext, day: date, now: datetime) -> str:
    affiliate = (
        Affiliate.objects.select_related("user")
        .select_for_update(of=("self",), no_key=True)
        .get(pk=evaluation.affiliate_id)
    )
    if affiliate.state != State.ACTIVE:
        return ""
    if not evaluation.is_checkable:
        return _warn_new_affiliate(affiliate, evaluation, context, day, now)
    action = context.choose_action(evaluation)
    check = _build_check(evaluation, day, now, warning_sent=action == "warned")
    if TargetCheck.objects.filter(affiliate=affiliate, day=day).exists():
        return ""
    check.save(force_insert=True)
    if action == "warned":
        _send_warning(affiliate, evaluation, day, now)
    elif action == "notified":
        target_notices.give_notice(affiliate=affiliate, evaluation=evaluation, now=now)
    elif action == "met":
        target_notices.end_met_notice(notice=context.running[affiliate.pk], orders=evaluation.orders, now=now)
    return action


def _warn_new_affiliate(
    affiliate: Affiliate, evaluation: TargetEvaluation, context: CheckContext, day: date, now: datetime
) -> str:
    """Warn an affiliate who has not been active for `target_days`, unless another run was first."""
    if context._replace(warned=load_warning_times([affiliate.pk])).choose_action(evaluation) != "warned":
        return ""
    _send_warning(affiliate, evaluation, day, now)
    return "warned"


def _send_warning(affiliate: Affiliate, evaluation: TargetEvaluation, day: date, now: datetime) -> None:
    missed_at = find_expected_miss(evaluation.target, now)
    assert missed_at is not None
    emails.send_target_at_risk(
        affiliate,
        agreement=evaluation.agreement,
        orders=evaluation.orders,
        missed_at=missed_at,
        is_first_period=not evaluation.is_checkable,
        day=day.isoformat(),
    )
    trail.record(
        action=WARNING_ACTION,
        subject=affiliate,
        now=now,
        by=None,
        after={"orders": evaluation.orders, "from": missed_at},
        reason=target_notices.DAILY_CHECK,
    )


def _build_check(evaluation: TargetEvaluation, day: date, now: datetime, *, warning_sent: bool = False) -> TargetCheck:
    return TargetCheck(
        affiliate_id=evaluation.affiliate_id,
        day=day,
        checked_at=now,
        result=evaluation.result.value,
        orders=evaluation.orders,
        target=evaluation.target.orders,
        window_from=evaluation.window.since,
        days_paused=evaluation.window.days_paused,
        agreement=evaluation.agreement,
        clause=get_clause_number(evaluation.agreement.pk, Rule.SALES_TARGET),
        warning_sent=warning_sent,
    )
