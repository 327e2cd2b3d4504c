"""The parts of what the next close settles: new commissions, and changes of settled ones (specification 6.1)."""

import json
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection

from affiliates.models import Affiliate
from agreements.periods import Period
from payouts.closing.payout_forecast import HELD, UNSETTLED_AMOUNTS, UnsettledAmounts, build_unsettled_amounts

# How many of the changed orders are listed; the sum counts all.
MAX_ORDERS = 5

# Commissions whose amount changed since the last close are marked, so that statement lines of a few are read.
DUE_PARTS = f"""
    WITH changed AS MATERIALIZED (
        SELECT mine.order_id, mine.amount - posted.amount AS difference
          FROM (SELECT DISTINCT commission_id FROM payouts_changedcommission WHERE affiliate_id = %(affiliate)s) mark
          JOIN payouts_commission mine ON mine.line_id = mark.commission_id AND mine.affiliate_id = %(affiliate)s
         CROSS JOIN LATERAL (SELECT SUM(amount) AS amount FROM payouts_statementline
                              WHERE commission_id = mine.line_id) posted
         WHERE mine.amount <> posted.amount AND (mine.amount < posted.amount OR mine.line_id NOT IN ({HELD}))
    ), newest AS (
        SELECT o.id, o.order_id, SUM(difference) AS difference
          FROM changed JOIN tracking_order o ON o.id = changed.order_id
         GROUP BY o.id ORDER BY o.placed_at DESC, o.id DESC LIMIT %(limit)s
    )
    SELECT earned, settled, pending, held, (SELECT COALESCE(SUM(difference), 0) FROM changed),
           (SELECT json_agg(json_build_array(id, order_id, difference::text)) FROM newest)
      FROM ({UNSETTLED_AMOUNTS}) AS unsettled(earned, settled, pending, held)
"""  # noqa: S608


class ChangedOrder(NamedTuple):
    """An order whose commissions changed after they were settled, and the difference that the next close posts."""

    pk: UUID
    order_id: str
    difference: Decimal


class DueParts(NamedTuple):
    """What the next close settles, `new` and `changed`, and the newest of the changed orders."""

    unsettled: UnsettledAmounts
    changed: Decimal
    orders: list[ChangedOrder]
    has_more_orders: bool = False

    @property
    def new(self) -> Decimal:
        return self.unsettled.due - self.changed


def get_due_parts(affiliate: Affiliate, month: Period) -> DueParts:
    """Return the unsettled amounts, with what the close of `month` settles in its parts."""
    values: dict[str, Any] = {"affiliate": affiliate.pk, "ends_at": month.ends_at, "limit": MAX_ORDERS + 1}
    with connection.cursor() as cursor:
        cursor.execute(DUE_PARTS, values)
        *amounts, changed, newest = cursor.fetchone()
    rows = json.loads(newest) if isinstance(newest, str) else newest or []
    orders = [ChangedOrder(UUID(pk), order_id, Decimal(difference)) for pk, order_id, difference in rows]
    return DueParts(build_unsettled_amounts(*amounts), changed, orders[:MAX_ORDERS], len(orders) > MAX_ORDERS)
