"""What shops of all platforms send about their orders, in order or shuffled and repeated, and what becomes of it."""

import random
from collections.abc import Callable
from datetime import datetime
from importlib import import_module
from typing import Any, NamedTuple

from payouts.models import Commission
from shops.connectors.base import Delivery
from shops.models import Connection
from tracking.models import Order, OrderLine

# An event, which is signed when it is delivered. Later deliveries of it are repetitions.
Event = Callable[[datetime], Delivery]
# What the connections of a program earn for, with the coupons that `build_events` uses.
AFFILIATE = "ANN"


class Shop(NamedTuple):
    """A platform: `connect` makes a connection with that prefix, `build_events` the events of an order by its number."""

    connect: Callable[[str], Connection]
    build_events: Callable[[int, random.Random], list[Event]]

    def list_events(self, count: int, chance: random.Random) -> list[Event]:
        """Return at least `count` events of orders one after another."""
        events: list[Event] = []
        number = 0
        while len(events) < count:
            number += 1
            events += self.build_events(number, chance)
        return events


def load_shop(platform: str) -> Shop:
    history = import_module(f"tests.shops.connectors.{platform}.history")
    return Shop(history.connect, history.build_events)


def shuffle(events: list[Event], count: int, chance: random.Random) -> list[Event]:
    """Return `count` deliveries of the events in any order, each at least once."""
    deliveries = events + chance.choices(events, k=count - len(events))
    chance.shuffle(deliveries)
    return deliveries


def describe_orders(connection: Connection) -> dict[str, tuple[Any, ...]]:
    """Return what is known of the orders of a connection and what they earn, by the shop's number.

    Lines that an order has no more are left out: whether they were ever stored depends on the order of arrival.
    """
    prefix = f"{connection.prefix}-"
    orders = Order.objects.filter(order_id__startswith=prefix)
    fields = ("order_id", "status", "placed_at", "completed_at", "affiliate__code", "reason")
    found: dict[str, tuple[Any, ...]] = {name: (*about, [], []) for name, *about in orders.values_list(*fields)}
    lines = OrderLine.objects.filter(order__in=orders, amount__gt=0).order_by("line_id")
    for name, *about in lines.values_list("order__order_id", "line_id", "category", "amount", "refunded"):
        found[name][-2].append(about)
    earned = Commission.objects.filter(order__in=orders, amount__gt=0).order_by("line__line_id")
    fields = ("order__order_id", "line__line_id", "affiliate__code", "category", "amount", "validates_at")
    for name, *about in earned.values_list(*fields):
        found[name][-1].append(about)
    return {name.removeprefix(prefix): about for name, about in sorted(found.items())}
