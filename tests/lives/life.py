"""A machine that lives any life of a small program, step by step, beside the books kept by hand (`tests.lives.books`).

It calls the product's own verbs. Each run is one transaction that is undone, so what a commit would check is checked after
each step, and so is every invariant of the ledger.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import time_machine
from django.db import connection
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from accounts.models import User
from affiliates.models import Affiliate
from agreements import drafting
from agreements.models import Agreement
from payouts.closing.verification import INVARIANTS
from tests.factories import make_staff
from tests.lives.books import Books
from tests.lives.rows import Person, Sale, Version
from tests.worlds import begin, bring_over, line, moment, order, rolled_back, send

PEOPLE = ("ANN", "BEN", "CAT")
ACCEPTED = moment("2026-01-02")
START = moment("2026-01-03T12:00:00")
# Half a cent at 5, 8.5 and 3 per cent; the minimum exactly, at 5 per cent, and a cent below it.
CENTS = (1, 10, 30, 50, 99, 1_999, 31_980, 32_000, 50_000, 100_000)
CATEGORIES = ("home-decor", "jewelry-accessories", "not-on-the-card")
# What the next versions change, in per cent, dollars and days: the one raises, the other is to everybody's detriment.
CHANGES = {
    "raised": (("7.00", "8.50", "3.33"), "10.00", 14),
    "lowered": (("4.00", "8.00", "2.75"), "20.00", 30),
}

WHICH = st.integers(0, 999)
WHO = st.sampled_from(PEOPLE)
SOURCES = st.sampled_from(["review:1", "review:2"])

Row = TypeVar("Row")

_FOUND = " UNION ALL ".join(f"SELECT found FROM ({row.violations}) AS violation(found)" for row in INVARIANTS)
_LINES = """
SELECT o.order_id || '/' || l.line_id, a.code, 100 * c.amount,
       100 * COALESCE((SELECT SUM(amount) FROM payouts_statementline s WHERE s.commission_id = c.line_id), 0)
  FROM payouts_commission c JOIN tracking_order o ON o.id = c.order_id JOIN tracking_orderline l ON l.id = c.line_id
  JOIN affiliates_affiliate a ON a.id = c.affiliate_id
"""
_HAS = """
SELECT a.code, -100 * SUM(e.amount) FILTER (WHERE account = 'affiliate_payable'),
       100 * (SELECT SUM(c.amount) FROM payouts_commission c WHERE c.affiliate_id = a.id)
           - 100 * COALESCE((SELECT SUM(s.settled) FROM payouts_statement s WHERE s.affiliate_id = a.id), 0),
       100 * (SELECT SUM(s.settled) FROM payouts_statement s WHERE s.affiliate_id = a.id),
       -100 * SUM(e.amount) FILTER (WHERE account = 'payouts_in_transit'),
       -100 * SUM(e.amount) FILTER (WHERE account = 'cash')
  FROM affiliates_affiliate a LEFT JOIN payouts_ledgerentry e ON e.affiliate_id = a.id GROUP BY a.id
