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
from agreements.clauses import clause_of
from agreements.models import Program
from agreements.rules import Rule
from audit import trail
from compliance import emails
from compliance.models import Review, TargetCheck, TargetNotice, TerminationNotice
from compliance.targets import notices as target_notices
from compliance.targets.arithmetic import Answer, days_ahead, missed_first
from compliance.targets.pauses import declare_pause
from compliance.targets.reading import Standing, active_affiliates, program_day, standings

__all__ = ["Checked", "check", "declare_pause", "resting"]

logger = logging.getLogger(__name__)


class Checked(NamedTuple):
    """How many were asked, and what came of it."""

    asked: int
    told: int
    noticed: int
    met: int
    reviewed: int


def check(*, now: datetime) -> Checked:
    """Ask the target of every active affiliate who has not been asked on this day, and end notices that have run off.

    Nothing is asked before the program is opened. Safe to run twice and by two at once: one answer an affiliate and day,
    one notice at a time, one review a notice.
    """
    if not Program.objects.filter(opened_at__lte=now).exists():
        return Checked(0, 0, 0, 0, 0)
    day = program_day(now)
    done = set(TargetCheck.objects.filter(day=day).values_list("affiliate_id", flat=True))
    asked = [s for s in standings([pk for pk in active_affiliates() if pk not in done], now=now) if s.asked]
    events = Events.read(asked, now)
    quiet = [standing for standing in asked if not events.follows(standing)]
    TargetCheck.objects.bulk_create([_row(standing, day, now) for standing in quiet], ignore_conflicts=True)
    outcomes = [_answer(standing, events, day, now) for standing in asked if events.follows(standing)]
    ended = target_notices.end_those_due(now=now)
    return Checked(
        asked=len(asked),
        told=outcomes.count("told"),
        noticed=outcomes.count("noticed"),
        met=outcomes.count("met") + ended.met,
        reviewed=ended.reviewed,
    )


class Events(NamedTuple):
    """What decides whether an answer is only kept, or something follows from it."""

    running: dict[UUID, TargetNotice]
    resting: set[UUID]
    told: dict[UUID, datetime]
    now: datetime

    @classmethod
    def read(cls, asked: Sequence[Standing], now: datetime) -> "Events":
        concerned = [standing.affiliate_id for standing in asked]
        running = TargetNotice.objects.filter(state=TargetNotice.State.RUNNING, affiliate__in=concerned)
        told = TargetCheck.objects.filter(told=True, affiliate__in=concerned).order_by("asked_at")
        return cls(
            running={notice.affiliate_id: notice for notice in running},
            resting=resting(asked, now),
            told=dict(told.values_list("affiliate_id", "asked_at")),
            now=now,
        )

    def follows(self, standing: Standing) -> str:
        """ "met", "noticed" or "told"; "" where nothing follows."""
        pk = standing.affiliate_id
        if pk in self.running:
            return "" if standing.answer is Answer.MISSED else "met"
        if standing.answer is Answer.MISSED:
            return "" if pk in self.resting else "noticed"
        if standing.answer is Answer.AT_RISK and self._may_tell(standing):
            return "told"
        return ""

    def _may_tell(self, standing: Standing) -> bool:
        last = self.told.get(standing.affiliate_id)
        return last is None or last + timedelta(days=standing.agreement.target_days) <= self.now


def resting(asked: Sequence[Standing], now: datetime) -> set[UUID]:
    """Affiliates who get no further notice of a missed target: a review of it is open, notice of termination was given, or
    staff decided such a review within the last `target_days` and let them go on."""
    concerned = {standing.affiliate_id: standing.agreement for standing in asked}
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


def _answer(standing: Standing, events: Events, day: date, now: datetime) -> str:
    """Keep one answer with what follows from it, all or nothing; "" where another beat was faster or it failed."""
    try:
        with transaction.atomic():
            return _keep(standing, events, day, now)
    except Exception:
        logger.exception("The target of affiliate %s could not be asked; it is tried again.", standing.affiliate_id)
        return ""


def _keep(standing: Standing, events: Events, day: date, now: datetime) -> str:
    affiliate = (
        Affiliate.objects.select_related("user")
        .select_for_update(of=("self",), no_key=True)
        .get(pk=standing.affiliate_id)
    )
    if affiliate.state != State.ACTIVE:
        return ""
    follows = events.follows(standing)
    row = _row(standing, day, now, told=follows == "told")
    if TargetCheck.objects.filter(affiliate=affiliate, day=day).exists():
        return ""
    row.save(force_insert=True)
    if follows == "told":
        _tell(affiliate, standing, day, now)
    elif follows == "noticed":
        target_notices.give(affiliate=affiliate, standing=standing, now=now)
    elif follows == "met":
        target_notices.end_met(notice=events.running[affiliate.pk], orders=standing.orders, now=now)
    return follows


def _tell(affiliate: Affiliate, standing: Standing, day: date, now: datetime) -> None:
    missed_at = missed_first(standing.target, days_ahead(now))
    assert missed_at is not None
    emails.target_at_risk(
        affiliate, agreement=standing.agreement, orders=standing.orders, missed_at=missed_at, day=day.isoformat()
    )
    trail.record(
        action="target at risk",
        subject=affiliate,
        now=now,
        by=None,
        after={"orders": standing.orders, "from": missed_at},
    )


def _row(standing: Standing, day: date, now: datetime, *, told: bool = False) -> TargetCheck:
    return TargetCheck(
        affiliate_id=standing.affiliate_id,
        day=day,
        asked_at=now,
        answer=standing.answer.value,
        orders=standing.orders,
        target=standing.target.orders,
        window_from=standing.window.since,
        days_paused=standing.window.days_paused,
        agreement=standing.agreement,
        clause=clause_of(standing.agreement.pk, Rule.SALES_TARGET),
        told=told,
    )
