"""Counts of the to-do items of staff, and whether any of them is due soon or overdue."""

from datetime import datetime, timedelta
from typing import Any, NamedTuple

from allauth.account.models import EmailAddress
from django.db.models import Exists, OuterRef, QuerySet, Sum

from affiliates.models import Affiliate, Channel, State
from agreements.models import Decline
from compliance.models import Review, Signal, TargetNotice
from mail.models import Message
from messaging.models import Conversation
from payouts.closing import close
from payouts.models import Adjustment, Close, CloseException, Payout, PayoutBatch
from portal import integrity_checks, scheduled_tasks
from portal.models import ErasureRequest
from shops import unrated_categories
from shops.connectors import api_failures, checklist
from shops.models import Reject
from tracking.models import ClickLoss

SOON = timedelta(days=3)
WEEK = timedelta(days=7)


class Count(NamedTuple):
    number: int
    is_late: bool = False


def _count_with_age(rows: QuerySet[Any], field: str, limit: datetime) -> Count:
    """Count the rows; late if any has a `field` before `limit`."""
    return Count(rows.count(), rows.filter(**{f"{field}__lt": limit}).exists())


def count_applications(now: datetime) -> Count:
    """Count applications with a confirmed e-mail address; the others cannot be decided yet."""
    confirmed = EmailAddress.objects.filter(user=OuterRef("user"), verified=True)
    return _count_with_age(Affiliate.objects.filter(Exists(confirmed), state=State.APPLIED), "applied_at", now - WEEK)


def count_channels(now: datetime) -> Count:
    """Count channels of approved affiliates; an applicant's channels are decided with the application."""
    rows = Channel.objects.filter(state=Channel.State.PENDING)
    return _count_with_age(rows.filter(affiliate__state__in=[State.APPROVED, State.ACTIVE]), "added_at", now - WEEK)


def count_messages_to_answer(now: datetime) -> Count:
    return _count_with_age(Conversation.objects.to_answer(), "last_message_at", now - SOON)


def count_reviews(now: datetime) -> Count:
    return _count_with_age(Review.objects.filter(state=Review.State.OPEN), "decide_by", now + SOON)


def count_appeals(now: datetime) -> Count:
    return _count_with_age(Review.objects.filter(state=Review.State.APPEALED), "appeal_decide_by", now + SOON)


def count_signals(now: datetime) -> Count:
    return _count_with_age(Signal.objects.filter(state=Signal.State.OPEN), "raised_at", now - WEEK)


def count_missed_targets(now: datetime) -> Count:
    return Count(TargetNotice.objects.filter(state=TargetNotice.State.RUNNING).count())


def count_pending_declines(_now: datetime) -> Count:
    return Count(Decline.objects.pending().count())


def count_adjustments(now: datetime) -> Count:
    return _count_with_age(Adjustment.objects.filter(state=Adjustment.State.PROPOSED), "made_at", now - WEEK)


def _count_batches(state: str, now: datetime) -> Count:
    return _count_with_age(PayoutBatch.objects.filter(state=state), "created_at", now - WEEK)


def count_draft_batches(now: datetime) -> Count:
    return _count_batches(PayoutBatch.State.DRAFT, now)


def count_submitted_batches(now: datetime) -> Count:
    return _count_batches(PayoutBatch.State.SUBMITTED, now)


def count_approved_batches(now: datetime) -> Count:
    return _count_batches(PayoutBatch.State.APPROVED, now)


def count_payouts_without_result(now: datetime) -> Count:
    return _count_with_age(Payout.objects.filter(state=Payout.State.SENT), "sent_at", now - WEEK)


def count_due_months(now: datetime) -> Count:
    """Count due months: beat closes them, so one that remains is late."""
    due = len(close.list_due_months(now))
    return Count(due, due > 0)


def count_close_exceptions(now: datetime) -> Count:
    last = Close.objects.order_by("-period").first()
    number = CloseException.objects.filter(close=last).count() if last else 0
    return Count(number, number > 0)


def count_rejects(now: datetime) -> Count:
    return _count_with_age(Reject.objects.filter(state=Reject.State.OPEN), "received_at", now - SOON)


def count_silent_connections(now: datetime) -> Count:
    number = len(checklist.list_silent(now=now))
    return Count(number, number > 0)


def count_failing_shop_apis(now: datetime) -> Count:
    number = len(api_failures.list_lasting(now=now))
    return Count(number, number > 0)


def count_unrated_categories(now: datetime) -> Count:
    return Count(unrated_categories.count_unrated_categories(now=now))


def count_lost_clicks(now: datetime) -> Count:
    lost = ClickLoss.objects.filter(recorded_at__gte=now - WEEK).aggregate(sum=Sum("count"))["sum"] or 0
    return Count(lost, lost > 0)


def count_failed_mail(now: datetime) -> Count:
    number = Message.objects.filter(state=Message.State.FAILED).count()
    return Count(number, number > 0)


def count_problem_tasks(now: datetime) -> Count:
    statuses = scheduled_tasks.list_task_statuses(now)
    number = sum(status.state in scheduled_tasks.PROBLEM_STATES for status in statuses)
    return Count(number, number > 0)


def count_failed_checks(_now: datetime) -> Count:
    number = sum(bool(check.violation) for check in integrity_checks.list_latest_checks())
    return Count(number, number > 0)


def count_erasure_requests(now: datetime) -> Count:
    return _count_with_age(ErasureRequest.objects.filter(carried_out_at=None), "requested_at", now - timedelta(days=21))
