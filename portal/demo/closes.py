"""The monthly closes of the demo and their payouts, each step by the member of staff responsible for it."""

from datetime import datetime, timedelta
from functools import partial

from agreements.periods import build_period, get_automatic_close_time, get_next_month, get_program_time_zone
from payouts.closing import close
from payouts.disbursement import approval, bank_results, exports, payout_transitions
from payouts.models import Payout, PayoutBatch
from portal.demo.context import DemoContext

TASK_DELAY = timedelta(minutes=4)  # from the time of the automatic close to the run of the task
FAILURE_REASON = "The receiving account does not exist."
# Batches with a failing payout, counted from 0: the first one is reissued, the second waits for the next close.
REISSUED_BATCH, CARRIED_OVER_BATCH = 3, 6


class MonthlyCloses:
    """Close each month when it is due and pay its batches; the last batch is left for its approver."""

    def __init__(self, context: DemoContext) -> None:
        self.context = context
        self.paid: list[PayoutBatch] = []

    def schedule_closes(self) -> None:
        """Schedule the close of every month whose automatic close has come."""
        zone, month = get_program_time_zone(), self.context.days.start.date()
        times = []
        while (
            at := get_automatic_close_time(build_period(month, zone), 3, zone) + TASK_DELAY
        ) <= self.context.days.now:
            times.append(at)
            month = get_next_month(month)
        for number, at in enumerate(times, 1):
            do_close = partial(self._close, last=number == len(times))
            self.context.timeline.schedule(at, do_close, shop_first=True)

    def _close(self, now: datetime, *, last: bool) -> None:
        for month in close.list_due_months(now):
            closed = close.close_month(month=month.first_day, now=now, by=None)
            for batch in closed.batches.all():
                self._schedule_batch(batch, now, last=last)

    def _schedule_batch(self, batch: PayoutBatch, closed_at: datetime, *, last: bool) -> None:
        submitted_at = closed_at + timedelta(days=1, hours=13)
        if last:
            remaining = self.context.days.now - closed_at
            submitted_at = closed_at + min(timedelta(days=1, hours=13), remaining * 0.3)
            if self.paid:
                self._schedule_return(closed_at, remaining)
        self.context.timeline.schedule(submitted_at, partial(self._submit, batch))
        if not last:
            self._schedule_payment(batch, submitted_at)

    def _schedule_payment(self, batch: PayoutBatch, submitted_at: datetime) -> None:
        schedule = self.context.timeline.schedule
        schedule(submitted_at + timedelta(hours=2), partial(self._approve, batch))
        schedule(submitted_at + timedelta(hours=3), partial(self._export, batch))
        schedule(submitted_at + timedelta(days=3), partial(self._import_bank_results, batch))

    def _submit(self, batch: PayoutBatch, now: datetime) -> None:
        """Cancel the payouts that became unpayable since the close, and submit the others."""
        preparer = self.context.staff["preparer"]
        for blocker in approval.summarize_batch(batch, now).blockers:
            payout_transitions.cancel(payout=blocker.payout, reason=blocker.reason, now=now, by=preparer)
        batch.refresh_from_db()
        if batch.state == PayoutBatch.State.DRAFT:
            approval.submit(batch=batch, now=now, by=preparer)

    def _approve(self, batch: PayoutBatch, now: datetime) -> None:
        batch.refresh_from_db()
        if batch.state == PayoutBatch.State.SUBMITTED:
            digest = approval.summarize_batch(batch, now).digest
            approval.approve(batch=batch, digest=digest, now=now, by=self.context.staff["approver"])

    def _export(self, batch: PayoutBatch, now: datetime) -> None:
        batch.refresh_from_db()
        if batch.state == PayoutBatch.State.APPROVED:
            exports.export(batch=batch, now=now, by=self.context.staff["preparer"])

    def _import_bank_results(self, batch: PayoutBatch, now: datetime) -> None:
        """Import the bank's results: all payouts paid, except for one that fails in two of the batches."""
        sent = list(batch.payouts.filter(state=Payout.State.SENT).order_by("affiliate__user__email"))
        if not sent:
            return
        is_reissue = batch.close is None
        fails = len(sent) > 2 and not is_reissue and len(self.paid) in (REISSUED_BATCH, CARRIED_OVER_BATCH)
        failing = sent[2] if fails else None
        rows = [f"{row.reference},{_format_result(row, failing)}" for row in sent]
        self._import(rows, now)
        if failing and len(self.paid) == REISSUED_BATCH:
            self.context.timeline.schedule(now + timedelta(days=1), partial(self._reissue, failing, pay=True))
        if not is_reissue:
            self.paid.append(batch)

    def _import(self, rows: list[str], now: datetime) -> None:
        content = "\n".join(["reference,result,amount,reason", *rows, ""]).encode()
        bank_results.import_results(content=content, now=now, by=self.context.staff["preparer"])

    def _schedule_return(self, closed_at: datetime, remaining: timedelta) -> None:
        """Schedule the return of one payout of the month before, and its reissue: a draft left for the preparer."""
        returned = self.paid[-1].payouts.filter(state=Payout.State.PAID).order_by("affiliate__user__email").first()
        if returned:
            self.context.timeline.schedule(closed_at + remaining * 0.5, partial(self._return, returned))
            self.context.timeline.schedule(closed_at + remaining * 0.7, partial(self._reissue, returned, pay=False))

    def _return(self, payout: Payout, now: datetime) -> None:
        returned_by = "PayPal" if payout.details.method == "paypal" else "the bank"
        self._import([f"{payout.reference},failed,{payout.amount},Returned by {returned_by}: account closed."], now)

    def _reissue(self, payout: Payout, now: datetime, *, pay: bool) -> None:
        preparer = self.context.staff["preparer"]
        new = payout_transitions.reissue(
            payout=payout, reason="The affiliate confirmed the account.", now=now, by=preparer
        )
        if pay:
            self.context.timeline.schedule(now + timedelta(hours=1), partial(self._submit, new.batch))
            self._schedule_payment(new.batch, now + timedelta(hours=1))


def _format_result(payout: Payout, failing: Payout | None) -> str:
    return f"failed,{payout.amount},{FAILURE_REASON}" if payout == failing else f"paid,{payout.amount},"
