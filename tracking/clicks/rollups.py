"""Clicks folded into daily roll-ups: each exactly once, long after the redirect has answered, so that it costs it nothing.

A fold takes the clicks of the transactions that ended since the last one: every transaction older than the oldest that
still runs. Whoever reads adds the rest, so that nobody waits for a fold to see a click.
"""

import logging
from datetime import date

from django.db import connection, transaction

from tracking.clicks import partitions
from tracking.clicks.rollup_sql import KEY, STORED_SQL, SUB_IDS, build_day_sql, build_dimension_join_sql
from tracking.models.rollup import ZONE_IN_SQL

log = logging.getLogger(__name__)

HORIZON_SQL = "COALESCE((SELECT transaction FROM tracking_clickhorizon), 0)"


def build_click_counts_sql(condition: str) -> str:
    """SQL: the clicks `c` on links `l` that count, as (affiliate_id, day, dimension, value, clicks)."""
    details = (*SUB_IDS, "device")
    columns = ", ".join(f"c.{name}" for name in details)
    return f"""
        SELECT {KEY}, SUM(found)::bigint AS clicks FROM (
            SELECT l.affiliate_id, {build_day_sql("c.at")} AS day, c.link_id::text AS link, {columns}, COUNT(*) AS found
              FROM tracking_click c JOIN tracking_link l ON l.id = c.link_id
             WHERE c.kind = 'counted' AND {condition}
             GROUP BY 1, 2, 3, {columns}
        ) AS clicked {build_dimension_join_sql("link", *details)} WHERE {STORED_SQL} GROUP BY {KEY}
    """  # noqa: S608


def build_rollup_upsert_sql(condition: str) -> str:
    """SQL: add those clicks to the roll-ups."""
    return f"""
        INSERT INTO tracking_rollup ({KEY}, clicks) SELECT {KEY}, clicks FROM ({build_click_counts_sql(condition)}) AS found ORDER BY {KEY}
            ON CONFLICT ({KEY}) DO UPDATE SET clicks = tracking_rollup.clicks + excluded.clicks
    """  # noqa: S608


def update_click_rollups() -> None:
    """Add the clicks that were committed since the last fold to the roll-ups."""
    with transaction.atomic(), connection.cursor() as cursor:
        begin = _lock_horizon()
        cursor.execute("SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint")
        [end] = cursor.fetchone()
        if begin <= end:
            cursor.execute(build_rollup_upsert_sql("c.transaction >= %s AND c.transaction < %s"), [begin, end])
            cursor.execute("UPDATE tracking_clickhorizon SET transaction = %s", [end])
    if begin > end:
        # Restored on a server whose transactions are numbered anew: nothing tells old clicks from new ones.
        log.warning("the clicks in the roll-ups are of a later transaction than any: counting all of them anew")
        rebuild_click_rollups()


def rebuild_click_rollups() -> None:
    """Count all clicks again for the days whose clicks are all there still; roll-ups of older days stay as they are."""
    with transaction.atomic(durable=True), connection.cursor() as cursor:
        # One view of everything: a click that commits meanwhile is left to the next fold, whatever its number.
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        _lock_horizon()
        cursor.execute("SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint")
        [end] = cursor.fetchone()
        since = find_first_complete_day()
        cursor.execute("UPDATE tracking_rollup SET clicks = 0 WHERE day >= %s AND clicks <> 0", [since])
        cursor.execute(build_rollup_upsert_sql(f"{build_day_sql('c.at')} >= %s"), [since])
        cursor.execute("UPDATE tracking_click SET transaction = 0 WHERE transaction >= %s", [end])
        cursor.execute("UPDATE tracking_clickhorizon SET transaction = %s", [end])


def find_first_complete_day() -> date:
    """The first day of the program's zone of which no click was dropped (CLICK_RETENTION_DAYS)."""
    month = partitions.find_first_kept_month()
    if month is None:
        return date.min
    with connection.cursor() as cursor:
        cursor.execute(
            f"""SELECT CASE WHEN begins::time = '00:00' THEN begins::date ELSE begins::date + 1 END
                  FROM (SELECT %s::timestamp AT TIME ZONE 'UTC' AT TIME ZONE {ZONE_IN_SQL} AS begins) AS first_month""",  # noqa: S608
            [month],
        )
        [day] = cursor.fetchone()
    assert isinstance(day, date)
    return day


def _lock_horizon() -> int:
    """Let nobody else fold until the transaction ends; the transaction up to which clicks are folded."""
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO tracking_clickhorizon (id, transaction) VALUES (1, 0) ON CONFLICT DO NOTHING")
        cursor.execute("SELECT transaction FROM tracking_clickhorizon FOR UPDATE")
        return int(cursor.fetchone()[0])
