"""A year of orders, planned from beginning to end before the first is sent: who bought what, by whose link or coupon, and what
became of it. Pure: no database; all that is left to the telling are the links' ids."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from enum import StrEnum
from random import Random
from typing import NamedTuple

from portal.demo.days import Days
from portal.demo.goods import GOODS, Good, estimate_demand, pick_basket
from portal.demo.persona_data import PERSONAS, find_personas
from portal.demo.personas import STOPPED_DAYS_AGO, Persona, Situation
from portal.demo.randomness import make_random

CUSTOMERS = 1_900
COUNTRIES = ("United States", "United Kingdom", "Canada", "Germany", "France", "Australia")
# Whoever is steady brings an order in so many days at least.
MAX_DAYS_WITHOUT_ORDER = 30
# Orders a day that no affiliate has anything to do with.
UNATTRIBUTED_PER_DAY = 1.4


class Claim(StrEnum):
    COUPON = "coupon"
    CLICK = "click"
    BOTH = "a coupon and another's click"
    EXPIRED = "a click of long ago"
    FORGED = "a click id that nobody gave out"
    UNKNOWN = "a coupon that nobody has"
    NONE = "nothing"


class Outcome(StrEnum):
    KEPT = "kept"
    CANCELLED = "cancelled before it was sent"
    PARTLY_REFUNDED = "partly given back"
    REFUNDED = "wholly given back"
    REFUNDED_LATE = "wholly given back after the commission was paid"
    CANCELLED_LATE = "cancelled after the commission was paid"


OUTCOME_WEIGHTS = {
    Outcome.KEPT: 84, Outcome.CANCELLED: 4, Outcome.PARTLY_REFUNDED: 5, Outcome.REFUNDED: 4, Outcome.REFUNDED_LATE: 2, Outcome.CANCELLED_LATE: 1,
}  # fmt: skip


class Sale(NamedTuple):
    """An order as it will go. `clicked_at` and `link` (the first or second of the persona's) stand for the click."""

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
    # By what the shop knows the customer, where it isn't the number.
    reference: str = ""


def plan_sales(days: Days) -> list[Sale]:
    """All orders up to `days.now`, in order of time."""
    chance = make_random("sales", days.now)
    sales = [*_plan_unattributed_sales(days, chance), *_plan_scenario_sales(days, chance)]
    for persona in PERSONAS:
        sales += (
            _plan_persona_sales(persona, days, make_random(f"sales of {persona.key}", days.now))
            if persona.has_promoted
            else []
        )
    # Two of one instant keep their places: sorting is stable, and the cast is in one order.
    return sorted((sale for sale in sales if sale.placed_at < days.now), key=lambda sale: sale.placed_at)


def _plan_persona_sales(persona: Persona, days: Days, chance: Random) -> Iterator[Sale]:
    lull = 0
    for ago in range(persona.joined - 6, persona.last_order_days_ago - 1, -1):
        expected = persona.share * estimate_demand(days.ago(ago)) * chance.uniform(0.6, 1.4)
        number = int(expected) + (chance.random() < expected % 1)
        lull = 0 if number else lull + 1
        for _order in range(number or lull >= MAX_DAYS_WITHOUT_ORDER):
            yield _make_sale(_pick_time(days, ago, chance), persona, chance)
            lull = 0


def _plan_unattributed_sales(days: Days, chance: Random) -> Iterator[Sale]:
    for ago in range((days.now - days.start).days - 9, -1, -1):
        expected = UNATTRIBUTED_PER_DAY * estimate_demand(days.ago(ago))
        for _order in range(int(expected) + (chance.random() < expected % 1)):
            claim = chance.choices([Claim.NONE, Claim.FORGED, Claim.UNKNOWN], [86, 7, 7])[0]
            yield _make_sale(_pick_time(days, ago, chance), None, chance, claim=claim)


def _plan_scenario_sales(days: Days, chance: Random) -> Iterator[Sale]:
    """The orders that somebody's story needs."""
    for persona in find_personas(Situation.TARGET_AT_RISK):
        for ago in (172, 165, 158):
            yield _make_sale(days.ago(ago, 9, 30), persona, chance, claim=Claim.CLICK, outcome=Outcome.KEPT)
    for persona in find_personas(Situation.NEGATIVE_BALANCE):
        rings = [(GOODS["jewelry-accessories"][2], 9)]
        dear = _make_sale(days.ago(200, 14, 5), persona, chance, claim=Claim.CLICK, outcome=Outcome.REFUNDED_LATE)
        yield dear._replace(goods=rings, changed_at=days.ago(60, 16))
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
    clicked = timedelta(seconds=chance.randrange(90, 26 * 3600))
    claim = claim or _pick_claim(persona, chance)
    if claim is Claim.EXPIRED:
        clicked += timedelta(days=chance.randrange(4, 15))
    outcome = outcome or chance.choices(list(OUTCOME_WEIGHTS), list(OUTCOME_WEIGHTS.values()))[0]
    completed_at = placed_at + timedelta(hours=chance.randrange(40, 220))
    return Sale(
        placed_at=placed_at,
        claim=claim,
        persona=persona,
        goods=pick_basket(chance, placed_at),
        customer=min(chance.randrange(CUSTOMERS), chance.randrange(CUSTOMERS)),
        outcome=outcome,
        clicked_at=placed_at - clicked,
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
    """When the shop took back what it took back."""
    if outcome is Outcome.CANCELLED:
        return placed_at + timedelta(hours=chance.randrange(2, 38))
    if outcome in (Outcome.REFUNDED_LATE, Outcome.CANCELLED_LATE):
        return completed_at + timedelta(days=chance.randrange(66, 95))
    return completed_at + timedelta(hours=chance.randrange(60, 600))
