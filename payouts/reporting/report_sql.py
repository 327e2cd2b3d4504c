"""The SQL of a report: daily totals, and what changed since they were updated, in one statement."""

from payouts.commissions.rollups import build_rollup_sql
from payouts.reporting.figures import MEASURES
from tracking.clicks.rollup_sql import SALES
from tracking.clicks.rollups import HORIZON_SQL, build_click_counts_sql

_SUMS = ", ".join(
    f"COALESCE(SUM({name}) FILTER (WHERE day >= %(since)s), 0) AS {name}, "
    f"COALESCE(SUM({name}) FILTER (WHERE day < %(since)s), 0) AS {name}_before"
    for name in MEASURES
)
_COLUMNS = ", ".join(f"{name}, {name}_before" for name in MEASURES)
_ANY = " OR ".join(f"{name} <> 0 OR {name}_before <> 0" for name in MEASURES)
# The remainder without a value, such as coupon orders in a report by link.
_REST = ", ".join(
    f"(SELECT COALESCE(SUM({name}), 0) FROM by_day) - (SELECT COALESCE(SUM({name}), 0) FROM by_value)"  # noqa: S608
    for measure in MEASURES
    for name in (measure, f"{measure}_before")
)


def build_report_sql(*, for_one_affiliate: bool, split: str) -> str:
    """Return SQL for rows (kind, key, number of keys, each measure now and before); kinds: "day", "value" and "rest".

    `split` is a dimension, "affiliate", or "total" for the days alone.

    Parameters: affiliate (if `for_one_affiliate`); first and last, the days of both periods; since, the first day of
    the current period; from and until, times around these days that limit the clicks; dimensions; limit, the number
    of keys.
    """
    of_affiliate = "{0}affiliate_id = %(affiliate)s AND" if for_one_affiliate else ""
    key, dimension = ("affiliate_id::text", "total") if split == "affiliate" else ("value", split)
    rest = "" if split in ("affiliate", "category") else f"UNION ALL SELECT 'rest', '', 0, {_REST}"
    values = f"""
        UNION ALL (SELECT 'value', key, COUNT(*) OVER (), {_COLUMNS} FROM by_value WHERE {_ANY}
                    ORDER BY commission DESC, sales DESC, clicks DESC, key LIMIT %(limit)s)
        {rest}
    """  # noqa: S608
    recent_clicks = build_click_counts_sql(
        f"c.transaction >= {HORIZON_SQL} AND c.at BETWEEN %(from)s AND %(until)s AND {of_affiliate.format('l.')} TRUE"
    )
    return f"""
        WITH marked AS MATERIALIZED (
            SELECT DISTINCT affiliate_id, day FROM tracking_changedday
             WHERE {of_affiliate.format("")} day BETWEEN %(first)s AND %(last)s
        ), figures AS MATERIALIZED (
            SELECT r.affiliate_id, r.dimension, r.day, r.value, r.clicks,
                   {", ".join(f"CASE WHEN m.day IS NULL THEN r.{name} ELSE 0 END AS {name}" for name in SALES)}
              FROM tracking_rollup r LEFT JOIN marked m ON m.affiliate_id = r.affiliate_id AND m.day = r.day
             WHERE {of_affiliate.format("r.")} r.dimension = ANY(%(dimensions)s)
               AND r.day BETWEEN %(first)s AND %(last)s
            UNION ALL
            SELECT affiliate_id, dimension, day, value, 0, {", ".join(SALES)}
              FROM ({build_rollup_sql("marked")}) AS since WHERE dimension = ANY(%(dimensions)s)
            UNION ALL
            SELECT affiliate_id, dimension, day, value, clicks, 0, 0, 0, 0, 0
              FROM ({recent_clicks}) AS clicked
             WHERE dimension = ANY(%(dimensions)s) AND day BETWEEN %(first)s AND %(last)s
        ), by_day AS (
            SELECT day::text AS key, {_SUMS} FROM figures WHERE dimension = 'total' GROUP BY day
        ), by_value AS (
            SELECT {key} AS key, {_SUMS} FROM figures WHERE dimension = '{dimension}' GROUP BY {key}
        )
        SELECT 'day', key, 0, {_COLUMNS} FROM by_day {"" if split == "total" else values}
    """  # noqa: S608
