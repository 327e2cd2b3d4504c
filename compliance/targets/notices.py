"""Notices of missed sales targets: given, met again, or run off, whereupon a review opens (clause 7.5)."""

import logging
from datetime import datetime
from typing import NamedTuple

from django.db import transaction
from django.utils.translation import gettext as _

from affiliates.models import Affiliate, State
from agreements.clauses import clause_of
from agreements.rules import Rule
from audit import trail
from compliance import emails
from compliance.deadlines import days_after
from compliance.models import Review, TargetNotice
from compliance.reviews.open_review import open_review
from compliance.targets.arithmetic import is_missed
from compliance.targets.reading import Standing, standings
from lib.formatting import moment
from payouts.ledger import booking

logger = logging.getLogger(__name__)
State_ = TargetNotice.State


class Ended(NamedTuple):
    met: int
    reviewed: int
    lapsed: int


def give(*, affiliate: Affiliate, standing: Standing, now: datetime) -> TargetNotice:
    """Notice that the target is missed, with `target_cure_days` x 24 h to meet it; the caller has locked `affiliate`."""
    notice = TargetNotice.objects.create(
        affiliate=affiliate,
        noticed_at=now,
        cure_by=days_after(now, standing.agreement.target_cure_days),
        orders=standing.orders,
        target=standing.target.orders,
        agreement=standing.agreement,
        clause=clause_of(standing.agreement.pk, Rule.TARGET_CURE_DAYS),
    )
    after = {"orders": notice.orders, "target": notice.target, "cure_by": notice.cure_by, "clause": notice.clause}
    trail.record(action="target missed", subject=affiliate, now=now, by=None, after=after)
    emails.target_missed(notice)
    return notice


def end_met(*, notice: TargetNotice, orders: int, now: datetime) -> bool:
    """Close a running notice whose target is met again, and say so; False where it runs no more."""
    if not _end(notice, State_.MET, now):
        return False
    emails.target_met(notice, orders=orders)
    return True


def end_those_due(*, now: datetime) -> Ended:
    """End the running notices of who leaves or left, and those whose time to cure is over: met by then is closed, still
    missed opens a review. A suspended affiliate's waits until they can earn again."""
    running = TargetNotice.objects.filter(state=State_.RUNNING).select_related("affiliate__user", "agreement")
    gone = running.filter(affiliate__state__in=[State.LEAVING, State.TERMINATED])
    due = list(running.filter(cure_by__lte=now, affiliate__state=State.ACTIVE))
    where = {standing.affiliate_id: standing for standing in standings([n.affiliate_id for n in due], now=now)}
    ends = [_attempt(notice, None, now) for notice in gone]
    ends += [_attempt(notice, where.get(notice.affiliate_id), now) for notice in due]
    return Ended(met=ends.count(State_.MET), reviewed=ends.count(State_.REVIEWED), lapsed=ends.count(State_.LAPSED))


def _attempt(notice: TargetNotice, standing: Standing | None, now: datetime) -> TargetNotice.State | None:
    try:
        with transaction.atomic():
            return _settle(notice, standing, now)
    except Exception:
        logger.exception("The notice %s of a missed target could not be ended; it is tried again.", notice.pk)
        return None


def _settle(notice: TargetNotice, standing: Standing | None, now: datetime) -> TargetNotice.State | None:
    """How `notice` ended; None where somebody else ended it. Without a standing there is no target any more."""
    booking.gate()
    if standing is None:
        return State_.LAPSED if _end(notice, State_.LAPSED, now) else None
    if not is_missed(standing.target, now):
        return State_.MET if end_met(notice=notice, orders=standing.orders, now=now) else None
    if not _end(notice, State_.REVIEWED, now):
        return None
    TargetNotice.objects.filter(pk=notice.pk).update(review=_open_review(notice, standing, now))
    return State_.REVIEWED


def _open_review(notice: TargetNotice, standing: Standing, now: datetime) -> Review:
    zone = notice.affiliate.time_zone
    summary = _(
        "The sales target is missed: %(orders)d of %(target)d orders in %(days)d days. We told you on %(noticed)s that it had"
        " to be met by %(cure)s."
    ) % {
        "orders": standing.orders,
        "target": standing.target.orders,
        "days": standing.target.days,
        "noticed": moment(notice.noticed_at, zone),
        "cure": moment(notice.cure_by, zone),
    }
    return open_review(
        affiliate=notice.affiliate,
        term="target_orders",
        summary=summary,
        recommendation=Review.Decision.TERMINATION,
        now=now,
        by=None,
    )


def _end(notice: TargetNotice, to: TargetNotice.State, now: datetime) -> bool:
    ended = TargetNotice.objects.filter(pk=notice.pk, state=State_.RUNNING).update(state=to, ended_at=now)
    if ended:
        notice.state, notice.ended_at = to, now
        trail.record(
            action=f"notice of a missed target: {to.value}",
            subject=notice.affiliate,
            now=now,
            by=None,
            before={"state": State_.RUNNING.value},
            after={"state": to.value},
        )
    return bool(ended)
