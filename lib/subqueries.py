"""Subqueries that annotate a row with one value of its related rows."""

from decimal import Decimal
from typing import Any

from django.db.models import DecimalField, QuerySet, Subquery, Sum, Value
from django.db.models.functions import Coalesce

_MONEY = DecimalField(max_digits=14, decimal_places=2)


def find_first(queryset: QuerySet[Any], field: str) -> Subquery:
    """Return the field of the first row of `queryset`, NULL if there is none."""
    return Subquery(queryset.values(field)[:1])


def sum_amounts(queryset: QuerySet[Any], by: str) -> Coalesce:
    """Return the sum of `amount` over `queryset`, whose rows all have the same `by`; 0.00 if there is none."""
    sums = queryset.order_by().values(by).annotate(sum=Sum("amount")).values("sum")
    return Coalesce(Subquery(sums, _MONEY), Value(Decimal("0.00"), _MONEY))
