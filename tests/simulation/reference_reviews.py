"""The reviews of the reference implementation: decisions, appeals and deadlines (specification 8)."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from datetime import datetime, timedelta

from tests.simulation.reference_rows import Line, Person, ReviewRow

DAY = timedelta(days=1)


class ReferenceReviews(ABC):
    """The part of the reference implementation that knows reviews; the whole of it has the lines and the orders."""

    people: Mapping[str, Person]
    reviews: list[ReviewRow]

    @property
    @abstractmethod
    def lines(self) -> list[Line]:
        """Return the lines of all orders."""

    @abstractmethod
    def attribute_again(self) -> None:
        """Attribute all orders that no close has settled by the histories as they are now."""

    def decide(self, review: ReviewRow, decision: str, now: datetime) -> None:
        review.state, review.decision, review.decided_at = "decided", decision, now
        person = self.people[review.owner]
        if self.forfeits(review):
            for line in self._list_named(review):
                line.holds.add(review.source)
        else:
            self.release(review.source)
        if decision in ("suspension", "termination"):
            review.change = (now, "suspended" if decision == "suspension" else "terminated")
            person.history.append(review.change)
        if decision == "termination":
            person.breached_at = now

    @staticmethod
    def is_decision_due(review: ReviewRow, now: datetime) -> bool:
        return now >= review.opened_at + 30 * DAY

    def forfeits(self, review: ReviewRow) -> bool:
        in_time = review.decided_at is not None and not self.is_decision_due(review, review.decided_at)
        return review.decision in ("forfeiture", "termination") and in_time

    @staticmethod
    def _list_named(review: ReviewRow) -> list[Line]:
        return [line for line in review.lines if line.owner == review.owner and not line.forfeited]

    def release(self, source: str) -> None:
        for line in self.lines:
            line.holds.discard(source)

    def finish(self, review: ReviewRow) -> None:
        """Carry out the forfeiture and close the review: the time to appeal is over, or the appeal is refused."""
        if self.forfeits(review):
            for line in self._list_named(review):
                line.forfeited, line.amount = True, 0
        self.release(review.source)
        review.state = "closed"

    def grant(self, review: ReviewRow) -> None:
        """Undo the decision, as if it had not been made."""
        self.release(review.source)
        review.state = "closed"
        person = self.people[review.owner]
        if review.change:
            person.history.remove(review.change)
            if review.decision == "termination":
                person.breached_at = None
            self.attribute_again()

    def enforce_deadlines(self, now: datetime) -> None:
        for review in self.reviews:
            if review.state == "open" and self.is_decision_due(review, now):
                self.release(review.source)
            elif review.state == "decided" and review.decided_at and now >= review.decided_at + 14 * DAY:
                self.finish(review)
        for review in self.reviews:
            if review.state == "appealed" and review.appealed_at and now >= review.appealed_at + 30 * DAY:
                self.grant(review)
