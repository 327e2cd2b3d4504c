"""Order categories for which the rate card has no rate (specification 2 and 5).

A misspelled category silently earns the rate for everything else, so staff see them listed.
Read from the daily rollups, which hold only orders that are credited to an affiliate.
"""

import re
from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from difflib import get_close_matches
from typing import NamedTuple

from django.db import connection

from agreements.periods import get_program_time_zone
from agreements.published_versions import find_version_in_force
from payouts.commissions.rates import RateCard, get_rate_card

DAYS = 90
# The similarity, from 0 to 1, from which on a name is suggested for another.
MIN_SIMILARITY = 0.75
MAX_LISTED = 500

# A loose index scan: finds the distinct categories without reading all of their rows.
_USED_CATEGORIES = """
    WITH RECURSIVE seen AS (
        (SELECT value FROM tracking_rollup WHERE dimension = 'category' ORDER BY value LIMIT 1)
        UNION ALL
        SELECT (SELECT r.value FROM tracking_rollup r WHERE r.dimension = 'category' AND r.value > seen.value
                 ORDER BY r.value LIMIT 1)
          FROM seen WHERE seen.value IS NOT NULL
    ), other AS (SELECT value FROM seen WHERE value IS NOT NULL AND NOT EXISTS (
            SELECT FROM agreements_rate WHERE agreement_id = %(agreement)s AND category = seen.value))
"""
_ROLLUP_CONDITION = "r.dimension = 'category' AND r.value = other.value AND r.day >= %(since)s AND r.orders > 0"


class UnratedCategory(NamedTuple):
    """A category without a rate, with the orders, sales and commission of the last `DAYS` days.

    `suggestion` is the category that was probably meant, with its `percent`; "" and None if there is none.
    """

    category: str
    orders: int
    sales: Decimal
    commission: Decimal
    suggestion: str
    percent: Decimal | None


def get_current_rate_card(now: datetime) -> RateCard | None:
    """Return the rate card in force at `now`, or None."""
    agreement = find_version_in_force(now)
    return get_rate_card(agreement.pk) if agreement else None


def count_unrated_categories(*, now: datetime) -> int:
    """Return the number of categories without a rate."""
    agreement = find_version_in_force(now)
    if agreement is None:
        return 0
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            {_USED_CATEGORIES} SELECT count(*) FROM other
             WHERE EXISTS (SELECT FROM tracking_rollup r WHERE {_ROLLUP_CONDITION})
            """,  # noqa: S608 -- no input in the SQL text
            {"agreement": agreement.pk, "since": _get_first_day(now)},
        )
        [count] = cursor.fetchone() or (0,)
        return int(count)


def list_unrated_categories(*, card: RateCard, now: datetime) -> list[UnratedCategory]:
    """Return the categories without a rate, highest sales first, at most `MAX_LISTED`."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            {_USED_CATEGORIES} SELECT other.value, sum(r.orders), sum(r.sales), sum(r.commission)
              FROM other JOIN tracking_rollup r ON {_ROLLUP_CONDITION}
             GROUP BY other.value ORDER BY 3 DESC, 1 LIMIT {MAX_LISTED}
            """,  # noqa: S608 -- no input in the SQL text
            {"agreement": card.agreement_id, "since": _get_first_day(now)},
        )
        rows = cursor.fetchall()
    suggestions = {category: suggest_category(category, card.rates) for category, *_figures in rows}
    return [
        UnratedCategory(
            category, int(orders), sales, commission, suggestions[category], card.rates.get(suggestions[category])
        )
        for category, orders, sales, commission in rows
    ]


def _get_first_day(now: datetime) -> date:
    return now.astimezone(get_program_time_zone()).date() - timedelta(days=DAYS)


def suggest_category(category: str, names: Mapping[str, Decimal] | Iterable[str]) -> str:
    """Return the one of `names` that was probably meant by `category`, or ""."""
    normalized = {_normalize_name(name): name for name in names}
    wanted = _normalize_name(category)
    if not wanted:
        return ""
    words = set(wanted.split("-"))
    overlapping = [
        name for key, name in normalized.items() if words <= set(key.split("-")) or set(key.split("-")) <= words
    ]
    if wanted in normalized or len(overlapping) == 1:
        return normalized.get(wanted) or overlapping[0]
    close = get_close_matches(wanted, normalized, n=1, cutoff=MIN_SIMILARITY)
    return normalized[close[0]] if close else ""


def _normalize_name(name: str) -> str:
    """Return `name` as rate cards write it: lower case, hyphens between words, without "and"."""
    words = re.findall(r"[^\W_]+", name.casefold())
    return "-".join(word for word in words if word != "and")
