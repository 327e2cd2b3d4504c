"""A year of orders, planned from beginning to end before the first is sent: who bought what, by whose link or coupon, and what
became of it. Pure: no database; all that is left to the telling are the links' ids."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from enum import StrEnum
from random import Random
from typing import NamedTuple

from portal.demo.cast import STOPPED, Part, Persona
from portal.demo.days import Days
from portal.demo.dice import dice
from portal.demo.goods import GOODS, Good, basket, demand
from portal.demo.roll import CAST, playing

CUSTOMERS = 1_900
COUNTRIES = ("United States", "United Kingdom", "Canada", "Germany", "France", "Australia")
# Whoever is steady brings an order in so many days at least.
LONGEST_LULL = 30
# Orders a day that no affiliate has anything to do with.
UNCLAIMED = 1.4


class Claim(StrEnum):
    COUPON = "coupon"
    CLICK = "click"
    BOTH = "a coupon and another's click"
    EXPIRED = "a click of long ago"
    FORGED = "a click id that nobody gave out"
    UNKNOWN = "a coupon that nobody has"
    NONE = "nothing"


class Fate(StrEnum):
    KEPT = "kept"
    CANCELLED = "cancelled before it was sent"
    PARTLY_BACK = "partly given back"
    BACK = "wholly given back"
    LATE_BACK = "wholly given back after the commission was paid"
    LATE_CANCELLED = "cancelled after the commission was paid"


FATES = {
    Fate.KEPT: 84, Fate.CANCELLED: 4, Fate.PARTLY_BACK: 5, Fate.BACK: 4, Fate.LATE_BACK: 2, Fate.LATE_CANCELLED: 1,
}  # fmt: skip


class Sale(NamedTuple):
    """An order as it will go. `clicked_at` and `link` (the first or second of the persona's) stand for the click."""

    placed_at: datetime
    claim: Claim
    persona: Persona | None
    goods: list[tuple[Good, int]]
    customer: int
    fate: Fate
    clicked_at: datetime
    link: int
    completed_at: datetime
    changed_at: datetime
    # By what the shop knows the customer, where it isn't the number.
    reference: str = ""


def plan(days: Days) -> list[Sale]:
    """All orders up to `days.now`, in order of time."""
    chance = dice("sales", days.now)
    sales = [*_unclaimed(days, chance), *_told(days, chance)]
    for persona in CAST:
        sales += _of(persona, days, dice(f"sales of {persona.key}", days.now)) if persona.promotes else []
    # Two of one instant keep their places: sorting is stable, and the cast is in one order.
    return sorted((sale for sale in sales if sale.placed_at < days.now), key=lambda sale: sale.placed_at)


def _of(persona: Persona, days: Days, chance: Random) -> Iterator[Sale]:
    lull = 0
    for ago in range(persona.joined - 6, persona.last_day - 1, -1):
        expected = persona.share * demand(days.ago(ago)) * chance.uniform(0.6, 1.4)
        number = int(expected) + (chance.random() < expected % 1)
        lull = 0 if number else lull + 1
        for _order in range(number or lull >= LONGEST_LULL):
            yield _sale(_at(days, ago, chance), persona, chance)
            lull = 0


def _unclaimed(days: Days, chance: Random) -> Iterator[Sale]:
    for ago in range((days.now - days.start).days - 9, -1, -1):
        expected = UNCLAIMED * demand(days.ago(ago))
        for _order in range(int(expected) + (chance.random() < expected % 1)):
            claim = chance.choices([Claim.NONE, Claim.FORGED, Claim.UNKNOWN], [86, 7, 7])[0]
            yield _sale(_at(days, ago, chance), None, chance, claim=claim)


def _told(days: Days, chance: Random) -> Iterator[Sale]:
    """The orders that somebody's story needs."""
    for persona in playing(Part.DROWSY):
        for ago in (172, 165, 158):
            yield _sale(days.ago(ago, 9, 30), persona, chance, claim=Claim.CLICK, fate=Fate.KEPT)
    for persona in playing(Part.INDEBTED):
        rings = [(GOODS["jewelry-accessories"][2], 9)]
        dear = _sale(days.ago(200, 14, 5), persona, chance, claim=Claim.CLICK, fate=Fate.LATE_BACK)
        yield dear._replace(goods=rings, changed_at=days.ago(60, 16))
    for persona in playing(Part.BREACH, Part.SUSPENDED):
        yield _sale(days.ago(STOPPED[persona.part] - 3, 12), persona, chance, claim=Claim.CLICK, fate=Fate.CANCELLED)
    for persona in playing(Part.OWN_CUSTOMER):
        own = _sale(days.ago(8, 19, 20), persona, chance, claim=Claim.CLICK, fate=Fate.KEPT)
        yield own._replace(reference=persona.email)


def _at(days: Days, ago: int, chance: Random) -> datetime:
    return days.ago(ago, 0) + timedelta(seconds=chance.randrange(6 * 3600, 23 * 3600))


def _sale(
    placed_at: datetime,
    persona: Persona | None,
    chance: Random,
    *,
    claim: Claim | None = None,
    fate: Fate | None = None,
) -> Sale:
    clicked = timedelta(seconds=chance.randrange(90, 26 * 3600))
    claim = claim or _claim(persona, chance)
    if claim is Claim.EXPIRED:
        clicked += timedelta(days=chance.randrange(4, 15))
    fate = fate or chance.choices(list(FATES), list(FATES.values()))[0]
    completed_at = placed_at + timedelta(hours=chance.randrange(40, 220))
    return Sale(
        placed_at=placed_at,
        claim=claim,
        persona=persona,
        goods=basket(chance, placed_at),
        customer=min(chance.randrange(CUSTOMERS), chance.randrange(CUSTOMERS)),
        fate=fate,
        clicked_at=placed_at - clicked,
        link=chance.choices([0, 1], [70, 30])[0],
        completed_at=completed_at,
        changed_at=_changed_at(fate, placed_at, completed_at, chance),
    )


def _claim(persona: Persona | None, chance: Random) -> Claim:
    claims = {Claim.CLICK: 60, Claim.EXPIRED: 4}
    if persona and persona.coupon:
        claims |= {Claim.COUPON: 33, Claim.BOTH: 3}
    return chance.choices(list(claims), list(claims.values()))[0]


def _changed_at(fate: Fate, placed_at: datetime, completed_at: datetime, chance: Random) -> datetime:
    """When the shop took back what it took back."""
    if fate is Fate.CANCELLED:
        return placed_at + timedelta(hours=chance.randrange(2, 38))
    if fate in (Fate.LATE_BACK, Fate.LATE_CANCELLED):
        return completed_at + timedelta(days=chance.randrange(66, 95))
    return completed_at + timedelta(hours=chance.randrange(60, 600))
