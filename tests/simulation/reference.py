"""A small program in plain Python, from CONTRACT.md and nothing else: what each affiliate should have.

In whole cents and hundredths of a per cent, so that not even the rounding is shared with the product; the time zone is UTC.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from tests.simulation.reference_rows import (
    RETURNED_STATES,
    UNSENT_STATES,
    AdjustmentRow,
    Batch,
    Line,
    PayoutRow,
    Person,
    Sale,
    StatementFigures,
    Version,
)

DAY = timedelta(days=1)


def round_half_up(base: int, rate: int) -> int:
    """Cents of `rate` hundredths of a per cent; half goes up, which for an amount above zero is away from it."""
    return (2 * base * rate + 10_000) // 20_000


class ReferenceProgram:
    """Everything that there is, and what becomes of it."""

    def __init__(self, people: Iterable[Person], version: Version) -> None:
        self.people = {person.code: person for person in people}
        self.versions = [version]
        self.sales: list[Sale] = []
        self.changes: list[AdjustmentRow] = []
        self.batches: list[Batch] = []

    @property
    def payouts(self) -> list[PayoutRow]:
        return [payout for batch in self.batches for payout in batch.payouts]

    @property
    def lines(self) -> list[Line]:
        return [line for sale in self.sales for line in sale.lines]

    # Whose an order is (CONTRACT 2 and 4)

    def find_applicable_version(self, person: Person, moment: datetime) -> tuple[Version | None, bool]:
        """The version that somebody is under, and whether they are paused: a newer one is in effect without them."""
        in_effect = [version for version in self.versions if version.effective_at <= moment]
        for place in reversed(range(len(in_effect))):
            if self._is_applicable(person, in_effect[: place + 1], moment):
                return in_effect[place], place + 1 < len(in_effect)
        return None, False

    def _is_applicable(self, person: Person, versions: list[Version], moment: datetime) -> bool:
        for version in reversed(versions):
            if person.accepted.get(version.name, moment + DAY) <= moment:
                return True
            if version.detriment:
                return False
        return False

    def find_owner(self, sale: Sale) -> tuple[str | None, Version | None]:
        person = self.people.get(sale.coupon or "")
        if person is None:
            return None, None
        version, paused = self.find_applicable_version(person, sale.placed_at)
        theirs = person.state_at(sale.placed_at) == "active" and version and not paused
        return (person.code, version) if theirs else (None, None)

    # What it earns (CONTRACT 5)

    def apply_snapshot(self, sale: Sale) -> None:
        """A snapshot came: the order is as `sale` stands now."""
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
            line.held.clear()
        line.owner = sale.owner
        base = 0 if sale.cancelled else line.cents - line.refunded
        rate = sale.version.rates.get(line.category, sale.version.everything_else)
        line.amount = 0 if line.forfeited else round_half_up(base, rate)
        done = sale.completed_at is not None and not sale.cancelled
        line.validated_at = (
            sale.completed_at + sale.version.validation_days * DAY if done and sale.completed_at else None
        )

    def forfeit(self, sale: Sale) -> None:
        for line in sale.lines:
            line.forfeited, line.amount = True, 0

    def restore(self, sale: Sale) -> None:
        for line in sale.lines:
            line.forfeited = False
            self._price(sale, line)

    # What is owed (CONTRACT 6 and 7)

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
        """Close a month: {affiliate: what their statement says}; the payouts are a batch of their own."""
        found, drafts = {}, []
        for person in self.people.values():
            told = self._post_statement(person, ends_at, now)
            if told:
                found[person.code] = told
            if told and told.paid:
                drafts.append(PayoutRow(None, person.code, told.paid, person.details))
        if drafts:
            self.batches.append(Batch(None, drafts))
        return found

    def _post_statement(self, person: Person, ends_at: datetime, now: datetime) -> StatementFigures | None:
        due = [line for line in self.lines if line.owner == person.code and self._is_due(line, ends_at)]
        settled = sum(line.amount - line.settled for line in due)
        for line in due:
            line.settled, line.posted = line.amount, True
        changes = [
            change
            for change in self.changes
            if change.owner == person.code and change.decided_at and change.state == "approved"
            if not change.posted and change.decided_at < ends_at
        ]
        adjusted = sum(change.amount for change in changes)
        returned = self._list_returned(person.code)
        back = sum(payout.amount for payout in returned)
        if not (due or changes or returned or person.carried):
            return None
        for change in changes:
            change.posted = True
        for payout in returned:
            payout.on_statement = True
        opening, balance = person.carried, person.carried + settled + adjusted + back
        reasons = self._list_carry_over_reasons(person, balance, now)
        paid = 0 if reasons else balance
        person.statements += 1
        person.carried = balance - paid
        return StatementFigures(
            (person.statements, opening, len(due), settled, adjusted, back, paid, balance - paid), reasons
        )

    @staticmethod
    def _is_due(line: Line, ends_at: datetime) -> bool:
        validated = line.validated_at is not None and line.validated_at < ends_at
        if line.amount == line.settled or not (validated or line.posted):
            return False
        return line.amount < line.settled or not line.held

    def _list_carry_over_reasons(self, person: Person, balance: int, now: datetime) -> set[str]:
        if not balance:
            return {"nothing_due"}
        version, _paused = self.find_applicable_version(person, now)
        final = person.state == "terminated" or (person.state == "leaving" and person.is_notice_over(now))
        against = {
            "negative_balance": balance < 0,
            "below_minimum": 0 < balance < (version or self.versions[0]).minimum and not final,
            "suspended": person.state == "suspended",
            "no_accepted_agreement": version is None,
            "payout_details_on_hold": person.usable_from > now,
            "payouts_held": bool(person.holds),
        }
        return {reason for reason, holds in against.items() if holds}

    # What becomes of payouts (CONTRACT 6)

    def list_blocked_payouts(self, batch: Batch) -> list[PayoutRow]:
        """Those payouts of a batch that may not be sent now."""
        found = []
        for payout in batch.payouts:
            person = self.people[payout.owner]
            stopped = payout.detail != person.details or person.holds or person.state == "suspended"
            if payout.state not in RETURNED_STATES and stopped:
                found.append(payout)
        return found

    def can_be_reissued(self, payout: PayoutRow, now: datetime) -> bool:
        person = self.people[payout.owner]
        payable = person.state in ("active", "leaving", "terminated") and not person.holds and person.usable_from <= now
        return payable and payout.state in RETURNED_STATES and not payout.on_statement and not payout.replaced

    @staticmethod
    def cancel(batch: Batch, payout: PayoutRow) -> None:
        """Back to the balance; the approval is void, and a batch without payouts is over."""
        payout.state = "cancelled"
        live = [other for other in batch.payouts if other.state in UNSENT_STATES]
        for other in live:
            other.state = "draft"
        batch.state = "draft" if live else "cancelled"

    def reissue(self, old: PayoutRow, *, key: Any, batch: Any) -> None:
        old.replaced = True
        self.batches.append(Batch(batch, [PayoutRow(key, old.owner, old.amount, self.people[old.owner].details)]))

    # What each affiliate should have now

    def get_totals(self, code: str) -> tuple[int, int, int, int, int]:
        """Balance, pending, settled, on the way, paid: all in cents."""
        theirs = [line for line in self.lines if line.owner == code]
        return (
            self.get_balance(code),
            sum(line.amount - line.settled for line in theirs),
            sum(line.settled for line in theirs),
            sum(
                payout.amount
                for payout in self.payouts
                if payout.owner == code and payout.state in (*UNSENT_STATES, "sent")
            ),
            sum(payout.amount for payout in self.payouts if payout.owner == code and payout.state == "paid"),
        )
