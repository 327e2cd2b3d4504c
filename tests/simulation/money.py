"""Adjustments, closes and what becomes of payouts.

Each step is done by the product's verb and in the reference, or refused by the one and not done in the other.
"""

from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from hypothesis import strategies as st

from agreements.periods import get_next_month
from payouts.closing.close import close_month
from payouts.disbursement import approval, exports, payout_transitions
from payouts.errors import ApprovalVoided, SecondApprovalRequired
from payouts.ledger import adjustments
from payouts.models import Adjustment, Payout, PayoutBatch
from tests.scenarios import parse_utc
from tests.simulation.reference_rows import RETURNED_STATES, UNSENT_STATES, AdjustmentRow, Batch, PayoutRow
from tests.simulation.simulation import CODES, INDEXES, ProgramSimulation, assert_same, step, to_cents, to_dollars


class Money(ProgramSimulation):
    """Adjustments, closes and what becomes of payouts."""

    @step(2, code=CODES, cents=st.sampled_from([-5_000, -1_600, -1, 1, 1_599, 1_600, 5_000]))
    def propose(self, code, cents):
        preparer = self.scenario.preparer
        given: dict[str, Any] = {"kind": "correction", "amount": to_dollars(cents), "reason": "A test."}
        row = adjustments.propose(affiliate=self.affiliate(code), now=self.now, by=preparer, **given)
        self.reference.changes.append(AdjustmentRow(row.pk, code, cents))

    @step(
        3,
        when=lambda life: [change for change in life.reference.changes if change.state == "proposed"],
        which=INDEXES,
        approved=st.sampled_from([True, True, False]),
    )
    def decide(self, which, approved):
        change = self.pick([change for change in self.reference.changes if change.state == "proposed"], which)
        row = Adjustment.objects.get(pk=change.key)
        with pytest.raises(SecondApprovalRequired):
            adjustments.approve(adjustment=row, now=self.now, by=self.scenario.preparer)
        if approved:
            adjustments.approve(adjustment=row, now=self.now, by=self.scenario.approver)
        else:
            adjustments.reject(adjustment=row, reason="No.", now=self.now, by=self.scenario.approver)
        change.state, change.decided_at = "approved" if approved else "rejected", self.now

    def _next_month(self):
        if self.closed:
            return get_next_month(self.closed)
        begun = [sale.placed_at for sale in self.reference.sales]
        begun += Adjustment.objects.values_list("made_at", flat=True)
        return min(begun).date().replace(day=1) if begun else None

    @step(5, when=lambda life: life.reference.sales or life.reference.changes, late=st.sampled_from([0, 2, 20]))
    def close(self, late):
        month = self._next_month()
        ends_at = parse_utc(get_next_month(month).isoformat())
        self.now = max(self.now, ends_at + timedelta(days=late))
        closed = close_month(month=month, now=self.now, by=None)
        self.closed = month
        batches_before = len(self.reference.batches)
        told = self.reference.close(ends_at=ends_at, now=self.now)
        found = {
            row.affiliate.code: (
                row.number,
                to_cents(row.opening),
                row.lines,
                *map(to_cents, (row.settled, row.adjustments, row.returned, row.payout, row.closing)),
                set(row.reasons),
            )
            for row in closed.statements.select_related("affiliate")
        }
        assert_same(found, {code: (*said.figures, said.reasons) for code, said in told.items()})
        for batch in self.reference.batches[batches_before:]:
            batch.key = PayoutBatch.objects.get(close=closed).pk
            for payout in batch.payouts:
                row = Payout.objects.get(batch=batch.key, affiliate__code=payout.owner)
                payout.key = row.pk
                assert to_cents(row.amount) == payout.amount

    def _batches(self, *states: str) -> list[Batch]:
        return [batch for batch in self.reference.batches if batch.state in states]

    def _payouts(self, *states: str) -> list[tuple[Batch, PayoutRow]]:
        return [
            (batch, payout) for batch in self.reference.batches for payout in batch.payouts if payout.state in states
        ]

    @step(6, when=lambda life: life._batches("draft"), which=INDEXES)
    def submit(self, which):
        batch = self.pick(self._batches("draft"), which)
        row = PayoutBatch.objects.get(pk=batch.key)
        if self.reference.list_blocked_payouts(batch):
            with pytest.raises(ValidationError):
                approval.submit(batch=row, now=self.now, by=self.scenario.preparer)
            return
        approval.submit(batch=row, now=self.now, by=self.scenario.preparer)
        self._move(batch, "submitted")

    @step(6, when=lambda life: life._batches("submitted"), which=INDEXES)
    def approve(self, which):
        batch = self.pick(self._batches("submitted"), which)
        row = PayoutBatch.objects.get(pk=batch.key)
        digest = approval.summarize_batch(row, self.now).digest
        with pytest.raises(SecondApprovalRequired):
            approval.approve(batch=row, digest=digest, now=self.now, by=self.scenario.preparer)
        if self.reference.list_blocked_payouts(batch):
            with pytest.raises(ValidationError):
                approval.approve(batch=row, digest=digest, now=self.now, by=self.scenario.approver)
            return
        approval.approve(batch=row, digest=digest, now=self.now, by=self.scenario.approver)
        self._move(batch, "approved")

    @staticmethod
    def _move(batch: Batch, state: str) -> None:
        batch.state = state
        for payout in batch.payouts:
            payout.state = payout.state if payout.state in RETURNED_STATES else state

    @step(6, when=lambda life: life._batches("approved"), which=INDEXES)
    def export(self, which):
        batch = self.pick(self._batches("approved"), which)
        row = PayoutBatch.objects.get(pk=batch.key)
        stopped = self.reference.list_blocked_payouts(batch)
        if not stopped:
            [file] = exports.export(batch=row, now=self.now, by=self.scenario.preparer)
            self._move(batch, "sent")
            text = exports.get_file_content(file).decode()
            assert all(f"{to_dollars(p.amount):.2f}" in text for p in batch.payouts if p.state == "sent")
            return
        with pytest.raises(ApprovalVoided):
            exports.export(batch=row, now=self.now, by=self.scenario.preparer)
        for payout in stopped:
            self.reference.cancel(batch, payout)

    @step(4, when=lambda life: life._payouts("sent"), which=INDEXES)
    def pay(self, which):
        _batch, payout = self.pick(self._payouts("sent"), which)
        payout_transitions.pay(payout=Payout.objects.get(pk=payout.key), now=self.now, by=self.scenario.preparer)
        payout.state = "paid"

    @step(3, when=lambda life: life._payouts("sent", "paid"), which=INDEXES)
    def fail_or_return(self, which):
        _batch, payout = self.pick(self._payouts("sent", "paid"), which)
        row = Payout.objects.get(pk=payout.key)
        payout_transitions.fail(payout=row, reason="No such account.", now=self.now, by=self.scenario.preparer)
        payout.state = "failed"

    @step(1, when=lambda life: life._payouts(*UNSENT_STATES), which=INDEXES)
    def cancel_a_payout(self, which):
        batch, payout = self.pick(self._payouts(*UNSENT_STATES), which)
        row = Payout.objects.get(pk=payout.key)
        payout_transitions.cancel(payout=row, reason="A test.", now=self.now, by=self.scenario.approver)
        self.reference.cancel(batch, payout)

    @step(3, when=lambda life: life._payouts(*RETURNED_STATES), which=INDEXES)
    def reissue_payout(self, which):
        _batch, old = self.pick(self._payouts(*RETURNED_STATES), which)
        row = Payout.objects.get(pk=old.key)
        given: dict[str, Any] = {
            "payout": row,
            "reason": "The address is mended.",
            "now": self.now,
            "by": self.scenario.preparer,
        }
        if not self.reference.can_be_reissued(old, self.now):
            with pytest.raises(ValidationError):
                payout_transitions.reissue(**given)
            return
        new = payout_transitions.reissue(**given)
        assert new.reference != row.reference
        self.reference.reissue(old, key=new.pk, batch=new.batch_id)
