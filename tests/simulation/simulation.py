"""A stateful property-based test that runs random steps on the product and on the reference, and compares them.

Each run is one transaction that is rolled back. After each step, the deferred constraints and all invariants of the
ledger are checked.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple, TypeVar
from uuid import UUID

import time_machine
from django.db import connection
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from accounts.models import User
from affiliates.models import Affiliate
from agreements import version_drafts
from agreements.models import AgreementVersion, Program
from payouts.closing.verification import INVARIANTS
from tests.factories import make_staff
from tests.scenarios import (
    build_line,
    build_order,
    create_program,
    import_affiliates,
    parse_utc,
    roll_back,
    send_orders,
)
from tests.simulation.reference import ACCEPTED_AT, ReferenceProgram
from tests.simulation.reference_rows import Person, Sale, Version
from tracking.clicks.click_ids import sign_click_id
from tracking.links.tracking_links import create_link

PEOPLE = ("ANN", "BEN", "CAT")
STARTS_AT = parse_utc("2026-01-03T12:00:00")
# Include half a cent of commission at 5, 8.5 and 3 percent; at 5 percent the payout minimum exactly and a cent less.
CENTS = (1, 10, 30, 50, 99, 1_999, 31_980, 32_000, 50_000, 100_000)
CATEGORIES = ("home-decor", "jewelry-accessories", "not-on-the-card")
# Terms of the next versions (rates in percent, minimum in dollars, days of validation and of attribution): the second is
# worse for all affiliates.
CHANGES = {
    "raised": (("7.00", "8.50", "3.33"), "10.00", 14, 5),
    "lowered": (("4.00", "8.00", "2.75"), "20.00", 30, 1),
}

INDEXES = st.integers(0, 999)
CODES = st.sampled_from(PEOPLE)
SOURCES = st.sampled_from(["review:1", "review:2"])

Row = TypeVar("Row")

_VIOLATIONS = " UNION ALL ".join(f"SELECT found FROM ({row.violations}) AS violation(found)" for row in INVARIANTS)
_LINES = """
SELECT o.order_id || '/' || l.line_id, a.code, 100 * c.amount,
       100 * COALESCE((SELECT SUM(amount) FROM payouts_statementline s WHERE s.commission_id = c.line_id), 0)
  FROM payouts_commission c JOIN tracking_order o ON o.id = c.order_id JOIN tracking_orderline l ON l.id = c.line_id
  JOIN affiliates_affiliate a ON a.id = c.affiliate_id
"""
_TOTALS = """
SELECT a.code, -100 * SUM(e.amount) FILTER (WHERE account = 'affiliate_payable'),
       100 * (SELECT SUM(c.amount) FROM payouts_commission c WHERE c.affiliate_id = a.id)
           - 100 * COALESCE((SELECT SUM(s.settled) FROM payouts_statement s WHERE s.affiliate_id = a.id), 0),
       100 * (SELECT SUM(s.settled) FROM payouts_statement s WHERE s.affiliate_id = a.id),
       -100 * SUM(e.amount) FILTER (WHERE account = 'payouts_in_transit'),
       -100 * SUM(e.amount) FILTER (WHERE account = 'cash')
  FROM affiliates_affiliate a LEFT JOIN payouts_ledgerentry e ON e.affiliate_id = a.id GROUP BY a.id
