"""Counts of rows of many tables, all read by one query."""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple

from django.db.models import CharField, Count, DateTimeField, DecimalField, Expression, Min, QuerySet, Sum, Value
from django.db.models.functions import Cast

_MONEY = DecimalField(max_digits=20, decimal_places=2)
_NOTHING = Value(None)


class CountedRows(NamedTuple):
    """Rows to count; with the earliest `time`, the sum of `amount`, and their number by `label`, if these are given."""

    rows: QuerySet[Any]
    time: str = ""
    amount: str = ""
    label: Expression | None = None


@dataclass
class Counts:
    """What was found of some rows; `first_at` is None and `amount` 0 without rows, and where they are not read."""

    number: int = 0
    first_at: datetime | None = None
    amount: Decimal = Decimal(0)
    by_label: dict[str, int] = field(default_factory=dict)


def count_together(sources: Mapping[Hashable, CountedRows]) -> dict[Hashable, Counts]:
    """Return the counts of each source by its key."""
    found: dict[Hashable, Counts] = {key: Counts() for key in sources}
    if not sources:
        return found
    keys = list(sources)
    first, *others = (_build_query(source, place) for place, source in enumerate(sources.values()))
    for place, label, number, first_at, amount in first.union(*others, all=True):
        counts = found[keys[place]]
        counts.number += number
        counts.first_at = min(filter(None, (counts.first_at, first_at)), default=None)
        counts.amount += amount or 0
        counts.by_label[label] = number
    return found


def _build_query(source: CountedRows, place: int) -> QuerySet[Any, Any]:
    label = Value("") if source.label is None else source.label
    rows = source.rows.order_by().annotate(union_place=Value(place), union_label=Cast(label, CharField()))
    counted: QuerySet[Any, Any] = rows.values("union_place", "union_label").annotate(
        union_number=Count("pk"),
        union_first_at=Cast(Min(source.time) if source.time else _NOTHING, DateTimeField()),
        union_amount=Cast(Sum(source.amount) if source.amount else _NOTHING, _MONEY),
    )
    return counted.values_list("union_place", "union_label", "union_number", "union_first_at", "union_amount")
