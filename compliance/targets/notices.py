"""Missed-target notices, which end when the target is met or else in a review (clause 7.5)."""

import logging
from datetime import datetime
from typing import NamedTuple

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from affiliates.models import Affiliate, State
from agreements.clauses import get_clause_number
from agreements.rules import Rule
from audit import trail
from compliance import emails
from compliance.deadlines import add_days
from compliance.models import Review, TargetNotice
from compliance.reviews.open_review import open_review
from compliance.targets.arithmetic import is_missed
from compliance.targets.target_evaluation import TargetEvaluation, evaluate_targets
from lib.formatting import format_datetime_for
from mail.rendering import override_language
from payouts.ledger import booking

logger = logging.getLogger(__name__)
NoticeState = TargetNotice.State
# The audit reason of what follows from the check.
DAILY_CHECK = "The daily check of sales targets."


class EndedNoticeCounts(NamedTuple):
    met: int
    reviewed: int
    lapsed: int


def give_notice(*, affiliate: Affiliate, evaluation: TargetEvaluation, now: datetime) -> TargetNotice:
    """Give notice of a missed target, with `target_cure_days` x 24 h to meet it; the caller has locked `affiliate`."""
    notice = TargetNotice.objects.create(
        affiliate=affiliate,
        notified_at=now,
        cure_by=add_days(now, evaluation.agreement.target_cure_days),
        orders=evaluation.orders,
        target=evaluation.target.orders,
        agreement=evaluation.agreement,
        clause=get_clause_number(evaluation.agreement.pk, Rule.TARGET_CURE_DAYS),
    )
    after = {"orders": notice.orders, "target": notice.target, "cure_by": notice.cure_by, "clause": notice.clause}
    trail.record(
        action="target missed",
        subject=affiliate,
        now=now,
        by=None,
        after=after,
        reason=DAILY_CHECK,
    )
    emails.send_target_missed(notice)
    return notice


def end_met_notice(*, notice: TargetNotice, orders: int, now: datetime) -> bool:
    """Close a running notice whose target is met and notify the affiliate; return False if it was no longer running."""
    if not _end_notice(notice, NoticeState.MET, now):
        return False
    emails.send_target_met(notice, orders=orders)
    return True


def end_due_notices(*, now: datetime) -> EndedNoticeCounts:
    """End notices of affiliates who leave or have left, and those past `cure_by`, with a review if still missed.

    A suspended affiliate's notice waits until the affiliate is active again.
    """
    running = TargetNotice.objects.filter(state=NoticeState.RUNNING).select_related("affiliate__user", "agreement")
    left = running.filter(affiliate__state__in=[State.LEAVING, State.TERMINATED])
    due = list(running.filter(cure_by__lte=now, affiliate__state=State.ACTIVE))
    evaluations = {
        evaluation.affiliate_id: evaluation
        for evaluation in evaluate_targets([notice.affiliate_id for notice in due], now=now)
    }
    states = [_try_resolve_notice(notice, None, now) for notice in left]
    states += [_try_resolve_notice(notice, evaluations.get(notice.affiliate_id), now) for notice in due]
    return EndedNoticeCounts(
        met=states.count(NoticeState.MET),
        reviewed=states.count(NoticeState.REVIEWED),
        lapsed=states.count(NoticeState.LAPSED),
    )


def _try_resolve_notice(
    notice: TargetNotice, evaluation: TargetEvaluation | None, now: datetime
) -> TargetNotice.State | None:
    try:
        with transaction.atomic():
            return _resolve_notice(notice, evaluation, now)
    except Exception:
        logger.exception("Missed-target notice %s could not be ended; the next run retries it.", notice.pk)
        return None


def _resolve_notice(
    notice: TargetNotice, evaluation: TargetEvaluation | None, now: datetime
) -> TargetNotice.State | None:
    """End a due `notice` and return its new state, or None if it was no longer running.

    Without an evaluation the affiliate no longer has a target, and the notice lapses.
    """
    booking.lock_shared()
    if evaluation is None:
        return NoticeState.LAPSED if _end_notice(notice, NoticeState.LAPSED, now) else None
    if not is_missed(evaluation.target, now):
        return NoticeState.MET if end_met_notice(notice=notice, orders=evaluation.orders, now=now) else None
    if not _end_notice(notice, NoticeState.REVIEWED, now):
        return None
    TargetNotice.objects.filter(pk=notice.pk).update(review=_open_review(notice, evaluation, now))
    return NoticeState.REVIEWED


def _open_review(notice: TargetNotice, evaluation: TargetEvaluation, now: datetime) -> Review:
    with override_language(notice.affiliate.language):
        summary = _summarize_miss(notice, evaluation)
    return open_review(
        affiliate=notice.affiliate,
        term="target_orders",
        summary=summary,
        recommendation=Review.Decision.TERMINATION,
        now=now,
        by=None,
    )


def _summarize_miss(notice: TargetNotice, evaluation: TargetEvaluation) -> str:
    target = evaluation.target
    missed = ngettext(
        "Sales target missed: %(orders)d of %(target)d order in %(days)s.",
        "Sales target missed: %(orders)d of %(target)d orders in %(days)s.",
        target.orders,
    ) % {
        "orders": evaluation.orders,
        "target": target.orders,
        "days": ngettext("%d day", "%d days", target.days) % target.days,
    }
    return (
        missed
        + " "
        + _("Our notice of %(notified)s set the deadline %(cure_by)s.")
        % {
            "notified": format_datetime_for(notice.notified_at, notice.affiliate),
            "cure_by": format_datetime_for(notice.cure_by, notice.affiliate),
        }
    )


def _end_notice(notice: TargetNotice, to: TargetNotice.State, now: datetime) -> bool:
    ended = TargetNotice.objects.filter(pk=notice.pk, state=NoticeState.RUNNING).update(state=to, ended_at=now)
    if ended:
        notice.state, notice.ended_at = to, now
        trail.record(
            action=f"missed-target notice {to.value}",
            subject=notice.affiliate,
            now=now,
            by=None,
            before={"state": NoticeState.RUNNING.value},
            after={"state": to.value},
            reason=DAILY_CHECK,
        )
    return bool(ended)
