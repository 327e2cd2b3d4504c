"""Daily rollups of orders and commissions, recomputed for each day that has changed (docs/adr/0005).

Database triggers (`build_changed_day_triggers`) mark the days. Readers compute marked days with the same SQL until they
are folded, so reports are always up to date. tests/payouts/sql shows the complete statements.
"""

from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper

from tracking.clicks import rollups
from tracking.clicks.rollup_sql import (
    KEY,
    SALES,
    STORED_SQL,
    SUB_IDS,
    build_click_value_sql,
    build_day_sql,
    build_dimension_join_sql,
)
from tracking.models.rollup import ZONE_IN_SQL

# The key of the advisory lock that keeps two folds from running at once.
LOCK_KEY = 0x524F_4C4C_5550  # "ROLLUP"
BATCH_DAYS = 20_000
DIMENSIONS = ("link", *SUB_IDS, "device", "country")
_SUMS = """
    COUNT(*) FILTER (WHERE counts) AS orders, COUNT(*) FILTER (WHERE counts AND link <> '') AS clicked_orders,
    COALESCE(SUM(base), 0) AS sales, COALESCE(SUM(amount), 0) AS commission,
    COALESCE(SUM(amount) FILTER (WHERE link <> ''), 0) AS clicked_commission
"""
# Two hours on either side, because the hour before midnight comes twice where clocks go back then; the last condition
# decides. OFFSET keeps the planner from scanning all orders for a few days, whose number it cannot know.
_ORDERS_OF_DAY = f"""
    SELECT * FROM tracking_order
     WHERE affiliate_id = days.affiliate_id
       AND placed_at >= days.day::timestamp AT TIME ZONE {ZONE_IN_SQL} - interval '2 hours'
       AND placed_at < (days.day + 1)::timestamp AT TIME ZONE {ZONE_IN_SQL} + interval '2 hours'
       AND {build_day_sql("placed_at")} = days.day
    OFFSET 0
"""  # noqa: S608


def build_rollup_sql(days: str) -> str:
    """Return SQL for KEY and SALES of the orders of `days`, a relation of (affiliate_id, day).

    An order with lines of two categories counts in both.
    """
    columns = ", ".join(DIMENSIONS)
    details = ", ".join(f"{build_click_value_sql(column)} AS {column}" for column in (*SUB_IDS, "device"))
    return f"""
        WITH lines AS MATERIALIZED (
            SELECT days.affiliate_id, days.day, o.id, o.status <> 'cancelled' AS counts,
                   COALESCE(o.link_id::text, '') AS link, {details}, o.country, c.category, c.base, c.amount
              FROM {days} AS days CROSS JOIN LATERAL ({_ORDERS_OF_DAY}) AS o
              LEFT JOIN payouts_commission c ON c.order_id = o.id AND c.affiliate_id = o.affiliate_id
        ), whole AS (
            SELECT affiliate_id, day, id, counts, {columns}, SUM(base) AS base, SUM(amount) AS amount
              FROM lines GROUP BY affiliate_id, day, id, counts, {columns}
        ), parts AS (
            SELECT affiliate_id, day, id, counts, link, category, SUM(base) AS base, SUM(amount) AS amount
              FROM lines WHERE category IS NOT NULL GROUP BY affiliate_id, day, id, counts, link, category
        )
        SELECT {KEY}, {_SUMS} FROM whole {build_dimension_join_sql(*DIMENSIONS)} WHERE {STORED_SQL} GROUP BY {KEY}
        UNION ALL
        SELECT affiliate_id, 'category', day, category, {_SUMS} FROM parts GROUP BY affiliate_id, day, category
    """  # noqa: S608


