"""The goods of Juniper & Pine by rate card category, with their seasonal demand."""

from datetime import datetime
from random import Random
from typing import NamedTuple

CENTS = 100


class Good(NamedTuple):
    """A product of the shop; `cents` is its price."""

    sku: str
    title: str
    category: str
    cents: int


def _goods(category: str, *goods: tuple[str, int]) -> list[Good]:
    prefix = "".join(word[0] for word in category.split("-")).upper()
    return [Good(f"{prefix}-{number:03d}", title, category, cents) for number, (title, cents) in enumerate(goods, 101)]


GOODS: dict[str, list[Good]] = {
    category: _goods(category, *goods)
    for category, goods in {
        "sports-garden": [
            ("Terracotta pot, 24 cm", 1890), ("Hand-forged trowel", 2450), ("Copper watering can, 5 l", 5900),
            ("Raised bed, larch", 12900), ("Bird bath, stoneware", 7450), ("Hammock, cotton", 8900),
        ],
        "home-decor": [
            ("Juniper wreath", 3490), ("Linen cushion, moss", 2890), ("Wool throw, heather", 8950),
            ("Oak picture frame, A4", 2190), ("Stoneware vase, tall", 4290),
        ],
        "kitchen-dining": [
            ("Enamel teapot", 3950), ("Olive wood board", 3290), ("Set of six tumblers", 2790),
            ("Cast-iron casserole, 4 l", 11900), ("Linen tea towels, three", 1990),
        ],
        "lights-lighting": [("Lantern, galvanised", 4590), ("String lights, 10 m", 2990), ("Table lamp, ash", 9800)],
        "toys-hobbies": [("Wooden marble run", 5490), ("Pressed-flower kit", 1890), ("Knitting set, scarf", 3650)],
        "bags-shoes": [("Garden clogs", 3990), ("Waxed canvas tote", 6900)],
        "beauty-health": [
            ("Pine tar soap, three bars", 1450), ("Hand salve, calendula", 1290), ("Sauna oil, spruce", 1690),
        ],
        "jewelry-accessories": [("Silver fern pendant", 12800), ("Amber earrings", 8900), ("Moss agate ring", 16400)],
        "office-school": [("Field notebook, five", 2250), ("Brass pencil sharpener", 1690)],
        "consumer-electronics": [("Soil moisture sensor", 4990), ("Bird-song radio", 13900)],
        # Not on the rate card: the "everything else" rate applies.
        "gift-cards": [("Gift card", 5000)],
    }.items()
}  # fmt: skip

# Percent of all goods sold in an average month.
CATEGORY_WEIGHTS: dict[str, int] = {
    "sports-garden": 26, "home-decor": 22, "kitchen-dining": 18, "lights-lighting": 7, "toys-hobbies": 7,
    "bags-shoes": 5, "beauty-health": 6, "jewelry-accessories": 3, "office-school": 3, "consumer-electronics": 2,
    "gift-cards": 1,
}  # fmt: skip

# Demand for a category by month, relative to its average month.
SEASONAL_FACTORS: dict[str, dict[int, float]] = {
    "sports-garden": {3: 1.6, 4: 2.2, 5: 2.2, 6: 1.5, 11: 0.4, 12: 0.3, 1: 0.4},
    "home-decor": {11: 1.6, 12: 1.8},
    "lights-lighting": {10: 1.5, 11: 2.2, 12: 2.4},
    "toys-hobbies": {11: 2.0, 12: 2.8},
    "office-school": {8: 3.0, 9: 2.5},
    "gift-cards": {12: 4.0},
}

# The shop's sales by month, relative to an average month.
MONTHLY_FACTORS: dict[int, float] = {
    1: 0.75, 2: 0.8, 3: 1.0, 4: 1.25, 5: 1.25, 6: 1.0, 7: 0.85, 8: 0.85, 9: 0.95, 10: 1.05, 11: 1.5, 12: 1.6,
}  # fmt: skip


def estimate_demand(moment: datetime) -> float:
    """Return the shop's demand on that day, relative to an average day; weekends are busier."""
    return MONTHLY_FACTORS[moment.month] * (1.25 if moment.weekday() >= 5 else 0.9)


def pick_basket(chance: Random, moment: datetime) -> list[tuple[Good, int]]:
    """Return one to three different goods with quantities, weighted by the season."""
    weights = [
        share * SEASONAL_FACTORS.get(category, {}).get(moment.month, 1.0)
        for category, share in CATEGORY_WEIGHTS.items()
    ]
    categories = chance.choices(list(CATEGORY_WEIGHTS), weights, k=chance.choices([1, 2, 3], [60, 28, 12])[0])
    goods = {good.sku: good for good in (chance.choice(GOODS[category]) for category in categories)}
    return [(good, chance.choices([1, 2, 3], [78, 16, 6])[0]) for good in goods.values()]
