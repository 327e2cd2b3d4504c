"""Sales targets (CONTRACT 8, section 7 of the seed agreement): asked every day for each affiliate, once.

The answers are kept as they were given. An answer sends the e-mail or gives the notice that follows from it, in the same
transaction; what runs off later (the time to cure) is asked of the notices, so that a missed tick heals itself at the next.
"""

import logging
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from django.db import transaction

from affiliates.models import Affiliate, State
from agreements.clauses import get_clause_number
from agreements.models import Program
from agreements.rules import Rule
from audit import trail
from compliance import emails
from compliance.models import Review, TargetCheck, TargetNotice, TerminationNotice
from compliance.targets import notices as target_notices
from compliance.targets.arithmetic import TargetResult, find_first_miss, list_upcoming_checks
from compliance.targets.pauses import declare_pause
from compliance.targets.target_evaluation import (
    TargetEvaluation,
    evaluate_targets,
    get_program_day,
    list_active_affiliates,
)

__all__ = ["TargetCheckCounts", "check_targets", "declare_pause", "find_exempt_affiliates"]

logger = logging.getLogger(__name__)


class TargetCheckCounts(NamedTuple):
    """How many were asked, and what came of it."""

    checked: int
    warned: int
    notified: int
    met: int
    reviewed: int


def check_targets(*, now: datetime) -> TargetCheckCounts:
    """Ask the target of every active affiliate who has not been asked on this day, and end notices that have run off.

    Nothing is asked before the program is opened. Safe to run twice and by two at once: one answer an affiliate and day,
    one notice at a time, one review a notice.
    """
    if not Program.objects.filter(opened_at__lte=now).exists():
        return TargetCheckCounts(0, 0, 0, 0, 0)
    day = get_program_day(now)
    done = set(TargetCheck.objects.filter(day=day).values_list("affiliate_id", flat=True))
    asked = [
        s
        for s in evaluate_targets([pk for pk in list_active_affiliates() if pk not in done], now=now)
        if s.is_checkable
    ]
    events = CheckContext.load(asked, now)
    quiet = [evaluation for evaluation in asked if not events.choose_action(evaluation)]
    TargetCheck.objects.bulk_create([_build_check(evaluation, day, now) for evaluation in quiet], ignore_conflicts=True)
    outcomes = [
        _check_affiliate(evaluation, events, day, now) for evaluation in asked if events.choose_action(evaluation)
    ]
    ended = target_notices.end_due_notices(now=now)
    return TargetCheckCounts(
        checked=len(asked),
        warned=outcomes.count("warned"),
        notified=outcomes.count("notified"),
        met=outcomes.count("met") + ended.met,
        reviewed=ended.reviewed,
    )


class CheckContext(NamedTuple):
    """What decides whether an answer is only kept, or something follows from it."""

    running: dict[UUID, TargetNotice]
    exempt: set[UUID]
    warned: dict[UUID, datetime]
    now: datetime

    @classmethod
    def load(cls, asked: Sequence[TargetEvaluation], now: datetime) -> "CheckContext":
        concerned = [evaluation.affiliate_id for evaluation in asked]
        running = TargetNotice.objects.filter(state=TargetNotice.State.RUNNING, affiliate__in=concerned)
        warned = TargetCheck.objects.filter(warning_sent=True, affiliate__in=concerned).order_by("checked_at")
        return cls(
            running={notice.affiliate_id: notice for notice in running},
            exempt=find_exempt_affiliates(asked, now),
            warned=dict(warned.values_list("affiliate_id", "checked_at")),
            now=now,
        )

    def choose_action(self, evaluation: TargetEvaluation) -> str:
        """ "met", "notified" or "warned"; "" where nothing follows."""
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


def find_exempt_affiliates(asked: Sequence[TargetEvaluation], now: datetime) -> set[UUID]:
    """Affiliates who get no further notice of a missed target: a review of it is open, notice of termination was given, or
    staff decided such a review within the last `target_days` and let them go on."""
    concerned = {evaluation.affiliate_id: evaluation.agreement for evaluation in asked}
    reviews = Review.objects.filter(affiliate__in=concerned, term=Rule.SALES_TARGET.value)
    found = {
        review.affiliate_id
        for review in reviews
        if not review.decided_at
        or review.state != Review.State.CLOSED
        or review.decided_at + timedelta(days=concerned[review.affiliate_id].target_days) > now
    }
    notices = TerminationNotice.objects.filter(affiliate__in=concerned, state=TerminationNotice.State.RUNNING)
    return found | set(notices.values_list("affiliate_id", flat=True))


def _check_affiliate(evaluation: TargetEvaluation, events: CheckContext, day: date, now: datetime) -> str:
    """Keep one answer with what follows from it, all or nothing; "" where another beat was faster or it failed."""
    try:
        with transaction.atomic():
            return _store_check(evaluation, events, day, now)
    except Exception:
        logger.exception("The target of affiliate %s could not be asked; it is tried again.", evaluation.affiliate_id)
        return ""


def _store_check(evaluation: TargetEvaluation, events: CheckContext, day: date, now: datetime) -> str:
    affiliate = (
        Affiliate.objects.select_related("user")
        .select_for_update(of=("self",), no_key=True)
        .get(pk=evaluation.affiliate_id)
    )
    if affiliate.state != State.ACTIVE:
        return ""
    follows = events.choose_action(evaluation)
    row = _build_check(evaluation, day, now, warning_sent=follows == "warned")
    if TargetCheck.objects.filter(affiliate=affiliate, day=day).exists():
        return ""
    row.save(force_insert=True)
    if follows == "warned":
        _send_warning(affiliate, evaluation, day, now)
    elif follows == "notified":
        target_notices.give_notice(affiliate=affiliate, evaluation=evaluation, now=now)
    elif follows == "met":
        target_notices.end_met_notice(notice=events.running[affiliate.pk], orders=evaluation.orders, now=now)
    return follows


def _send_warning(affiliate: Affiliate, evaluation: TargetEvaluation, day: date, now: datetime) -> None:
    missed_at = find_first_miss(evaluation.target, list_upcoming_checks(now))
    assert missed_at is not None
    emails.send_target_at_risk(
        affiliate, agreement=evaluation.agreement, orders=evaluation.orders, missed_at=missed_at, day=day.isoformat()
    )
    trail.record(
        action="target at risk",
        subject=affiliate,
        now=now,
        by=None,
        after={"orders": evaluation.orders, "from": missed_at},
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
