"""The program's one currency."""

from functools import cache
from typing import Any

from django.db import connection
from django.db.models import QuerySet, Subquery, Value
from django.db.models.functions import Coalesce

from agreements.models import Agreement


def program_currency() -> str:
    """The ISO code that every version of the agreement names (CONTRACT 2); the default before the first is published."""
    with connection.cursor() as cursor:
        cursor.execute(*_asked())
        named: tuple[str] | None = cursor.fetchone()
    return named[0] if named else Agreement().currency


@cache
def _asked() -> tuple[str, tuple[Any, ...]]:
    """The question in SQL, put together once: it comes with every order, and to make it costs more than to answer it."""
    return _named()[:1].query.sql_with_params()


def with_currency(rows: QuerySet[Any]) -> QuerySet[Any]:
    """`rows`, each with `program_currency`, for a list that would else ask for it once an amount."""
    named: QuerySet[Any] = rows.annotate(program_currency=Coalesce(Subquery(_named()[:1]), Value(Agreement().currency)))
    return named


def _named() -> QuerySet[Agreement, str]:
    return Agreement.objects.published().order_by("number").values_list("currency", flat=True)
