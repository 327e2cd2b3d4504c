"""An affiliate's commissions grouped by order, in pages.

A page starts after the last order of the page before: OFFSET would read every row that it skips.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import UUID

from django.db.models import Count, F, Q, QuerySet, Sum, TextChoices, Window
from django.db.models.functions import RowNumber
from django.utils.translation import gettext_lazy as _

from lib.money import ZERO
from payouts.models import Commission
from payouts.reporting.commission_list import annotate_state
from tracking.models import Order

PAGE_SIZE = 25
# Of a longer order, the list shows this many lines; the order's page shows all.
MAX_LINES = 10


class Sort(TextChoices):
    """The order of the list."""

    NEWEST = "-placed", _("newest first")
    OLDEST = "placed", _("oldest first")
    HIGHEST = "-amount", _("highest commission first")
    LOWEST = "amount", _("lowest commission first")


# The columns of each order of the list, all in the same direction.
_KEYS = {
    Sort.NEWEST: ("placed_at", "order_id"),
    Sort.OLDEST: ("placed_at", "order_id"),
    Sort.HIGHEST: ("earned", "placed_at", "order_id"),
    Sort.LOWEST: ("earned", "placed_at", "order_id"),
}


@dataclass(slots=True)
class OrderSums:
    """Of an order: how many lines are in which state, and the sums of all."""

    states: Counter[str] = field(default_factory=Counter)
    base: Decimal = ZERO
    amount: Decimal = ZERO
    settled: Decimal = ZERO


class OrderGroup(NamedTuple):
    """An order with those of its commissions that match the filters. `lines` are the first of them."""

    order: Order
    placed_at: datetime
    base: Decimal
    amount: Decimal
    settled: Decimal
    line_count: int
    states: Mapping[str, int]
    lines: Sequence[Commission]

    @property
    def more_lines(self) -> int:
        """Return how many lines are not in `lines`."""
        return self.line_count - len(self.lines)


class Page(NamedTuple):
    """The orders of a page and the cursor of the next page, "" if there is none."""

    rows: list[OrderGroup]
    next_cursor: str


def get_page(matching: QuerySet[Commission], sort: Sort, cursor: str, now: datetime) -> Page:
    """Return the page of the orders of `matching` after `cursor`, the id of the last order of the page before.

    The first page for "" and for a cursor that is none of these orders.
    """
    found = list(_start_after(matching, sort, cursor)[: PAGE_SIZE + 1])
    shown = found[:PAGE_SIZE]
    ids = [group["order_id"] for group in shown]
    sums = _sum_orders(matching.filter(order__in=ids), now) if ids else {}
    lines = _list_lines(matching.filter(order__in=ids), now) if ids else {}
    rows = [
        OrderGroup(
            lines[pk][0].order, group["placed_at"], sums[pk].base, sums[pk].amount,
            sums[pk].settled, sums[pk].states.total(), sums[pk].states, lines[pk],
        )
        for pk, group in zip(ids, shown, strict=True)
        # An order that was credited to someone else since the first query has none.
        if pk in lines and pk in sums
    ]  # fmt: skip
    return Page(rows, str(ids[-1]) if len(found) > PAGE_SIZE else "")


def _group(matching: QuerySet[Commission]) -> QuerySet[Any, Any]:
    """Group by order, with nothing but what the orders are sorted by: every order of the affiliate may be read."""
    return matching.order_by().values("placed_at", "order_id").annotate(earned=Sum("amount"))


def _start_after(matching: QuerySet[Commission], sort: Sort, cursor: str) -> QuerySet[Any, Any]:
    is_descending = sort.value.startswith("-")
    keys = _KEYS[sort]
    names = [f"{'-' if is_descending else ''}{key}" for key in keys]
    last = _find_last(matching, cursor)
    if last is None:
        return _group(matching).order_by(*names)
    operator = "lt" if is_descending else "gt"
    if keys[0] == "placed_at":
        # Alone, so that the index finds the start.
        matching = matching.filter(**{f"placed_at__{operator}e": last["placed_at"]})
    after = Q()
    for position, key in enumerate(keys):
        equal = {before: last[before] for before in keys[:position]}
        after |= Q(**equal, **{f"{key}__{operator}": last[key]})
    return _group(matching).filter(after).order_by(*names)


def _find_last(matching: QuerySet[Commission], cursor: str) -> dict[str, Any] | None:
    try:
        return _group(matching.filter(order=UUID(cursor))).order_by("order_id").first()
    except ValueError:
        return None


def _sum_orders(rows: QuerySet[Commission], now: datetime) -> dict[UUID, OrderSums]:
    annotated: QuerySet[Any] = annotate_state(rows, now)
    # The names of columns cannot be those of sums.
    by_state = annotated.values("order_id", "state").annotate(
        count=Count("*"), paid=Sum("base"), earned=Sum("amount"), posted=Sum("settled")
    )
    sums: dict[UUID, OrderSums] = defaultdict(OrderSums)
    for row in by_state.order_by("order_id", "-count", "state"):
        one = sums[row["order_id"]]
        one.states[row["state"]] = row["count"]
        one.base += row["paid"]
        one.amount += row["earned"]
        one.settled += row["posted"]
    return sums


def _list_lines(rows: QuerySet[Commission], now: datetime) -> dict[UUID, list[Commission]]:
    """Return the first lines of each order, as the shop numbers them."""
    place = Window(RowNumber(), partition_by=F("order_id"), order_by=("line__position", "line_id"))
    first = annotate_state(rows, now).annotate(place=place).filter(place__lte=MAX_LINES)
    lines: dict[UUID, list[Commission]] = defaultdict(list)
    for row in first.select_related("order", "line").order_by("order_id", "place"):
        lines[row.order_id].append(row)
    return lines
