"""Add clicks to the daily rollups, each exactly once. A scheduled task does it, so that it costs the redirect nothing.

An update takes the clicks of all transactions that ended since the last one, up to the oldest running transaction.
Reports add the remaining clicks, so that they are always current.
"""

import logging
from datetime import date

from django.db import connection, transaction

from affiliates.models import Affiliate
from tracking.clicks import partitions
from tracking.clicks.rollup_sql import KEY, STORED_SQL, SUB_IDS, build_day_sql, build_dimension_join_sql
from tracking.models.rollup import ZONE_IN_SQL, Rollup

log = logging.getLogger(__name__)

HORIZON_SQL = "COALESCE((SELECT transaction FROM tracking_clickhorizon), 0)"


def build_click_counts_sql(condition: str) -> str:
    """Return SQL for counted clicks `c` on links `l`, as (affiliate_id, day, dimension, value, clicks)."""
    details = (*SUB_IDS, "device")
    columns = ", ".join(f"c.{name}" for name in details)
    return f"""
        SELECT {KEY}, SUM(count)::bigint AS clicks FROM (
            SELECT l.affiliate_id, {build_day_sql("c.at")} AS day, c.link_id::text AS link, {columns}, COUNT(*) AS count
              FROM tracking_click c JOIN tracking_link l ON l.id = c.link_id
             WHERE c.kind = 'counted' AND {condition}
             GROUP BY 1, 2, 3, {columns}
        ) AS clicked {build_dimension_join_sql("link", *details)} WHERE {STORED_SQL} GROUP BY {KEY}
    """  # noqa: S608


def build_rollup_upsert_sql(condition: str) -> str:
    """Return SQL that adds the counted clicks matching `condition` to the rollups."""
    return f"""
        INSERT INTO tracking_rollup ({KEY}, clicks)
            SELECT {KEY}, clicks FROM ({build_click_counts_sql(condition)}) AS counted ORDER BY {KEY}
            ON CONFLICT ({KEY}) DO UPDATE SET clicks = tracking_rollup.clicks + excluded.clicks
    """  # noqa: S608


def update_click_rollups() -> None:
    """Add the clicks committed since the last update to the rollups."""
    with transaction.atomic(), connection.cursor() as cursor:
        start = _lock_horizon()
        cursor.execute("SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint")
        [end] = cursor.fetchone()
        if start <= end:
            cursor.execute(build_rollup_upsert_sql("c.transaction >= %s AND c.transaction < %s"), [start, end])
            cursor.execute("UPDATE tracking_clickhorizon SET transaction = %s", [end])
    if start > end:
        # The database was restored to a server with lower transaction ids, so old and new clicks cannot be distinguished.
        log.warning("The click horizon is ahead of the server's transaction ids: recounting all clicks")
        rebuild_click_rollups()


def rebuild_click_rollups() -> None:
    """Recount the clicks of all days whose clicks are complete; rollups of older days stay unchanged."""
    with transaction.atomic(durable=True), connection.cursor() as cursor:
        # One snapshot for all statements: clicks that commit meanwhile are left to the next update.
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        _lock_horizon()
        cursor.execute("SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint")
        [end] = cursor.fetchone()
        since = find_first_complete_day()
        cursor.execute("UPDATE tracking_rollup SET clicks = 0 WHERE day >= %s AND clicks <> 0", [since])
        cursor.execute(build_rollup_upsert_sql(f"{build_day_sql('c.at')} >= %s"), [since])
        cursor.execute("UPDATE tracking_click SET transaction = 0 WHERE transaction >= %s", [end])
        cursor.execute("UPDATE tracking_clickhorizon SET transaction = %s", [end])


def delete_sub_id_rollups(affiliate: Affiliate) -> None:
    """Delete the affiliate's totals by sub-ID; no update runs until the caller has blanked the sub-IDs of the clicks."""
    _lock_horizon()
    Rollup.objects.filter(affiliate=affiliate, dimension__in=SUB_IDS).delete()


def find_first_complete_day() -> date:
    """Return the first day, in the program's time zone, whose clicks were not dropped (CLICK_RETENTION_DAYS)."""
    month = partitions.find_first_kept_month()
    if month is None:
        return date.min
    with connection.cursor() as cursor:
        cursor.execute(
            f"""SELECT CASE WHEN start::time = '00:00' THEN start::date ELSE start::date + 1 END
                  FROM (SELECT %s::timestamp AT TIME ZONE 'UTC' AT TIME ZONE {ZONE_IN_SQL} AS start) AS first_month
            """,  # noqa: S608
            [month],
        )
        [day] = cursor.fetchone()
    assert isinstance(day, date)
    return day


def _lock_horizon() -> int:
    """Lock updates until the transaction ends; return the transaction before which all clicks are in the rollups."""
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO tracking_clickhorizon (id, transaction) VALUES (1, 0) ON CONFLICT DO NOTHING")
        cursor.execute("SELECT transaction FROM tracking_clickhorizon FOR UPDATE")
        return int(cursor.fetchone()[0])
