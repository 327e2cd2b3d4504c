"""Categories of orders that no rate names: names are matched strictly, so a misspelt one silently earns the rate for
everything else (CONTRACT 2 and 5). Read from the daily roll-ups, so that orders of nobody are not counted."""

import re
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from difflib import get_close_matches
from typing import Any, NamedTuple

from django.db import connection

from agreements.models import AgreementVersion
from agreements.periods import get_program_time_zone
from payouts.commissions.rates import RateCard, get_rate_card

DAYS = 90
# How alike two names have to be, of 1, for one to be suggested for the other.
MIN_SIMILARITY = 0.75
MAX_LISTED = 500

# The categories are found by their index one after the other, whatever number of rows they have.
_USED_CATEGORIES = """
    WITH RECURSIVE seen AS (
        (SELECT value FROM tracking_rollup WHERE dimension = 'category' ORDER BY value LIMIT 1)
        UNION ALL
        SELECT (SELECT r.value FROM tracking_rollup r WHERE r.dimension = 'category' AND r.value > seen.value
                 ORDER BY r.value LIMIT 1)
          FROM seen WHERE seen.value IS NOT NULL
    ), other AS (SELECT value FROM seen WHERE value IS NOT NULL AND value <> ALL(%(names)s))
"""
_ROLLUP_CONDITION = "r.dimension = 'category' AND r.value = other.value AND r.day >= %(since)s AND r.orders > 0"


class UnratedCategory(NamedTuple):
    """A category that no rate names: orders of the last DAYS days, what customers paid, what it earned; and the rate that
    may have been meant, with its percentage, or "" and None."""

    category: str
    orders: int
    sales: Decimal
    commission: Decimal
    suggestion: str
    percent: Decimal | None


def get_current_rate_card(now: datetime) -> RateCard | None:
    """The rate card against which categories are matched today."""
    agreement = AgreementVersion.objects.get_in_force(now)
    return get_rate_card(agreement.pk) if agreement else None


def count_unrated_categories(*, now: datetime) -> int:
    """How many there are."""
    card = get_current_rate_card(now)
    if card is None:
        return 0
    with connection.cursor() as cursor:
        cursor.execute(
            f"{_USED_CATEGORIES} SELECT count(*) FROM other WHERE EXISTS (SELECT FROM tracking_rollup r WHERE {_ROLLUP_CONDITION})",  # noqa: S608 -- our own words
            _build_parameters(card, now),
        )
        [number] = cursor.fetchone() or (0,)
        return int(number)


def list_unrated_categories(*, card: RateCard, now: datetime) -> list[UnratedCategory]:
    """Each of them, those with the highest sales first, and at most MOST."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            {_USED_CATEGORIES} SELECT other.value, sum(r.orders), sum(r.sales), sum(r.commission)
              FROM other JOIN tracking_rollup r ON {_ROLLUP_CONDITION}
             GROUP BY other.value ORDER BY 3 DESC, 1 LIMIT {MAX_LISTED}
            """,  # noqa: S608 -- our own words
            _build_parameters(card, now),
        )
        rows = cursor.fetchall()
    meant = {category: suggest_category(category, card.rates) for category, *_figures in rows}
    return [
        UnratedCategory(category, int(orders), sales, commission, meant[category], card.rates.get(meant[category]))
        for category, orders, sales, commission in rows
    ]


def _build_parameters(card: RateCard, now: datetime) -> dict[str, Any]:
    since = now.astimezone(get_program_time_zone()).date() - timedelta(days=DAYS)
    return {"names": sorted(card.rates), "since": since}


def suggest_category(category: str, names: Mapping[str, Decimal] | Iterable[str]) -> str:
    """Which of `names` may have been meant by `category`; "" if none is like it."""
    plain = {_normalize_name(name): name for name in names}
    wanted = _normalize_name(category)
    if not wanted:
        return ""
    words = set(wanted.split("-"))
    within = [name for key, name in plain.items() if words <= set(key.split("-")) or set(key.split("-")) <= words]
    if wanted in plain or len(within) == 1:
        return plain.get(wanted) or within[0]
    close = get_close_matches(wanted, plain, n=1, cutoff=MIN_SIMILARITY)
    return plain[close[0]] if close else ""


def _normalize_name(name: str) -> str:
    """A name as a rate card writes it: small letters, hyphens between the words, without "and"."""
    words = re.findall(r"[^\W_]+", name.casefold())
    return "-".join(word for word in words if word != "and")
