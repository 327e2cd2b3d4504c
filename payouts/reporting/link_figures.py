"""Clicks, orders and commission of each link of an affiliate, from daily totals and what changed since."""

from decimal import Decimal
from typing import Any
from uuid import UUID

from affiliates.models import Affiliate
from lib.replica import get_read_connection
from payouts.commissions.rollups import TOTAL_EARNED, build_rollup_sql
from payouts.reporting.figures import Figures
from tracking.clicks.rollups import HORIZON_SQL

# As in a report by link of all days. The number of rows read is that of days on which a link had a click or an order.
_SQL = f"""
    WITH marked AS MATERIALIZED (
        SELECT DISTINCT affiliate_id, day FROM tracking_changedday WHERE affiliate_id = %(affiliate)s
    ), figures AS (
        SELECT r.value AS link, r.clicks,
               CASE WHEN m.day IS NULL THEN r.orders ELSE 0 END AS orders,
               CASE WHEN m.day IS NULL THEN r.sales ELSE 0 END AS sales,
               CASE WHEN m.day IS NULL THEN r.commission ELSE 0 END AS commission
          FROM tracking_rollup r LEFT JOIN marked m ON m.day = r.day
         WHERE r.affiliate_id = %(affiliate)s AND r.dimension = 'link'
        UNION ALL
        SELECT value, 0, orders, sales, commission
          FROM ({build_rollup_sql("marked")}) AS since WHERE dimension = 'link'
        UNION ALL
        SELECT c.link_id::text, 1, 0, 0, 0
          FROM tracking_click c JOIN tracking_link l ON l.id = c.link_id
         WHERE l.affiliate_id = %(affiliate)s AND c.kind = 'counted' AND c.transaction >= {HORIZON_SQL}
    )
    SELECT link, SUM(clicks)::bigint, SUM(orders)::bigint, SUM(sales), SUM(commission) FROM figures GROUP BY link
"""  # noqa: S608


def load_link_figures(affiliate: Affiliate) -> dict[UUID, Figures]:
    """Return {link id: figures of all time} for the links that had a click or an order."""
    return {UUID(link): _build_figures(*sums) for link, *sums in _read(_SQL, affiliate)}


def load_link_figures_and_coupon_commission(affiliate: Affiliate) -> tuple[dict[UUID, Figures], Decimal]:
    """Return the figures of links, and what orders without a click have earned: those with a coupon."""
    # The total is the row without a link.
    *rows, total = sorted(
        _read(f"{_SQL} UNION ALL SELECT NULL, 0, 0, 0, {TOTAL_EARNED}", affiliate), key=lambda row: row[0] is None
    )
    figures = {UUID(link): _build_figures(*sums) for link, *sums in rows}
    return figures, total[-1] - sum((one.commission for one in figures.values()), Decimal("0.00"))


def _read(statement: str, affiliate: Affiliate) -> list[tuple[Any, ...]]:
    with get_read_connection().cursor() as cursor:
        cursor.execute(statement, {"affiliate": affiliate.pk})
        return list(cursor.fetchall())


def _build_figures(clicks: int, orders: int, sales: Decimal, commission: Decimal) -> Figures:
    return Figures(clicks, orders, orders, sales, commission, commission)