"""


class Scenario(NamedTuple):
    """The start of every run: three affiliates with a link and a coupon named after them, and four members of staff."""

    affiliates: dict[str, Affiliate]
    links: dict[str, UUID]
    preparer: User
    approver: User
    reviewer: User
    second_reviewer: User


def build_scenario(folder: Path) -> Scenario:
    """Create the program under version 1, with drafts of two more versions."""
    with time_machine.travel(STARTS_AT, tick=False):
        create_program("2026-01-01")
        affiliates = import_affiliates(PEOPLE, folder)
        for name, (rates, minimum, days, window) in CHANGES.items():
            draft = version_drafts.start_draft(now=STARTS_AT, by=None)
            AgreementVersion.objects.filter(pk=draft.pk).update(
                name=name, payout_minimum=minimum, validation_days=days, attribution_days=window
            )
            categories = (*CATEGORIES[:2], draft.rates.get(everything_else=True).category)
            for category, percent in zip(categories, rates, strict=True):
                draft.rates.filter(category=category).update(percent=percent)
        Program.current()
        Program.objects.update(shop_url="https://shop.example/", shop_hosts=["shop.example"])
        links = {
            code: create_link(affiliate=affiliate, target="https://shop.example/", now=STARTS_AT, by=None).pk
            for code, affiliate in affiliates.items()
        }
        reviewers = make_staff("compliance reviewers"), make_staff("compliance reviewers")
        return Scenario(affiliates, links, make_staff("payout preparers"), make_staff("payout approvers"), *reviewers)


def build_version(
    name: str, rates: Sequence[str], minimum: str, days: int, window: int, effective_at: datetime
) -> Version:
    """Return the version for the reference."""
    *named, rest = [to_cents(rate) for rate in rates]
    card = dict(zip(CATEGORIES[:2], named, strict=True))
    return Version(name, card, rest, to_cents(minimum), days, window, effective_at, detriment=name == "lowered")


def to_cents(amount: Decimal | str) -> int:
    return int(100 * Decimal(amount))


def to_dollars(cents: int) -> Decimal:
    return Decimal(cents) / 100


def assert_same(product: dict[str, Any], reference: dict[str, Any]) -> None:
    """Assert that both have the same keys and values, naming the first difference."""
    for key in sorted({*product, *reference}):
        assert product.get(key) == reference.get(key), f"{key}: {product.get(key)}, reference {reference.get(key)}"


@dataclass
class Step:
    """A step: its function, its relative frequency, whether it is possible, and strategies for its arguments."""

    function: Callable[..., None]
    weight: int
    when: Callable[[Any], object]
    arguments: dict[str, st.SearchStrategy[Any]]


def step(
    weight: int, *, when: Callable[[Any], object] = lambda _run: True, **arguments: st.SearchStrategy[Any]
) -> Callable[[Callable[..., None]], Step]:
    return lambda function: Step(function, weight, when, arguments)


class ProgramSimulation(RuleBasedStateMachine):
    """The database, the reference and their comparison; the steps are in `orders`, `terms` and `money`."""

    def __init__(self, scenario: Scenario) -> None:
        super().__init__()
        self.scenario = scenario
        self.rolled_back = roll_back()
        self.rolled_back.__enter__()
        with connection.cursor() as cursor:
            # Prepared once, because planning takes longer than running it.
            cursor.execute("SELECT name FROM pg_prepared_statements WHERE name = 'invariants'")
            if not cursor.fetchone():
                cursor.execute(f"PREPARE invariants AS {_VIOLATIONS}")
        self.now = STARTS_AT
        self.closed_month: date | None = None
        self.step_number = self.new_versions = 0
        active = [(ACCEPTED_AT, "active")]
        self.reference = ReferenceProgram(
            [Person(code, list(active), {"1": ACCEPTED_AT}, usable_from=ACCEPTED_AT) for code in PEOPLE],
            build_version("1", ("5.00", "8.50", "3.00"), "16.00", 30, 3, parse_utc("2026-01-01")),
        )

    @rule(data=st.data(), choice=st.integers(0, 65_535))
    def take_step(self, data, choice):
        """Take a random step, chosen by weight.

        With a Hypothesis rule per step, few runs would reach a payout: it chooses rules evenly and omits most of them.
        """
        self.step_number += 1
        possible = [one for one in self.steps() for _time in range(one.weight) if one.when(self)]
        chosen = possible[(choice + 7_919 * self.step_number) % len(possible)]
        arguments = data.draw(st.fixed_dictionaries(chosen.arguments), label=chosen.function.__name__)
        chosen.function(self, **arguments)

    @classmethod
    @cache
    def steps(cls) -> list[Step]:
        return [found for name in sorted(dir(cls)) if isinstance(found := getattr(cls, name), Step)]

    @initialize(number=st.sampled_from([0, 0, 1, 2]))
    def set_version_count(self, number):
        """Limit the new versions, because publishing one takes longer than ten other steps."""
        self.new_versions = number

    def teardown(self) -> None:
        self.rolled_back.__exit__(None, None, None)

    def get_affiliate(self, code: str) -> Affiliate:
        return Affiliate.objects.select_related("user").get(pk=self.scenario.affiliates[code].pk)

    def send_sales(self, *sales: Sale, dropped: Sequence[int] = ()) -> None:
        """Send snapshots of the sales' present state, without the lines with the indexes `dropped`."""
        results = send_orders(*(self._build_snapshot(sale, dropped) for sale in sales), now=self.now)
        for sale, result in zip(sales, results, strict=True):
            assert result.outcome == ("updated" if sale in self.reference.sales else "created"), result
            self.reference.apply_snapshot(sale)
            assert result.affiliate == sale.owner, result

    def _build_snapshot(self, sale: Sale, dropped: Sequence[int]) -> dict[str, Any]:
        lines = [
            build_line(str(index), line.category, f"{to_dollars(line.cents):.2f}", f"{to_dollars(line.refunded):.2f}")
            for index, line in enumerate(sale.lines)
            if index not in dropped
        ]
        return build_order(
            sale.order_id,
            at=self.now.isoformat(),
            placed=sale.placed_at.isoformat(),
            completed=sale.completed_at.isoformat() if sale.completed_at else None,
            status="cancelled" if sale.cancelled else "",
            coupon=sale.coupon,
            click=sign_click_id(self.scenario.links[sale.click[0]], sale.click[1]) if sale.click else None,
            lines=lines,
        )

    @staticmethod
    def pick(rows: Sequence[Row], index: int) -> Row:
        return rows[index % len(rows)]

    @invariant()
    def matches_reference(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED")
            lines = {
                f"{sale.order_id}/{index}": (line.owner, line.amount, line.settled)
                for sale in self.reference.sales
                for index, line in enumerate(sale.lines)
                if line.owner
            }
            assert_same(self._query(cursor, _LINES), lines)
            assert_same(self._query(cursor, _TOTALS), {code: self.reference.get_totals(code) for code in PEOPLE})
            cursor.execute("EXECUTE invariants")
            violations = cursor.fetchall()
        assert not violations, violations
        self.now += timedelta(minutes=1)

    @staticmethod
    def _query(cursor: Any, statement: str) -> dict[str, tuple[Any, ...]]:
        cursor.execute(statement)
        return {key: tuple(value or 0 for value in rest) for key, *rest in cursor.fetchall()}
