"""Steps of the simulation: adjustments, closes and payouts.

Each step calls the product and updates the reference, or is rejected by the product and leaves the reference as it is.
"""

from datetime import timedelta
from functools import partial

import pytest
from django.core.exceptions import ValidationError
from hypothesis import strategies as st

from agreements.periods import get_next_month
from payouts.closing.close import close_month
from payouts.closing.close_summary import summarize_close
from payouts.disbursement import approval, exports, payout_transitions
from payouts.errors import ApprovalVoided, SecondApprovalRequired
from payouts.ledger import adjustments
from payouts.models import Adjustment, Payout, PayoutBatch
from tests.scenarios import parse_utc
from tests.simulation.reference_rows import RETURNED_STATES, UNSENT_STATES, AdjustmentRow, Batch, PayoutRow
from tests.simulation.simulation import CODES, INDEXES, ProgramSimulation, assert_same, step, to_cents, to_dollars


class MoneySteps(ProgramSimulation):
    """Adjustments, closes and payouts."""

    @step(2, code=CODES, cents=st.sampled_from([-5_000, -1_600, -1, 1, 1_599, 1_600, 5_000]))
    def propose_adjustment(self, code, cents):
        row = adjustments.propose(
            affiliate=self.get_affiliate(code),
            kind="correction",
            amount=to_dollars(cents),
            reason="A test.",
            now=self.now,
            by=self.scenario.preparer,
        )
        self.reference.adjustments.append(AdjustmentRow(row.pk, code, cents))

    def _list_proposed(self):
        return [one for one in self.reference.adjustments if one.state == "proposed"]

    @step(3, when=lambda run: run._list_proposed(), index=INDEXES, approved=st.sampled_from([True, True, False]))
    def decide_adjustment(self, index, approved):
        adjustment = self.pick(self._list_proposed(), index)
        row = Adjustment.objects.get(pk=adjustment.key)
        with pytest.raises(SecondApprovalRequired):
            adjustments.approve(adjustment=row, now=self.now, by=self.scenario.preparer)
        if approved:
            adjustments.approve(adjustment=row, now=self.now, by=self.scenario.approver)
        else:
            adjustments.reject(adjustment=row, reason="No.", now=self.now, by=self.scenario.approver)
        adjustment.state, adjustment.decided_at = "approved" if approved else "rejected", self.now

    def _get_next_month(self):
        if self.closed_month:
            return get_next_month(self.closed_month)
        times = [sale.placed_at for sale in self.reference.sales]
        times += Adjustment.objects.values_list("made_at", flat=True)
        return min(times).date().replace(day=1) if times else None

    @step(5, when=lambda run: run.reference.sales or run.reference.adjustments, days_late=st.sampled_from([0, 2, 20]))
    def close(self, days_late):
        month = self._get_next_month()
        ends_at = parse_utc(get_next_month(month).isoformat())
        self.now = max(self.now, ends_at + timedelta(days=days_late))
        closed = close_month(month=month, now=self.now, by=None)
        self.closed_month = month
        total = summarize_close(closed)
        assert total.opening + total.settled + total.adjustments + total.returned - total.paid == total.carried
        batches_before = len(self.reference.batches)
        expected = self.reference.close(ends_at=ends_at, now=self.now)
        statements = {
            row.affiliate.code: (
                row.number,
                to_cents(row.opening),
                row.lines,
                *map(to_cents, (row.settled, row.adjustments, row.returned, row.payout, row.closing)),
                set(row.reasons),
            )
            for row in closed.statements.select_related("affiliate")
        }
        assert_same(statements, {code: (*one.figures, one.reasons) for code, one in expected.items()})
        for batch in self.reference.batches[batches_before:]:
            batch.key = PayoutBatch.objects.get(close=closed).pk
            for payout in batch.payouts:
                row = Payout.objects.get(batch=batch.key, affiliate__code=payout.owner)
                payout.key = row.pk
                assert to_cents(row.amount) == payout.amount

    def _list_batches(self, *states: str) -> list[Batch]:
        return [batch for batch in self.reference.batches if batch.state in states]

    def _list_payouts(self, *states: str) -> list[tuple[Batch, PayoutRow]]:
        return [
            (batch, payout) for batch in self.reference.batches for payout in batch.payouts if payout.state in states
        ]

    @step(6, when=lambda run: run._list_batches("draft"), index=INDEXES)
    def submit_batch(self, index):
        batch = self.pick(self._list_batches("draft"), index)
        row = PayoutBatch.objects.get(pk=batch.key)
        if self.reference.list_blocked_payouts(batch, self.now):
            with pytest.raises(ValidationError):
                approval.submit(batch=row, now=self.now, by=self.scenario.preparer)
            return
        approval.submit(batch=row, now=self.now, by=self.scenario.preparer)
        self._set_state(batch, "submitted")

    @step(6, when=lambda run: run._list_batches("submitted"), index=INDEXES)
    def approve_batch(self, index):
        batch = self.pick(self._list_batches("submitted"), index)
        row = PayoutBatch.objects.get(pk=batch.key)
        digest = approval.summarize_batch(row, self.now).digest
        with pytest.raises(SecondApprovalRequired):
            approval.approve(batch=row, digest=digest, now=self.now, by=self.scenario.preparer)
        if self.reference.list_blocked_payouts(batch, self.now):
            with pytest.raises(ValidationError):
                approval.approve(batch=row, digest=digest, now=self.now, by=self.scenario.approver)
            return
        approval.approve(batch=row, digest=digest, now=self.now, by=self.scenario.approver)
        self._set_state(batch, "approved")

    @staticmethod
    def _set_state(batch: Batch, state: str) -> None:
        batch.state = state
        for payout in batch.payouts:
            payout.state = payout.state if payout.state in RETURNED_STATES else state

    @step(6, when=lambda run: run._list_batches("approved"), index=INDEXES)
    def export_batch(self, index):
        batch = self.pick(self._list_batches("approved"), index)
        row = PayoutBatch.objects.get(pk=batch.key)
        blocked = self.reference.list_blocked_payouts(batch, self.now)
        if not blocked:
            [file] = exports.export(batch=row, now=self.now, by=self.scenario.preparer)
            self._set_state(batch, "sent")
            text = exports.get_file_content(file).decode()
            assert all(f"{to_dollars(p.amount):.2f}" in text for p in batch.payouts if p.state == "sent")
            return
        with pytest.raises(ApprovalVoided):
            exports.export(batch=row, now=self.now, by=self.scenario.preparer)
        for payout in blocked:
            self.reference.cancel(batch, payout)

    @step(4, when=lambda run: run._list_payouts("sent"), index=INDEXES)
    def mark_payout_paid(self, index):
        _batch, payout = self.pick(self._list_payouts("sent"), index)
        payout_transitions.pay(payout=Payout.objects.get(pk=payout.key), now=self.now, by=self.scenario.preparer)
        payout.state = "paid"

    @step(3, when=lambda run: run._list_payouts("sent", "paid"), index=INDEXES)
    def fail_or_return_payout(self, index):
        _batch, payout = self.pick(self._list_payouts("sent", "paid"), index)
        row = Payout.objects.get(pk=payout.key)
        payout_transitions.fail(payout=row, reason="No such account.", now=self.now, by=self.scenario.preparer)
        payout.state = "failed"

    @step(1, when=lambda run: run._list_payouts(*UNSENT_STATES), index=INDEXES)
    def cancel_payout(self, index):
        batch, payout = self.pick(self._list_payouts(*UNSENT_STATES), index)
        row = Payout.objects.get(pk=payout.key)
        payout_transitions.cancel(payout=row, reason="A test.", now=self.now, by=self.scenario.approver)
        self.reference.cancel(batch, payout)

    @step(3, when=lambda run: run._list_payouts(*RETURNED_STATES), index=INDEXES)
    def reissue_payout(self, index):
        _batch, payout = self.pick(self._list_payouts(*RETURNED_STATES), index)
        row = Payout.objects.get(pk=payout.key)
        reissue = partial(
            payout_transitions.reissue,
            payout=row,
            reason="The address is corrected.",
            now=self.now,
            by=self.scenario.preparer,
        )
        if not self.reference.can_be_reissued(payout, self.now):
            with pytest.raises(ValidationError):
                reissue()
            return
        new = reissue()
        assert new.reference != row.reference
        self.reference.reissue(payout, key=new.pk, batch=new.batch_id)
