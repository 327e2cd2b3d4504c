"""The program's one currency."""

from functools import cache
from typing import Any

from django.db import connection
from django.db.models import QuerySet, Subquery, Value
from django.db.models.functions import Coalesce

from agreements.models import AgreementVersion


def get_program_currency() -> str:
    """The ISO code that every version of the agreement names (CONTRACT 2); the default before the first is published."""
    with connection.cursor() as cursor:
        cursor.execute(*_build_currency_query())
        named: tuple[str] | None = cursor.fetchone()
    return named[0] if named else AgreementVersion().currency


@cache
def _build_currency_query() -> tuple[str, tuple[Any, ...]]:
    """The question in SQL, put together once: it comes with every order, and to make it costs more than to answer it."""
    return _list_currencies()[:1].query.sql_with_params()


def annotate_currency(rows: QuerySet[Any]) -> QuerySet[Any]:
    """`rows`, each with `program_currency`, for a list that would else ask for it once an amount."""
    named: QuerySet[Any] = rows.annotate(
        program_currency=Coalesce(Subquery(_list_currencies()[:1]), Value(AgreementVersion().currency))
    )
    return named


def _list_currencies() -> QuerySet[AgreementVersion, str]:
    return AgreementVersion.objects.published().order_by("number").values_list("currency", flat=True)
