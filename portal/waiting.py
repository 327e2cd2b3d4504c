"""Counting what waits for staff: how many, and whether anything of it is late or nearly so."""

from datetime import datetime, timedelta
from typing import NamedTuple

from allauth.account.models import EmailAddress
from django.db.models import Exists, OuterRef, QuerySet, Sum

from affiliates.models import Affiliate, Channel, State
from compliance.models import Review, Signal, TargetNotice
from mail.models import Message
from payouts.closing import close
from payouts.models import Adjustment, Close, Payout, PayoutBatch, SetAside
from portal import proofs as nightly
from portal import questions as daily
from portal.models import ErasureRequest
from shops import categories
from shops.models import Reject
from tracking.models import ClickLoss

SOON = timedelta(days=3)
WEEK = timedelta(days=7)


class Count(NamedTuple):
    number: int
    late: bool = False


def _older(rows: QuerySet, field: str, limit: datetime) -> Count:  # type: ignore[type-arg]  # of any model
    """How many, late where one waits since before `limit`."""
    return Count(rows.count(), rows.filter(**{f"{field}__lt": limit}).exists())


def applications(now: datetime) -> Count:
    """Those whose e-mail address is confirmed: the others can't be decided yet."""
    confirmed = EmailAddress.objects.filter(user=OuterRef("user"), verified=True)
    return _older(Affiliate.objects.filter(Exists(confirmed), state=State.APPLIED), "applied_at", now - WEEK)


def channels(now: datetime) -> Count:
    """Those of affiliates who take part; an applicant's are decided with the application."""
    rows = Channel.objects.filter(state=Channel.State.PENDING)
    return _older(rows.filter(affiliate__state__in=[State.APPROVED, State.ACTIVE]), "added_at", now - WEEK)


def reviews(now: datetime) -> Count:
    return _older(Review.objects.filter(state=Review.State.OPEN), "decide_by", now + SOON)


def appeals(now: datetime) -> Count:
    return _older(Review.objects.filter(state=Review.State.APPEALED), "appeal_decide_by", now + SOON)


def signals(now: datetime) -> Count:
    return _older(Signal.objects.filter(state=Signal.State.OPEN), "raised_at", now - WEEK)


def targets(now: datetime) -> Count:
    return Count(TargetNotice.objects.filter(state=TargetNotice.State.RUNNING).count())


def adjustments(now: datetime) -> Count:
    return _older(Adjustment.objects.filter(state=Adjustment.State.PROPOSED), "made_at", now - WEEK)


def _batches(state: str, now: datetime) -> Count:
    return _older(PayoutBatch.objects.filter(state=state), "created_at", now - WEEK)


def drafts(now: datetime) -> Count:
    return _batches(PayoutBatch.State.DRAFT, now)


def submitted(now: datetime) -> Count:
    return _batches(PayoutBatch.State.SUBMITTED, now)


def approved(now: datetime) -> Count:
    return _batches(PayoutBatch.State.APPROVED, now)


def without_result(now: datetime) -> Count:
    return _older(Payout.objects.filter(state=Payout.State.SENT), "sent_at", now - WEEK)


def months(now: datetime) -> Count:
    """Months that are due: beat closes them, so one that stays is late."""
    due = len(close.due_months(now))
    return Count(due, due > 0)


def set_aside(now: datetime) -> Count:
    last = Close.objects.order_by("-period").first()
    number = SetAside.objects.filter(close=last).count() if last else 0
    return Count(number, number > 0)


def rejects(now: datetime) -> Count:
    return _older(Reject.objects.filter(state=Reject.State.OPEN), "received_at", now - SOON)


def unnamed_categories(now: datetime) -> Count:
    return Count(categories.count(now=now))


def lost_clicks(now: datetime) -> Count:
    lost = ClickLoss.objects.filter(recorded_at__gte=now - WEEK).aggregate(sum=Sum("count"))["sum"] or 0
    return Count(lost, lost > 0)


def failed_mail(now: datetime) -> Count:
    number = Message.objects.filter(state=Message.State.FAILED).count()
    return Count(number, number > 0)


def questions(now: datetime) -> Count:
    """Those that are not answered as they should be."""
    number = sum(one.state in daily.WRONG for one in daily.standing(now))
    return Count(number, number > 0)


def proofs(_now: datetime) -> Count:
    """Those whose newest found a violation."""
    number = sum(bool(proof.violation) for proof in nightly.latest())
    return Count(number, number > 0)


def erasures(now: datetime) -> Count:
    return _older(ErasureRequest.objects.filter(carried_out_at=None), "asked_at", now - timedelta(days=21))
