"""Check of the daily rollups against clicks, orders and commissions, computed independently of `rollups`.

tests/payouts/sql/compare_rollups_*.sql shows the complete statements.
"""

from typing import NamedTuple

from django.db import connection

from tracking.clicks import rollups as click_rollups
from tracking.clicks.rollup_sql import SALES, build_click_value_sql, build_day_sql
from tracking.models import Rollup

MEASURES = ("clicks", *SALES)
# The value of an order or a click in each dimension, as SQL; rows with "" count in the total only.
ORDER_DIMENSIONS = {
    "total": "''",
    "link": "COALESCE(o.link_id::text, '')",
    "country": "o.country",
    "category": "c.category",
    **{name: build_click_value_sql(name) for name in ("sub1", "sub2", "sub3", "sub4", "sub5", "device")},
}
CLICK_DIMENSIONS = {
    "total": "''",
    "link": "k.link_id::text",
    **{name: f"k.{name}" for name in ("sub1", "sub2", "sub3", "sub4", "sub5", "device")},
}


class Difference(NamedTuple):
    """A figure of a rollup that differs from its rows; `affiliate` is a code."""

    affiliate: str
    day: str
    dimension: str
    value: str
    measure: str
    stored: str
    computed: str

    def __str__(self) -> str:
        return (
            f"{self.measure} of {self.affiliate} on {self.day}, {self.dimension} {self.value!r}: "
            f"the rollup has {self.stored}, the rows give {self.computed}"
        )


class Comparison(NamedTuple):
    """The number of rollups that were compared and that differ, and the first difference."""

    rollups: int
    mismatches: int
    first: Difference | None


def count_unfolded_days() -> int:
    """Return the number of changed days that are not folded yet and so are not compared."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT COUNT(DISTINCT (affiliate_id, day)) FROM tracking_changedday")
        return int(cursor.fetchone()[0])


def compare_rollups(dimension: Rollup.Dimension) -> Comparison:
    """Compare every rollup of the dimension with its rows, in one statement, so that both are of the same moment.

    Days that are not folded yet are left out, and so are the clicks of days whose click records are incomplete.
    """
    since = click_rollups.find_first_complete_day()
    with connection.cursor() as cursor:
        cursor.execute(build_comparison_sql(dimension), {"dimension": dimension.value, "since": since})
        names = [column.name for column in cursor.description]
        rows = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
    if not rows:
        return Comparison(0, 0, None)
    return Comparison(rows[0]["compared"], rows[0]["differing"], _get_first_difference(rows[0]))


def build_comparison_sql(dimension: Rollup.Dimension) -> str:
    """Return the SQL of the comparison: the first rollup, those that differ first, with the numbers of all."""
    return _COMPARE.format(rows=" UNION ALL ".join(_build_dimension_sql(dimension.value)))


def _get_first_difference(row: dict[str, object]) -> Difference | None:
    for measure in MEASURES:
        stored, computed = row[f"stored_{measure}"], row[f"computed_{measure}"]
        if stored != computed:
            code, day, dimension, value = (str(row[name]) for name in ("code", "day", "dimension", "value"))
            return Difference(code, day, dimension, value, measure, str(stored), str(computed))
    return None


def _build_dimension_sql(dimension: str) -> list[str]:
    """Return SELECTs of (affiliate, day, value, *MEASURES) from clicks, orders and commissions."""
    value = ORDER_DIMENSIONS[dimension]
    # An order counts in each category for which it has a commission.
    lines = "JOIN payouts_commission c ON (c.order_id, c.affiliate_id) = (o.id, o.affiliate_id)"
    orders = f"""
        SELECT o.affiliate_id, {build_day_sql("o.placed_at")}, {value}, 0, COUNT(DISTINCT o.id),
               COUNT(DISTINCT o.id) FILTER (WHERE o.link_id IS NOT NULL), 0, 0, 0
          FROM tracking_order o {lines if dimension == "category" else ""}
         WHERE o.affiliate_id IS NOT NULL AND o.status IN ('paid', 'completed') GROUP BY 1, 2, 3
    """  # noqa: S608
    earned = f"""
        SELECT c.affiliate_id, {build_day_sql("c.placed_at")}, {value}, 0, 0, 0, SUM(c.base), SUM(c.amount),
               COALESCE(SUM(c.amount) FILTER (WHERE o.link_id IS NOT NULL), 0)
          FROM payouts_commission c JOIN tracking_order o ON o.id = c.order_id GROUP BY 1, 2, 3
    """  # noqa: S608
    if dimension not in CLICK_DIMENSIONS:
        return [orders, earned]
    clicks = f"""
        SELECT l.affiliate_id, {build_day_sql("k.at")}, {CLICK_DIMENSIONS[dimension]}, COUNT(*), 0, 0, 0, 0, 0
          FROM tracking_click k JOIN tracking_link l ON l.id = k.link_id
         WHERE k.kind = 'counted' AND k.transaction < {click_rollups.HORIZON_SQL} GROUP BY 1, 2, 3
    """  # noqa: S608
    return [clicks, orders, earned]


_COMPARED_COLUMNS = ", ".join(
    f"COALESCE(s.{name}, 0) AS stored_{name}, COALESCE(c.{name}, 0) AS computed_{name}" for name in SALES
)
_DIFFERS = " OR ".join(f"stored_{name} <> computed_{name}" for name in MEASURES)
_COMPARE = f"""
    WITH computed AS (
        SELECT affiliate_id, day, value, {", ".join(f"SUM({name}) AS {name}" for name in MEASURES)}
          FROM ({{rows}}) AS source(affiliate_id, day, value, {", ".join(MEASURES)})
         WHERE value <> '' OR %(dimension)s = 'total'
         GROUP BY 1, 2, 3
    ), beside AS (
        SELECT affiliate_id, day, value,
               CASE WHEN day < %(since)s THEN 0 ELSE COALESCE(s.clicks, 0) END AS stored_clicks,
               CASE WHEN day < %(since)s THEN 0 ELSE COALESCE(c.clicks, 0) END AS computed_clicks,
               {_COMPARED_COLUMNS}
          FROM (SELECT * FROM tracking_rollup WHERE dimension = %(dimension)s) AS s
          FULL JOIN computed c USING (affiliate_id, day, value)
    )
    SELECT a.code, beside.*, %(dimension)s AS dimension, COUNT(*) OVER () AS compared,
           COUNT(*) FILTER (WHERE {_DIFFERS}) OVER () AS differing
      FROM beside JOIN affiliates_affiliate a ON a.id = beside.affiliate_id
     WHERE (beside.affiliate_id, beside.day) NOT IN (SELECT m.affiliate_id, m.day FROM tracking_changedday m)
     ORDER BY ({_DIFFERS}) DESC, a.code, day, value LIMIT 1
"""  # noqa: S608