"""


class World(NamedTuple):
    """What every run begins with: three affiliates with a coupon of their name, and two of the staff."""

    people: dict[str, Affiliate]
    preparer: User
    approver: User


def build(folder: Path) -> World:
    """The program under version 1, with drafts of the next two."""
    with time_machine.travel(START, tick=False):
        begin("2026-01-01")
        people = bring_over(PEOPLE, folder)
        for name, (rates, minimum, days) in CHANGES.items():
            draft = drafting.start(now=START, by=None)
            Agreement.objects.filter(pk=draft.pk).update(name=name, payout_minimum=minimum, validation_days=days)
            categories = (*CATEGORIES[:2], draft.rates.get(everything_else=True).category)
            for category, percent in zip(categories, rates, strict=True):
                draft.rates.filter(category=category).update(percent=percent)
        return World(people, make_staff("payout preparers"), make_staff("payout approvers"))


def version(name: str, rates: Sequence[str], minimum: str, days: int, effective_at: datetime) -> Version:
    """The same for the books."""
    *named, rest = [hundredths(rate) for rate in rates]
    card = dict(zip(CATEGORIES[:2], named, strict=True))
    return Version(name, card, rest, hundredths(minimum), days, effective_at, detriment=name == "lowered")


def hundredths(amount: Decimal | str) -> int:
    return int(100 * Decimal(amount))


def dollars(cents: int) -> Decimal:
    return Decimal(cents) / 100


def agree(product: dict[str, Any], books: dict[str, Any]) -> None:
    """Fail with what differs."""
    for key in sorted({*product, *books}):
        assert product.get(key) == books.get(key), f"{key}: {product.get(key)}, worked out {books.get(key)}"


@dataclass
class Step:
    """One thing that can happen: as often, among those that can, as its weight; when, and to what."""

    verb: Callable[..., None]
    weight: int
    when: Callable[[Any], object]
    arguments: dict[str, st.SearchStrategy[Any]]


def step(
    weight: int, *, when: Callable[[Any], object] = lambda _life: True, **arguments: st.SearchStrategy[Any]
) -> Callable[[Callable[..., None]], Step]:
    return lambda verb: Step(verb, weight, when, arguments)


class Life(RuleBasedStateMachine):
    """The state: the product's in the database, and the books. The steps are in `orders`, `terms` and `money`."""

    def __init__(self, world: World) -> None:
        super().__init__()
        self.world = world
        self.undone = rolled_back()
        self.undone.__enter__()
        with connection.cursor() as cursor:
            # Planned once: that takes longer than to ask.
            cursor.execute("SELECT name FROM pg_prepared_statements WHERE name = 'invariants'")
            if not cursor.fetchone():
                cursor.execute(f"PREPARE invariants AS {_FOUND}")
        self.now = START
        self.closed: date | None = None
        self.lived = self.new_versions = 0
        active = [(ACCEPTED, "active")]
        self.books = Books(
            [Person(code, list(active), {"1": ACCEPTED}, usable_from=ACCEPTED) for code in PEOPLE],
            version("1", ("5.00", "8.50", "3.00"), "16.00", 30, moment("2026-01-01")),
        )

    @rule(data=st.data(), choice=st.integers(0, 65_535))
    def goes_on(self, data, choice):
        """Hypothesis' own choice among rules is even, leaves out most and repeats itself: few lives would come to a payout."""
        self.lived += 1
        able = [one for one in self.steps() for _time in range(one.weight) if one.when(self)]
        chosen = able[(choice + 7_919 * self.lived) % len(able)]
        arguments = data.draw(st.fixed_dictionaries(chosen.arguments), label=chosen.verb.__name__)
        chosen.verb(self, **arguments)

    @classmethod
    @cache
    def steps(cls) -> list[Step]:
        return [found for name in sorted(dir(cls)) if isinstance(found := getattr(cls, name), Step)]

    @initialize(number=st.sampled_from([0, 0, 1, 2]))
    def may_change_rates(self, number):
        """A new version takes longer than ten other steps."""
        self.new_versions = number

    def teardown(self) -> None:
        self.undone.__exit__(None, None, None)

    def affiliate(self, code: str) -> Affiliate:
        return Affiliate.objects.select_related("user").get(pk=self.world.people[code].pk)

    def tell(self, *sales: Sale, dropped: Sequence[int] = ()) -> None:
        """Send the shop's snapshots of `sales` as they stand now, without the lines `dropped`."""
        results = send(*(self._snapshot(sale, dropped) for sale in sales), now=self.now)
        for sale, result in zip(sales, results, strict=True):
            assert result.outcome == ("updated" if sale in self.books.sales else "created"), result
            self.books.told(sale)
            assert result.affiliate == sale.owner, result

    def _snapshot(self, sale: Sale, dropped: Sequence[int]) -> dict[str, Any]:
        done = sale.completed_at
        lines = [
            line(str(place), row.category, f"{dollars(row.cents):.2f}", f"{dollars(row.refunded):.2f}")
            for place, row in enumerate(sale.lines)
            if place not in dropped
        ]
        return order(
            sale.order_id,
            at=self.now.isoformat(),
            placed=sale.placed_at.isoformat(),
            completed=done.isoformat() if done else None,
            status="cancelled" if sale.cancelled else "",
            coupon=sale.coupon,
            lines=lines,
        )

    @staticmethod
    def one(rows: Sequence[Row], which: int) -> Row:
        return rows[which % len(rows)]

    @invariant()
    def is_as_it_was_worked_out(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED")
            lines = {
                f"{sale.order_id}/{place}": (row.owner, row.amount, row.settled)
                for sale in self.books.sales
                for place, row in enumerate(sale.lines)
                if row.owner
            }
            agree(self._asked(cursor, _LINES), lines)
            agree(self._asked(cursor, _HAS), {code: self.books.has(code) for code in PEOPLE})
            cursor.execute("EXECUTE invariants")
            found = cursor.fetchall()
        assert not found, found
        self.now += timedelta(minutes=1)

    @staticmethod
    def _asked(cursor: Any, statement: str) -> dict[str, tuple[Any, ...]]:
        cursor.execute(statement)
        return {key: tuple(value or 0 for value in rest) for key, *rest in cursor.fetchall()}