# SQL expression for the sum of an affiliate's commissions: from rollups, for marked days from the commissions.
TOTAL_EARNED = f"""
    (SELECT COALESCE(SUM(stored.commission), 0) FROM tracking_rollup stored
      WHERE stored.affiliate_id = %(affiliate)s AND stored.dimension = 'total'
        AND NOT EXISTS (SELECT FROM tracking_changedday marked
                         WHERE marked.affiliate_id = stored.affiliate_id AND marked.day = stored.day))
  + (SELECT COALESCE(SUM(fresh.amount), 0)
       FROM (SELECT DISTINCT day FROM tracking_changedday WHERE affiliate_id = %(affiliate)s) AS days
      CROSS JOIN LATERAL (
            SELECT amount FROM payouts_commission
             WHERE affiliate_id = %(affiliate)s
               AND placed_at >= days.day::timestamp AT TIME ZONE {ZONE_IN_SQL} - interval '2 hours'
               AND placed_at < (days.day + 1)::timestamp AT TIME ZONE {ZONE_IN_SQL} + interval '2 hours'
               AND {build_day_sql("placed_at")} = days.day
            OFFSET 0
      ) AS fresh)
"""  # noqa: S608

TAKE_CHANGED_DAYS = """
    WITH chosen AS (SELECT DISTINCT affiliate_id, day FROM tracking_changedday LIMIT %s),
         taken AS (DELETE FROM tracking_changedday marked USING chosen
                    WHERE marked.affiliate_id = chosen.affiliate_id AND marked.day = chosen.day)
    INSERT INTO folding SELECT affiliate_id, day FROM chosen
"""
FOLD_DAYS = f"""
    INSERT INTO tracking_rollup ({KEY}, {", ".join(SALES)})
    SELECT {KEY}, {", ".join(f"COALESCE(fresh.{name}, 0) - COALESCE(stored.{name}, 0)" for name in SALES)}
      FROM ({build_rollup_sql("folding")}) AS fresh
      FULL JOIN (SELECT {KEY}, {", ".join(SALES)} FROM tracking_rollup JOIN folding USING (affiliate_id, day)) AS stored
     USING ({KEY})
     WHERE {" OR ".join(f"COALESCE(fresh.{name}, 0) <> COALESCE(stored.{name}, 0)" for name in SALES)}
     ORDER BY {KEY}
        ON CONFLICT ({KEY}) DO UPDATE SET
           {", ".join(f"{name} = tracking_rollup.{name} + excluded.{name}" for name in SALES)}
"""  # noqa: S608


def fold_rollups(*, wait: bool = False) -> int:
    """Bring all rollups up to date and return how many days of affiliates were recomputed.

    If another fold is running, do nothing, or with `wait` run after it. Days that a killed fold did not finish stay
    marked.
    """
    rollups.update_click_rollups()
    folded = 0
    while days := _fold_batch(wait):
        folded += days
    return folded


def rebuild_rollups() -> int:
    """Recompute all rollups from clicks and orders and return how many days of affiliates there were.

    The click counts of days whose click records were deleted are kept.
    """
    rollups.rebuild_click_rollups()
    with connection.cursor() as cursor:
        cursor.execute(f"""
            INSERT INTO tracking_changedday (affiliate_id, day)
            SELECT DISTINCT affiliate_id, {build_day_sql("placed_at")} FROM tracking_order
             WHERE affiliate_id IS NOT NULL
             UNION SELECT affiliate_id, day FROM tracking_rollup
        """)  # noqa: S608
    return fold_rollups(wait=True)


@transaction.atomic
def _fold_batch(wait: bool) -> int:
    with connection.cursor() as cursor:
        if not _lock_changed_days(cursor, wait):
            return 0
        cursor.execute("CREATE TEMPORARY TABLE folding (affiliate_id uuid, day date) ON COMMIT DROP")
        cursor.execute(TAKE_CHANGED_DAYS, [BATCH_DAYS])
        days: int = cursor.rowcount
        cursor.execute("ANALYZE folding")
        cursor.execute(FOLD_DAYS)
        cursor.execute("DROP TABLE folding")
        return days


def _lock_changed_days(cursor: CursorWrapper, wait: bool) -> bool:
    """Return whether there are days to fold and no other fold is running."""
    if wait:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK_KEY])
    else:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [LOCK_KEY])
        if not cursor.fetchone()[0]:
            return False
    cursor.execute("SELECT EXISTS (SELECT FROM tracking_changedday)")
    return bool(cursor.fetchone()[0])
