"""Adjustments, closes and what becomes of payouts.

Each step is done by the product's verb and in the books, or refused by the one and not done in the other.
"""

from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from hypothesis import strategies as st

from agreements.periods import following
from payouts.closing.close import close_month
from payouts.disbursement import approval, exports, payout_transitions
from payouts.errors import ApprovalVoided, NeedsAnotherPerson
from payouts.ledger import adjustments
from payouts.models import Adjustment, Payout, PayoutBatch
from tests.lives.life import (
    WHICH,
    WHO,
    Life,
    agree,
    dollars,
    hundredths,
    step,
)
from tests.lives.rows import BACK, LIVE, Batch, Change, Paying
from tests.worlds import moment


class Money(Life):
    """Adjustments, closes and what becomes of payouts."""

    @step(2, who=WHO, cents=st.sampled_from([-5_000, -1_600, -1, 1, 1_599, 1_600, 5_000]))
    def propose(self, who, cents):
        preparer = self.world.preparer
        given: dict[str, Any] = {"kind": "correction", "amount": dollars(cents), "reason": "A test."}
        row = adjustments.propose(affiliate=self.affiliate(who), now=self.now, by=preparer, **given)
        self.books.changes.append(Change(row.pk, who, cents))

    @step(
        3,
        when=lambda life: [change for change in life.books.changes if change.state == "proposed"],
        which=WHICH,
        approved=st.sampled_from([True, True, False]),
    )
    def decide(self, which, approved):
        change = self.one([change for change in self.books.changes if change.state == "proposed"], which)
        row = Adjustment.objects.get(pk=change.key)
        with pytest.raises(NeedsAnotherPerson):
            adjustments.approve(adjustment=row, now=self.now, by=self.world.preparer)
        if approved:
            adjustments.approve(adjustment=row, now=self.now, by=self.world.approver)
        else:
            adjustments.reject(adjustment=row, reason="No.", now=self.now, by=self.world.approver)
        change.state, change.decided_at = "approved" if approved else "rejected", self.now

    def _next_month(self):
        if self.closed:
            return following(self.closed)
        begun = [sale.placed_at for sale in self.books.sales]
        begun += Adjustment.objects.values_list("made_at", flat=True)
        return min(begun).date().replace(day=1) if begun else None

    @step(5, when=lambda life: life.books.sales or life.books.changes, late=st.sampled_from([0, 2, 20]))
    def close(self, late):
        month = self._next_month()
        ends_at = moment(following(month).isoformat())
        self.now = max(self.now, ends_at + timedelta(days=late))
        closed = close_month(period=month, now=self.now, by=None)
        self.closed = month
        batches_before = len(self.books.batches)
        told = self.books.close(ends_at=ends_at, now=self.now)
        found = {
            row.affiliate.code: (
                row.number,
                hundredths(row.opening),
                row.lines,
                *map(hundredths, (row.settled, row.adjustments, row.returned, row.payout, row.closing)),
                set(row.reasons),
            )
            for row in closed.statements.select_related("affiliate")
        }
        agree(found, {code: (*said.figures, said.reasons) for code, said in told.items()})
        for batch in self.books.batches[batches_before:]:
            batch.key = PayoutBatch.objects.get(close=closed).pk
            for payout in batch.payouts:
                row = Payout.objects.get(batch=batch.key, affiliate__code=payout.owner)
                payout.key = row.pk
                assert hundredths(row.amount) == payout.amount

    def _batches(self, *states: str) -> list[Batch]:
        return [batch for batch in self.books.batches if batch.state in states]

    def _payouts(self, *states: str) -> list[tuple[Batch, Paying]]:
        return [(batch, payout) for batch in self.books.batches for payout in batch.payouts if payout.state in states]

    @step(6, when=lambda life: life._batches("draft"), which=WHICH)
    def submit(self, which):
        batch = self.one(self._batches("draft"), which)
        row = PayoutBatch.objects.get(pk=batch.key)
        if self.books.obstacles(batch):
            with pytest.raises(ValidationError):
                approval.submit(batch=row, now=self.now, by=self.world.preparer)
            return
        approval.submit(batch=row, now=self.now, by=self.world.preparer)
        self._move(batch, "submitted")

    @step(6, when=lambda life: life._batches("submitted"), which=WHICH)
    def approve(self, which):
        batch = self.one(self._batches("submitted"), which)
        row = PayoutBatch.objects.get(pk=batch.key)
        digest = approval.summary(row, self.now).digest
        with pytest.raises(NeedsAnotherPerson):
            approval.approve(batch=row, digest=digest, now=self.now, by=self.world.preparer)
        if self.books.obstacles(batch):
            with pytest.raises(ValidationError):
                approval.approve(batch=row, digest=digest, now=self.now, by=self.world.approver)
            return
        approval.approve(batch=row, digest=digest, now=self.now, by=self.world.approver)
        self._move(batch, "approved")

    @staticmethod
    def _move(batch: Batch, state: str) -> None:
        batch.state = state
        for payout in batch.payouts:
            payout.state = payout.state if payout.state in BACK else state

    @step(6, when=lambda life: life._batches("approved"), which=WHICH)
    def export(self, which):
        batch = self.one(self._batches("approved"), which)
        row = PayoutBatch.objects.get(pk=batch.key)
        stopped = self.books.obstacles(batch)
        if not stopped:
            [file] = exports.export(batch=row, now=self.now, by=self.world.preparer)
            self._move(batch, "sent")
            text = exports.content(file).decode()
            assert all(f"{dollars(p.amount):.2f}" in text for p in batch.payouts if p.state == "sent")
            return
        with pytest.raises(ApprovalVoided):
            exports.export(batch=row, now=self.now, by=self.world.preparer)
        for payout in stopped:
            self.books.cancel(batch, payout)

    @step(4, when=lambda life: life._payouts("sent"), which=WHICH)
    def pay(self, which):
        _batch, payout = self.one(self._payouts("sent"), which)
        payout_transitions.pay(payout=Payout.objects.get(pk=payout.key), now=self.now, by=self.world.preparer)
        payout.state = "paid"

    @step(3, when=lambda life: life._payouts("sent", "paid"), which=WHICH)
    def fail_or_return(self, which):
        _batch, payout = self.one(self._payouts("sent", "paid"), which)
        row = Payout.objects.get(pk=payout.key)
        payout_transitions.fail(payout=row, reason="No such account.", now=self.now, by=self.world.preparer)
        payout.state = "failed"

    @step(1, when=lambda life: life._payouts(*LIVE), which=WHICH)
    def cancel_a_payout(self, which):
        batch, payout = self.one(self._payouts(*LIVE), which)
        row = Payout.objects.get(pk=payout.key)
        payout_transitions.cancel(payout=row, reason="A test.", now=self.now, by=self.world.approver)
        self.books.cancel(batch, payout)

    @step(3, when=lambda life: life._payouts(*BACK), which=WHICH)
    def issue_anew(self, which):
        _batch, old = self.one(self._payouts(*BACK), which)
        row = Payout.objects.get(pk=old.key)
        given: dict[str, Any] = {
            "payout": row,
            "reason": "The address is mended.",
            "now": self.now,
            "by": self.world.preparer,
        }
        if not self.books.may_be_issued_anew(old, self.now):
            with pytest.raises(ValidationError):
                payout_transitions.reissue(**given)
            return
        new = payout_transitions.reissue(**given)
        assert new.reference != row.reference
        self.books.issue_anew(old, key=new.pk, batch=new.batch_id)
