"""A program with two connections for each platform: one gets events in order, one shuffled and repeated."""

import hashlib
import random
import sys
import tempfile
from contextlib import redirect_stdout
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from shops.models import Connection
    from tests.shops.connectors.shop_histories import Event

# The part of the deliveries that are not repetitions.
DISTINCT = 0.8


class Shop(NamedTuple):
    """A platform's connection whose events arrive in order, the one for `deliveries`, and the events of both."""

    platform: str
    ordered: "Connection"
    mixed: "Connection"
    events: "list[Event]"
    deliveries: "list[Event]"


def create_shops(deliveries: int, seed: int) -> list[Shop]:
    """Create a program and connections of all platforms; `deliveries` in all are to be sent."""
    from shops.models import Platform
    from tests.scenarios import create_program, import_affiliates
    from tests.shops.connectors.shop_histories import AFFILIATE, load_shop, shuffle

    with tempfile.TemporaryDirectory() as folder, redirect_stdout(sys.stderr):
        create_program("2026-01-01")
        import_affiliates([AFFILIATE], Path(folder))
    chance, count = random.Random(seed), deliveries // len(Platform.values)
    shops = []
    for platform in Platform.values:
        shop = load_shop(platform)
        events = shop.list_events(int(count * DISTINCT), chance)
        ordered, mixed = (shop.connect(f"{kind}-{platform[:2]}") for kind in ("ordered", "mixed"))
        shops.append(Shop(platform, ordered, mixed, events, shuffle(events, max(count, len(events)), chance)))
    return shops


def deliver_in_order(shop: Shop) -> None:
    """Store and process the shop's events in order, each once."""
    from django.utils import timezone

    from shops.connectors import folding, inbox

    for event in shop.events:
        now = timezone.now()
        inbox.receive(connection=shop.ordered, delivery=event(now), now=now)
    folding.process_events(now=timezone.now())


class Comparison(NamedTuple):
    """The orders of both connections of all shops: how many there are, and how many differ."""

    orders: int
    differences: int
    lines: int
    refunded_lines: int
    commissions: int
    # Of the orders from shuffled deliveries, and of those from deliveries in order.
    digest: str
    digest_in_order: str


def compare_orders(shops: list[Shop]) -> Comparison:
    """Compare the orders, lines, refunds and commissions of both connections of each shop."""
    from tests.shops.connectors.shop_histories import describe_orders

    pairs = [(describe_orders(shop.ordered), describe_orders(shop.mixed)) for shop in shops]
    lines = list(chain.from_iterable(lines for _, mixed in pairs for *_about, lines, _earned in mixed.values()))
    return Comparison(
        orders=sum(len(mixed) for _ordered, mixed in pairs),
        differences=sum(
            ordered.get(name) != mixed.get(name) for ordered, mixed in pairs for name in ordered.keys() | mixed.keys()
        ),
        lines=len(lines),
        refunded_lines=sum(refunded > 0 for *_line, refunded in lines),
        commissions=sum(len(earned) for _, mixed in pairs for *_about, earned in mixed.values()),
        digest=_digest([mixed for _ordered, mixed in pairs]),
        digest_in_order=_digest([ordered for ordered, _mixed in pairs]),
    )


def _digest(described: list[dict[str, tuple[Any, ...]]]) -> str:
    return hashlib.sha256(repr(described).encode()).hexdigest()


def count_events(shops: list[Shop], *states: str) -> int:
    """Return how many stored events of the shuffled connections are in one of the states."""
    from shops.models import ShopEvent

    return ShopEvent.objects.filter(connection__in=[shop.mixed for shop in shops], state__in=states).count()


def count_deliveries(shops: list[Shop]) -> int:
    """Return how many deliveries to the shuffled connections were recorded, repetitions included."""
    from shops.models import ShopEvent

    stored = ShopEvent.objects.filter(connection__in=[shop.mixed for shop in shops])
    return sum(1 + repeats for repeats in stored.values_list("repeats", flat=True))
