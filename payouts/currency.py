"""The program's one currency."""

from typing import Any

from django.db.models import QuerySet, Subquery, Value
from django.db.models.functions import Coalesce

from agreements.models import Agreement


def program_currency() -> str:
    """The ISO code that every version of the agreement names (CONTRACT 2); the default before the first is published."""
    return _named().first() or Agreement().currency


def with_currency(rows: QuerySet[Any]) -> QuerySet[Any]:
    """`rows`, each with `program_currency`, for a list that would else ask for it once an amount."""
    named: QuerySet[Any] = rows.annotate(program_currency=Coalesce(Subquery(_named()[:1]), Value(Agreement().currency)))
    return named


def _named() -> QuerySet[Agreement, str]:
    return Agreement.objects.published().order_by("number").values_list("currency", flat=True)
