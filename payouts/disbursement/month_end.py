"""How far the end of a month has come: dry run, close, submission, approval, export, results (specification 6)."""

from collections import Counter
from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple

from django.db.models import Count, Q, Sum

from agreements.models import AgreementVersion
from agreements.periods import Period, build_period, get_automatic_close_time, get_program_time_zone
from lib.money import ZERO
from payouts.closing.close import get_month_to_close
from payouts.closing.close_summary import CloseSummary, summarize_close
from payouts.closing.dry_run import PayoutWarning
from payouts.disbursement import partial_approval, payout_notes
from payouts.disbursement.approval import UNSENT_BATCH_STATES, list_batch_blockers, list_payout_warnings
from payouts.models import Close, Payout, PayoutBatch

State = PayoutBatch.State
# States of a batch whose payouts are not done with. A sent one is done with when each payout has its result.
_UNFINISHED = Q(state__in=(State.DRAFT, State.SUBMITTED, State.APPROVED)) | Q(payouts__state=Payout.State.SENT)


class Step(StrEnum):
    """The steps of a month's end, in order."""

    DRY_RUN = "dry_run"
    CLOSE = "close"
    SUBMIT = "submit"
    APPROVE = "approve"
    EXPORT = "export"
    RESULTS = "results"


_NEXT_STEPS: dict[str, Step] = {
    State.DRAFT: Step.SUBMIT,
    State.SUBMITTED: Step.APPROVE,
    State.APPROVED: Step.EXPORT,
}


class Results(NamedTuple):
    """Numbers of exported payouts by what became of them."""

    paid: int = 0
    failed: int = 0
    returned: int = 0
    waiting: int = 0


class BatchProgress(NamedTuple):
    """A batch, what it pays and the step that is next, None if it is done with; `blocked` payouts can't be sent now."""

    batch: PayoutBatch
    payouts: int
    total: Decimal
    step: Step | None
    blocked: int


class MonthEnd(NamedTuple):
    """A month and how far it has come; `current` is the step that is next, None if all are done.

    Without `close` the month is open: it can be closed by hand from `month.ends_at`, and is closed automatically at
    `closes_at` (None without an agreement in force). A closed month without payouts has no `batch`. `batches` are all
    of the month's, those of held-back payouts too, if there is more than one.
    """

    month: Period
    current: Step | None
    closes_at: datetime | None = None
    close: Close | None = None
    summary: CloseSummary | None = None
    batch: PayoutBatch | None = None
    results: Results = Results()
    warnings: dict[PayoutWarning, int] = {}
    unusual: int = 0
    batches: Sequence[BatchProgress] = ()


def find_month_end(first_day: date | None, *, now: datetime) -> MonthEnd | None:
    """Return how far a month has come, by its first day.

    Without one it is the oldest closed month with unfinished payouts, else the one to close next. None if there is no
    such month.
    """
    closes = Close.objects.select_related("closed_by")
    if first_day is None:
        close = closes.filter(batches__in=PayoutBatch.objects.filter(_UNFINISHED)).order_by("period").first()
    else:
        close = closes.filter(period=first_day).first()
    if close:
        return _describe_closed(close, now)
    month = get_month_to_close()
    return _describe_open(month, now) if month and first_day in (None, month.first_day) else None


def list_unfinished_retries(now: datetime) -> list[BatchProgress]:
    """Return the batches that pay failed or returned payouts again and are not done with, oldest first."""
    batches = PayoutBatch.objects.filter(_UNFINISHED, close=None).distinct().order_by("created_at", "pk")
    return [_describe_batch(batch, now) for batch in batches.prefetch_related("payouts__affiliate")]


def _describe_batch(batch: PayoutBatch, now: datetime) -> BatchProgress:
    # Failed and returned payouts count, as on the page of the batch.
    sums = batch.payouts.exclude(state=Payout.State.CANCELLED).aggregate(
        payouts=Count("pk"), total=Sum("amount"), sent=Count("pk", Q(state=Payout.State.SENT))
    )
    step = _NEXT_STEPS.get(batch.state) or (Step.RESULTS if sums["sent"] else None)
    blocked = len(list_batch_blockers(batch, now)) if batch.state in UNSENT_BATCH_STATES else 0
    return BatchProgress(batch, sums["payouts"], sums["total"] or ZERO, step, blocked)


def get_automatic_close(month: Period, now: datetime) -> datetime | None:
    """Return when `month` is closed automatically by the version in force at `now`, None without one."""
    agreement = AgreementVersion.objects.get_in_force(now)
    return get_automatic_close_time(month, agreement.close_day, get_program_time_zone()) if agreement else None


def _describe_open(month: Period, now: datetime) -> MonthEnd:
    step = Step.CLOSE if now >= month.ends_at else Step.DRY_RUN
    return MonthEnd(month, step, get_automatic_close(month, now))


def _describe_closed(close: Close, now: datetime) -> MonthEnd:
    month, summary = build_period(close.period, get_program_time_zone()), summarize_close(close)
    found = list(close.batches.select_related("submitted_by", "approved_by").order_by("created_at", "pk"))
    batches = [_describe_batch(one, now) for one in found] if len(found) > 1 else []
    batch = found[0] if found else None
    if batch is None or batch.state == State.CANCELLED:
        return MonthEnd(month, None, close=close, summary=summary, batch=batch, batches=batches)
    results = count_results(batch)
    step = _NEXT_STEPS.get(batch.state)
    if step is None and results.waiting:
        step = Step.RESULTS
    warnings, unusual = _count_unusual(batch, now) if step in (Step.SUBMIT, Step.APPROVE) else ({}, 0)
    return MonthEnd(
        month,
        step,
        close=close,
        summary=summary,
        batch=batch,
        results=results,
        warnings=warnings,
        unusual=unusual,
        batches=batches,
    )


def count_results(batch: PayoutBatch) -> Results:
    """Return how many payouts of a batch have which result."""
    failed = Q(state=Payout.State.FAILED)
    counts = batch.payouts.aggregate(
        paid=Count("pk", Q(state=Payout.State.PAID)),
        failed=Count("pk", failed & Q(paid_at=None)),
        returned=Count("pk", failed & Q(paid_at__isnull=False)),
        waiting=Count("pk", Q(state=Payout.State.SENT)),
    )
    return Results(**counts)


def _count_unusual(batch: PayoutBatch, now: datetime) -> tuple[dict[PayoutWarning, int], int]:
    """Return the number of payouts with each warning, and of all that the page of the approval calls unusual."""
    payouts = partial_approval.summarize_approvable(batch, now)[0].payouts
    shown, warnings = {payout.pk for payout in payouts}, list_payout_warnings(batch)
    counts = Counter(warning for pk, found in warnings.items() if pk in shown for warning in found)
    notes = payout_notes.explain_payouts(payouts, warnings)
    return {warning: counts[warning] for warning in PayoutWarning if counts[warning]}, len(notes)
