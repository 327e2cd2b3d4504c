"""The program's currency, and the currencies a program can pay in."""

from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

from django.db import connection
from django.db.models import QuerySet, Subquery, Value
from django.db.models.functions import Coalesce

from agreements.models import AgreementVersion
from agreements.published_versions import list_published_versions
from lib.request_values import is_sharing

_CODES = (
    "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CNY COP "
    "CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS "
    "INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN "
    "MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE "
    "SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD UYU UZS VED VES WST XCD XCG YER ZAR "
    "ZMW ZWG "
)

TWO_DECIMAL_CURRENCIES = frozenset(_CODES.split())
"""The ISO 4217 codes of currencies in use with two decimals, as of 2026, without fund and test codes."""


def get_program_currency() -> str:
    """Return the ISO code that every version names (specification 2); the default before the first is published."""
    return find_program_currency() or AgreementVersion().currency


def find_program_currency() -> str | None:
    """Return the ISO code that every version names (specification 2); None before the first is published."""
    if is_sharing():
        versions = list_published_versions()
        return versions[0].currency if versions else None
    with connection.cursor() as cursor:
        cursor.execute(*_build_currency_query())
        row: tuple[str] | None = cursor.fetchone()
    return row[0] if row else None


def get_currency_and_zone() -> tuple[str, ZoneInfo]:
    """Return the currency and the time zone that every version names, in one query; the defaults before the first."""
    published = AgreementVersion.objects.published().order_by("number").values_list("currency", "time_zone")
    currency, zone = published.first() or (AgreementVersion().currency, "UTC")
    return currency, ZoneInfo(zone)


@cache
def _build_currency_query() -> tuple[str, tuple[Any, ...]]:
    """Return the SQL and its parameters, cached: it runs with every order, and compiling costs more than running it."""
    return _list_currencies()[:1].query.sql_with_params()


def annotate_currency(rows: QuerySet[Any]) -> QuerySet[Any]:
    """Add `program_currency` to each row, so that a list needs no query per amount."""
    annotated: QuerySet[Any] = rows.annotate(
        program_currency=Coalesce(Subquery(_list_currencies()[:1]), Value(AgreementVersion().currency))
    )
    return annotated


def _list_currencies() -> QuerySet[AgreementVersion, str]:
    return AgreementVersion.objects.published().order_by("number").values_list("currency", flat=True)
