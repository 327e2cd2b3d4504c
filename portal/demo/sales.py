"""The orders of the demo, planned before the first is sent: customer, goods, claim and outcome.

Planning uses no database; link ids are filled in when the orders are sent.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from enum import StrEnum
from random import Random
from typing import NamedTuple

from portal.demo.goods import GOODS, Good, estimate_demand, pick_basket
from portal.demo.persona_data import PERSONAS, find_personas
from portal.demo.personas import STOPPED_DAYS_AGO, Persona, Situation
from portal.demo.planning import Days, make_random

CUSTOMERS = 1_900
COUNTRIES = ("United States", "United Kingdom", "Canada", "Germany", "France", "Australia")
# An active persona brings an order at least this often.
MAX_DAYS_WITHOUT_ORDER = 30
# Orders a day without any affiliate.
UNATTRIBUTED_PER_DAY = 1.4


class Claim(StrEnum):
    COUPON = "coupon"
    CLICK = "click"
    BOTH = "a coupon and a click of another affiliate"
    EXPIRED = "an expired click"
    FORGED = "a forged click ID"
    UNKNOWN = "an unknown coupon"
    NONE = "nothing"


class Outcome(StrEnum):
    KEPT = "kept"
    CANCELLED = "cancelled before completion"
    PARTLY_REFUNDED = "partly refunded"
    REFUNDED = "fully refunded"
    REFUNDED_LATE = "fully refunded after the commission was paid"
    CANCELLED_LATE = "cancelled after the commission was paid"


OUTCOME_WEIGHTS = {
    Outcome.KEPT: 84, Outcome.CANCELLED: 4, Outcome.PARTLY_REFUNDED: 5, Outcome.REFUNDED: 4, Outcome.REFUNDED_LATE: 2,
    Outcome.CANCELLED_LATE: 1,
}  # fmt: skip


class Sale(NamedTuple):
    """A planned order. `clicked_at` and `link` (index of the persona's link) describe its click, if it has one."""

    placed_at: datetime
    claim: Claim
    persona: Persona | None
    goods: list[tuple[Good, int]]
    customer: int
    outcome: Outcome
    clicked_at: datetime
    link: int
    completed_at: datetime
    changed_at: datetime
    reference: str = ""  # the shop's customer reference, if not derived from `customer`


def plan_sales(days: Days) -> list[Sale]:
    """Return all orders placed before `days.now`, oldest first."""
    chance = make_random("sales", days.now)
    sales = [*_plan_unattributed_sales(days, chance), *_plan_scenario_sales(days, chance)]
    for persona in PERSONAS:
        sales += (
            _plan_persona_sales(persona, days, make_random(f"sales of {persona.key}", days.now))
            if persona.has_promoted
            else []
        )
    # Reproducible also for equal times: sorting is stable, and the order of personas is fixed.
    return sorted((sale for sale in sales if sale.placed_at < days.now), key=lambda sale: sale.placed_at)


def _plan_persona_sales(persona: Persona, days: Days, chance: Random) -> Iterator[Sale]:
    days_without_order = 0
    for ago in range(persona.joined - 6, persona.last_order_days_ago - 1, -1):
        expected = persona.share * estimate_demand(days.ago(ago)) * chance.uniform(0.6, 1.4)
        number = int(expected) + (chance.random() < expected % 1)
        days_without_order = 0 if number else days_without_order + 1
        for _order in range(number or days_without_order >= MAX_DAYS_WITHOUT_ORDER):
            yield _make_sale(_pick_time(days, ago, chance), persona, chance)
            days_without_order = 0


def _plan_unattributed_sales(days: Days, chance: Random) -> Iterator[Sale]:
    for ago in range((days.now - days.start).days - 9, -1, -1):
        expected = UNATTRIBUTED_PER_DAY * estimate_demand(days.ago(ago))
        for _order in range(int(expected) + (chance.random() < expected % 1)):
            claim = chance.choices([Claim.NONE, Claim.FORGED, Claim.UNKNOWN], [86, 7, 7])[0]
            yield _make_sale(_pick_time(days, ago, chance), None, chance, claim=claim)


def _plan_scenario_sales(days: Days, chance: Random) -> Iterator[Sale]:
    """Return the orders that the personas' situations need."""
    for persona in find_personas(Situation.TARGET_AT_RISK):
        for ago in (172, 165, 158):
            yield _make_sale(days.ago(ago, 9, 30), persona, chance, claim=Claim.CLICK, outcome=Outcome.KEPT)
    for persona in find_personas(Situation.NEGATIVE_BALANCE):
        rings = [(GOODS["jewelry-accessories"][2], 9)]
        large_sale = _make_sale(days.ago(200, 14, 5), persona, chance, claim=Claim.CLICK, outcome=Outcome.REFUNDED_LATE)
        yield large_sale._replace(goods=rings, changed_at=days.ago(60, 16))
    for persona in find_personas(Situation.TERMINATED_FOR_BREACH, Situation.SUSPENDED):
        yield _make_sale(
            days.ago(STOPPED_DAYS_AGO[persona.situation] - 3, 12),
            persona,
            chance,
            claim=Claim.CLICK,
            outcome=Outcome.CANCELLED,
        )
    for persona in find_personas(Situation.SELF_PURCHASE):
        own = _make_sale(days.ago(8, 19, 20), persona, chance, claim=Claim.CLICK, outcome=Outcome.KEPT)
        yield own._replace(reference=persona.email)


def _pick_time(days: Days, ago: int, chance: Random) -> datetime:
    return days.ago(ago, 0) + timedelta(seconds=chance.randrange(6 * 3600, 23 * 3600))


def _make_sale(
    placed_at: datetime,
    persona: Persona | None,
    chance: Random,
    *,
    claim: Claim | None = None,
    outcome: Outcome | None = None,
) -> Sale:
    click_age = timedelta(seconds=chance.randrange(90, 26 * 3600))
    claim = claim or _pick_claim(persona, chance)
    if claim is Claim.EXPIRED:
        click_age += timedelta(days=chance.randrange(4, 15))
    outcome = outcome or chance.choices(list(OUTCOME_WEIGHTS), list(OUTCOME_WEIGHTS.values()))[0]
    completed_at = placed_at + timedelta(hours=chance.randrange(40, 220))
    return Sale(
        placed_at=placed_at,
        claim=claim,
        persona=persona,
        goods=pick_basket(chance, placed_at),
        customer=min(chance.randrange(CUSTOMERS), chance.randrange(CUSTOMERS)),
        outcome=outcome,
        clicked_at=placed_at - click_age,
        link=chance.choices([0, 1], [70, 30])[0],
        completed_at=completed_at,
        changed_at=_pick_change_time(outcome, placed_at, completed_at, chance),
    )


def _pick_claim(persona: Persona | None, chance: Random) -> Claim:
    claims = {Claim.CLICK: 60, Claim.EXPIRED: 4}
    if persona and persona.coupon:
        claims |= {Claim.COUPON: 33, Claim.BOTH: 3}
    return chance.choices(list(claims), list(claims.values()))[0]


def _pick_change_time(outcome: Outcome, placed_at: datetime, completed_at: datetime, chance: Random) -> datetime:
    """Return when the shop cancels or refunds the order."""
    if outcome is Outcome.CANCELLED:
        return placed_at + timedelta(hours=chance.randrange(2, 38))
    if outcome in (Outcome.REFUNDED_LATE, Outcome.CANCELLED_LATE):
        return completed_at + timedelta(days=chance.randrange(66, 95))
    return completed_at + timedelta(hours=chance.randrange(60, 600))
