"""Steps of the simulation: reviews, appeals, their deadlines, and coupons of terminated affiliates.

Each step calls the product and updates the reference, or is rejected by the product and leaves the reference as it is.
"""

from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from hypothesis import strategies as st

from affiliates.errors import IllegalTransition
from compliance.models import Review
from compliance.reviews import appeals, deadlines_task, decisions, replies
from compliance.reviews.open_review import open_review
from payouts.closing.replay import replay
from payouts.models import Close, Commission
from tests.simulation.reference import ACCEPTED_AT
from tests.simulation.reference_rows import CouponPeriod, Line, ReviewRow, Sale
from tests.simulation.simulation import CODES, INDEXES, ProgramSimulation, step
from tracking.links import coupons

DECISIONS = ("warning", "forfeiture", "suspension", "termination", "termination")
DAY = timedelta(days=1)


class ReviewSteps(ProgramSimulation):
    """Reviews, appeals, their deadlines, and coupons of terminated affiliates."""

    def _list_reviewable(self):
        return [
            sale
            for sale in self.reference.sales
            if sale.owner and self.reference.people[sale.owner].state in ("active", "suspended", "leaving")
            if all(line.owner == sale.owner and not line.forfeited for line in sale.lines)
        ]

    @step(5, when=lambda run: run._list_reviewable(), index=INDEXES, hold=st.booleans())
    def open_review(self, index, hold):
        sale = self.pick(self._list_reviewable(), index)
        review = open_review(
            affiliate=self.get_affiliate(sale.owner),
            activity="fraud",
            summary="A test.",
            commissions=Commission.objects.filter(order__order_id=sale.order_id),
            hold=hold,
            now=self.now,
            by=self.scenario.reviewer,
        )
        row = ReviewRow(review.pk, sale.owner, list(sale.lines), self.now)
        self.reference.reviews.append(row)
        for line in sale.lines if hold else []:
            line.holds.add(row.source)

    def _list_reviews(self, state):
        return [review for review in self.reference.reviews if review.state == state]

    @step(10, when=lambda run: run._list_reviews("open"), index=INDEXES, decision=st.sampled_from(DECISIONS))
    def decide_review(self, index, decision):
        row = self.pick(self._list_reviews("open"), index)
        review, person = Review.objects.get(pk=row.key), self.reference.people[row.owner]
        if self.now < row.opened_at + 7 * DAY:
            replies.reply(review=review, text="No.", now=self.now, by=review.affiliate.user)
        late = self.reference.is_decision_due(row, self.now)
        impossible = decision == "termination" and person.state == "terminated"
        impossible |= decision == "suspension" and person.state not in ("active", "suspended")
        if impossible or (late and decision == "forfeiture"):
            with pytest.raises((ValidationError, IllegalTransition)):
                self._decide(review, decision)
            return
        self._decide(review, decision)
        self.reference.decide(row, decision, self.now)

    def _decide(self, review, decision):
        decisions.decide(review=review, decision=decision, reason="A test.", now=self.now, by=self.scenario.reviewer)

    @step(10, when=lambda run: run._list_reviews("decided"), index=INDEXES)
    def appeal(self, index):
        row = self.pick(self._list_reviews("decided"), index)
        review = Review.objects.get(pk=row.key)
        if self.now >= row.decided_at + 14 * DAY:
            with pytest.raises(ValidationError):
                appeals.appeal(review=review, text="No.", now=self.now, by=review.affiliate.user)
            return
        appeals.appeal(review=review, text="No.", now=self.now, by=review.affiliate.user)
        row.state, row.appealed_at = "appealed", self.now

    @step(
        3, when=lambda run: run._list_reviews("appealed"), index=INDEXES, granted=st.sampled_from([True, True, False])
    )
    def decide_appeal(self, index, granted):
        row = self.pick(self._list_reviews("appealed"), index)
        values: dict[str, Any] = {"outcome": "granted" if granted else "refused", "reason": "A test.", "now": self.now}
        if self.now >= row.appealed_at + 30 * DAY:
            with pytest.raises(IllegalTransition):
                appeals.decide_appeal(review=Review(pk=row.key), by=self.scenario.second_reviewer, **values)
            return
        appeals.decide_appeal(review=Review(pk=row.key), by=self.scenario.second_reviewer, **values)
        if granted:
            self.reference.grant(row)
        else:
            self.reference.finish(row)

    def _list_inactive(self):
        return [person for person in self.reference.people.values() if person.state != "active"]

    @step(
        10,
        when=lambda run: run._list_inactive(),
        index=INDEXES,
        other=INDEXES,
        coupon=st.booleans(),
        click=st.sampled_from([None, "before", "now", "other", "other"]),
    )
    def sell_of_inactive(self, index, other, coupon, click):
        """Create an order with the coupon of an affiliate who is not active, or with their click or another's."""
        person = self.pick(self._list_inactive(), index)
        code = self.pick(list(self.reference.people), other) if click == "other" else person.code
        changed_at = person.history[-1][0]
        clicked_at = max(changed_at - timedelta(milliseconds=1), ACCEPTED_AT) if click == "before" else self.now
        self._sell(self.now, person.code if coupon else None, (code, clicked_at) if click else None)

    def _list_versions_in_effect(self):
        return [version for version in self.reference.versions[1:] if version.effective_at <= self.now]

    @step(
        12,
        when=lambda run: run._list_versions_in_effect(),
        index=INDEXES,
        code=CODES,
        before=st.booleans(),
        days=st.sampled_from([1, 3, 5]),
        late=st.booleans(),
    )
    def sell_around_version(self, index, code, before, days, late):
        """Create an order from a click at or before the effect of a version, at the end of a window or after it."""
        version, tick = self.pick(self._list_versions_in_effect(), index), timedelta(milliseconds=1)
        # Click ids have millisecond precision.
        effective_at = version.effective_at.replace(microsecond=version.effective_at.microsecond // 1000 * 1000)
        clicked_at = effective_at - tick if before else effective_at + tick
        placed_at = clicked_at + days * DAY + (tick if late else timedelta())
        if placed_at <= self.now:
            self._sell(placed_at, None, (code, clicked_at))

    def _sell(self, placed_at, coupon, click):
        number = len(self.reference.sales)
        self.send_sales(Sale(f"S{number}", placed_at, [Line("home-decor", 50_000)], coupon, placed_at, click))

    @step(3, when=lambda run: run.reference.reviews)
    def enforce_deadlines(self):
        deadlines_task.enforce_deadlines(now=self.now)
        self.reference.enforce_deadlines(self.now)

    def _list_free_codes(self):
        """Return the codes whose last owner is terminated."""
        people = self.reference.people
        return [
            code for code, periods in self.reference.coupons.items() if people[periods[-1].owner].state == "terminated"
        ]

    def _list_active(self):
        return [person for person in self.reference.people.values() if person.state == "active"]

    @step(4, when=lambda run: run._list_free_codes() and run._list_active(), index=INDEXES, to=INDEXES)
    def reassign_coupon(self, index, to):
        code, person = self.pick(self._list_free_codes(), index), self.pick(self._list_active(), to)
        coupons.assign_coupon(
            affiliate=self.get_affiliate(person.code), code=code, assigned_from=self.now, now=self.now, by=None
        )
        self.reference.coupons[code][-1].until = self.now
        self.reference.coupons[code].append(CouponPeriod(person.code, self.now))

    @step(3, when=lambda run: run.closed_month)
    def replay(self):
        for close in Close.objects.order_by("period"):
            assert [str(difference) for difference in replay(close)] == []
