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

_NEW_AMOUNT = f"""
    SELECT COALESCE(SUM(amount), 0) FROM payouts_commission mine
     WHERE affiliate_id = %(affiliate)s AND validates_at < %(ends_at)s
       AND NOT EXISTS (SELECT FROM payouts_statementline WHERE commission_id = mine.line_id)
       AND line_id NOT IN ({HELD})
"""  # noqa: S608
_CHANGED_ORDERS = f"""
    SELECT o.id, o.order_id, SUM(mine.amount - posted.amount) AS difference
      FROM (SELECT line.commission_id, SUM(line.amount) AS amount
              FROM payouts_statementline line JOIN payouts_statement statement ON statement.id = line.statement_id
             WHERE statement.affiliate_id = %(affiliate)s GROUP BY line.commission_id) posted
      JOIN payouts_commission mine ON mine.line_id = posted.commission_id
      JOIN tracking_order o ON o.id = mine.order_id
     WHERE mine.amount <> posted.amount AND (mine.amount < posted.amount OR mine.line_id NOT IN ({HELD}))
     GROUP BY o.id ORDER BY o.placed_at DESC, o.id DESC LIMIT %(limit)s
"""  # noqa: S608
# The changed orders are read only if there are any, because that reads every statement line of the affiliate.
DUE_PARTS = f"""
    SELECT earned, settled, pending, held, new,
           CASE WHEN earned - settled - pending - held <> new
                THEN (SELECT json_agg(json_build_array(id, order_id, difference::text)) FROM ({_CHANGED_ORDERS}) changed)
            END
      FROM ({UNSETTLED_AMOUNTS}) AS unsettled(earned, settled, pending, held), ({_NEW_AMOUNT}) AS fresh(new)
"""  # noqa: S608


class ChangedOrder(NamedTuple):
    """An order whose commissions changed after they were settled, and the difference that the next close posts."""

    pk: UUID
    order_id: str
    difference: Decimal


class DueParts(NamedTuple):
    """What the next close settles, `new` and `changed`, and the newest of the changed orders."""

    unsettled: UnsettledAmounts
    new: Decimal
    orders: list[ChangedOrder]
    has_more_orders: bool = False

    @property
    def changed(self) -> Decimal:
        return self.unsettled.due - self.new


def get_due_parts(affiliate: Affiliate, month: Period) -> DueParts:
    """Return the unsettled amounts, with what the close of `month` settles in its parts."""
    values: dict[str, Any] = {"affiliate": affiliate.pk, "ends_at": month.ends_at, "limit": MAX_ORDERS + 1}
    with connection.cursor() as cursor:
        cursor.execute(DUE_PARTS, values)
        *amounts, new, changed = cursor.fetchone()
    rows = json.loads(changed) if isinstance(changed, str) else changed or []
    orders = [ChangedOrder(UUID(pk), order_id, Decimal(difference)) for pk, order_id, difference in rows]
    return DueParts(build_unsettled_amounts(*amounts), new, orders[:MAX_ORDERS], len(orders) > MAX_ORDERS)
