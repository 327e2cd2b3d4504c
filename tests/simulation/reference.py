"""A reference implementation of a small program in plain Python, written from the specification alone.

Amounts are whole cents and rates hundredths of a percent, so that even rounding shares no code with the product. The
time zone is UTC.
"""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from tests.simulation.reference_reviews import DAY, ReferenceReviews
from tests.simulation.reference_rows import (
    RETURNED_STATES,
    UNSENT_STATES,
    AdjustmentRow,
    Batch,
    CouponPeriod,
    Line,
    PayoutRow,
    Person,
    ReviewRow,
    Sale,
    StatementFigures,
    Version,
)

ACCEPTED_AT = datetime(2026, 1, 2, tzinfo=UTC)


def round_half_up(base: int, rate: int) -> int:
    """Return `rate` hundredths of a percent of `base` cents, rounded half up; both are positive or zero."""
    return (2 * base * rate + 10_000) // 20_000


class ReferenceProgram(ReferenceReviews):
    """The state of the program and the rules that change it."""

    def __init__(self, people: Iterable[Person], version: Version) -> None:
        self.people = {person.code: person for person in people}
        self.versions = [version]
        self.sales: list[Sale] = []
        self.adjustments: list[AdjustmentRow] = []
        self.batches: list[Batch] = []
        self.reviews: list[ReviewRow] = []
        self.coupons = {person.code: [CouponPeriod(person.code, ACCEPTED_AT)] for person in self.people.values()}

    @property
    def payouts(self) -> list[PayoutRow]:
        return [payout for batch in self.batches for payout in batch.payouts]

    @property
    def lines(self) -> list[Line]:
        return [line for sale in self.sales for line in sale.lines]

    # Attribution (specification 2 and 4)

    def find_applicable_version(self, person: Person, at: datetime) -> tuple[Version | None, bool]:
        """Return the version that applies to a person, and whether they are paused: have not accepted a newer one."""
        in_effect = [version for version in self.versions if version.effective_at <= at]
        for index in reversed(range(len(in_effect))):
            if self._is_applicable(person, in_effect[: index + 1], at):
                return in_effect[index], index + 1 < len(in_effect)
        return None, False

    def _is_applicable(self, person: Person, versions: list[Version], at: datetime) -> bool:
        for version in reversed(versions):
            if person.accepted.get(version.name, at + DAY) <= at:
                return True
            if version.detriment:
                return False
        return False

    def find_coupon_owner(self, code: str | None, at: datetime) -> Person | None:
        for period in self.coupons.get(code or "", []):
            owner = self.people[period.owner]
            is_assigned = period.since <= at and (period.until is None or at < period.until)
            if is_assigned and owner.state_at(at) != "terminated":
                return owner
        return None

    def find_owner(self, sale: Sale) -> tuple[str | None, Version | None]:
        """Return who gets the order, and the version whose rates apply."""
        person, moment = self.find_coupon_owner(sale.coupon, sale.placed_at), sale.placed_at
        if person is None and sale.click:
            person, moment = self.people[sale.click[0]], sale.click[1]
            if not self._is_in_window(person, moment, sale.placed_at):
                return None, None
        if person is None:
            return None, None
        version, _paused = self.find_applicable_version(person, sale.placed_at)
        _version, paused = self.find_applicable_version(person, moment)
        is_breached = person.breached_at is not None and person.breached_at <= sale.placed_at
        is_credited = person.state_at(moment) == "active" and version and not paused and not is_breached
        return (person.code, version) if is_credited else (None, None)

    def _is_in_window(self, person: Person, clicked_at: datetime, placed_at: datetime) -> bool:
        """Return whether the order was placed within the days of the version at the click, and not before it."""
        version, _paused = self.find_applicable_version(person, clicked_at)
        if version is None:
            version = [one for one in self.versions if one.effective_at <= clicked_at][-1]
        return clicked_at <= placed_at <= clicked_at + version.attribution_days * DAY

    # Commissions (specification 5)

    def apply_snapshot(self, sale: Sale) -> None:
        """Apply a snapshot of the order with the present values of `sale`."""
        if sale not in self.sales:
            self.sales.append(sale)
        owner, version = self.find_owner(sale)
        if not sale.settled:
            sale.owner, sale.version = owner, version
        for line in sale.lines:
            self._price(sale, line)

    def _price(self, sale: Sale, line: Line) -> None:
        if sale.owner is None or sale.version is None:
            line.amount, line.validated_at = 0, None
            return
        if line.owner != sale.owner:
            line.holds.clear()
            line.forfeited = False
        line.owner = sale.owner
        base = 0 if sale.cancelled else line.cents - line.refunded
        rate = sale.version.rates.get(line.category, sale.version.everything_else)
        line.amount = 0 if line.forfeited else round_half_up(base, rate)
        is_completed = sale.completed_at is not None and not sale.cancelled
        line.validated_at = (
            sale.completed_at + sale.version.validation_days * DAY if is_completed and sale.completed_at else None
        )

    def attribute_again(self) -> None:
        """Attribute every order of which no close has settled a line; a changed history counts as from the start."""
        for sale in self.sales:
            if not sale.settled:
                self.apply_snapshot(sale)

    def forfeit(self, sale: Sale) -> None:
        for line in sale.lines:
            line.forfeited, line.amount = True, 0

    def restore(self, sale: Sale) -> None:
        for line in sale.lines:
            line.forfeited = False
            self._price(sale, line)

    # Balances and closes (specification 6 and 7)

    def get_balance(self, code: str) -> int:
        return self.people[code].carried + sum(payout.amount for payout in self._list_returned(code))

    def _list_returned(self, code: str) -> list[PayoutRow]:
        return [
            payout
            for payout in self.payouts
            if payout.owner == code
            and payout.state in RETURNED_STATES
            and not payout.on_statement
            and not payout.replaced
        ]

    def close(self, *, ends_at: datetime, now: datetime) -> dict[str, StatementFigures]:
        """Close a month, add the batch of its payouts, and return the statements by affiliate code."""
        statements, payouts = {}, []
        for person in self.people.values():
            statement = self._post_statement(person, ends_at, now)
            if statement:
                statements[person.code] = statement
            if statement and statement.paid:
                payouts.append(PayoutRow(None, person.code, statement.paid, person.details))
        if payouts:
            self.batches.append(Batch(None, payouts))
        return statements

    def _post_statement(self, person: Person, ends_at: datetime, now: datetime) -> StatementFigures | None:
        due = [line for line in self.lines if line.owner == person.code and self._is_due(line, ends_at)]
        settled = sum(line.amount - line.settled for line in due)
        for line in due:
            line.settled, line.posted = line.amount, True
        adjustments = [
            one
            for one in self.adjustments
            if one.owner == person.code and one.decided_at and one.state == "approved"
            if not one.posted and one.decided_at < ends_at
        ]
        adjusted = sum(one.amount for one in adjustments)
        returned_payouts = self._list_returned(person.code)
        returned = sum(payout.amount for payout in returned_payouts)
        if not (due or adjustments or returned_payouts or person.carried):
            return None
        for one in adjustments:
            one.posted = True
        for payout in returned_payouts:
            payout.on_statement = True
        opening, balance = person.carried, person.carried + settled + adjusted + returned
        reasons = self._list_carry_over_reasons(person, balance, now)
        paid = 0 if reasons else balance
        person.statements += 1
        person.carried = balance - paid
        return StatementFigures(
            (person.statements, opening, len(due), settled, adjusted, returned, paid, balance - paid), reasons
        )

    @staticmethod
    def _is_due(line: Line, ends_at: datetime) -> bool:
        validated = line.validated_at is not None and line.validated_at < ends_at
        if line.amount == line.settled or not (validated or line.posted):
            return False
        return line.amount < line.settled or not line.holds

    def _list_carry_over_reasons(self, person: Person, balance: int, now: datetime) -> set[str]:
        if not balance:
            return {"nothing_due"}
        version, _paused = self.find_applicable_version(person, now)
        is_final = person.state == "terminated" or person.is_notice_over(now)
        reasons = {
            "negative_balance": balance < 0,
            "below_minimum": 0 < balance < (version or self.versions[0]).minimum and not is_final,
            "suspended": person.state == "suspended",
            "no_accepted_agreement": version is None,
            "payout_details_on_hold": person.usable_from > now,
            "email_change_on_hold": person.is_held_after_email_change(now),
            "payouts_held": bool(person.holds),
        }
        return {reason for reason, applies in reasons.items() if applies}

    # Payouts (specification 6)

    def list_blocked_payouts(self, batch: Batch, now: datetime) -> list[PayoutRow]:
        """Return the payouts of the batch that may not be sent now."""
        blocked = []
        for payout in batch.payouts:
            person = self.people[payout.owner]
            is_blocked = payout.detail != person.details or person.holds or person.state == "suspended"
            is_blocked = is_blocked or person.is_held_after_email_change(now)
            if payout.state not in RETURNED_STATES and is_blocked:
                blocked.append(payout)
        return blocked

    def can_be_reissued(self, payout: PayoutRow, now: datetime) -> bool:
        person = self.people[payout.owner]
        payable = person.state in ("active", "leaving", "terminated") and not person.holds and person.usable_from <= now
        payable = payable and not person.is_held_after_email_change(now)
        return payable and payout.state in RETURNED_STATES and not payout.on_statement and not payout.replaced

    @staticmethod
    def cancel(batch: Batch, payout: PayoutRow) -> None:
        """Cancel the payout, which voids the approval; a batch without remaining payouts is cancelled too."""
        payout.state = "cancelled"
        remaining = [other for other in batch.payouts if other.state in UNSENT_STATES]
        for other in remaining:
            other.state = "draft"
        batch.state = "draft" if remaining else "cancelled"

    def reissue(self, old: PayoutRow, *, key: Any, batch: Any) -> None:
        old.replaced = True
        self.batches.append(Batch(batch, [PayoutRow(key, old.owner, old.amount, self.people[old.owner].details)]))

    # Totals

    def get_totals(self, code: str) -> tuple[int, int, int, int, int]:
        """Return the affiliate's balance, unsettled, settled, in transit and paid amounts in cents."""
        lines = [line for line in self.lines if line.owner == code]
        return (
            self.get_balance(code),
            sum(line.amount - line.settled for line in lines),
            sum(line.settled for line in lines),
            sum(
                payout.amount
                for payout in self.payouts
                if payout.owner == code and payout.state in (*UNSENT_STATES, "sent")
            ),
            sum(payout.amount for payout in self.payouts if payout.owner == code and payout.state == "paid"),
        )
