"""The parts of what the next close settles: new commissions, and changes of settled ones (specification 6.1)."""

from decimal import Decimal
from typing import NamedTuple
from uuid import UUID

from django.db import connection

from affiliates.models import Affiliate
from agreements.periods import Period
from lib.money import ZERO
from payouts.closing.payout_forecast import UnsettledAmounts

# So many orders are listed; the rest is only counted in the sum.
MAX_ORDERS = 5

_HELD = "SELECT commission_id FROM payouts_commissionhold WHERE released_at IS NULL"
NEW_AMOUNT = f"""
    SELECT COALESCE(SUM(amount), 0) FROM payouts_commission mine
     WHERE affiliate_id = %(affiliate)s AND validates_at < %(ends_at)s
       AND NOT EXISTS (SELECT FROM payouts_statementline WHERE commission_id = mine.line_id)
       AND line_id NOT IN ({_HELD})
"""  # noqa: S608
CHANGED_ORDERS = f"""
    SELECT o.id, o.order_id, SUM(mine.amount - posted.amount)
      FROM (SELECT line.commission_id, SUM(line.amount) AS amount
              FROM payouts_statementline line JOIN payouts_statement statement ON statement.id = line.statement_id
             WHERE statement.affiliate_id = %(affiliate)s GROUP BY line.commission_id) posted
      JOIN payouts_commission mine ON mine.line_id = posted.commission_id
      JOIN tracking_order o ON o.id = mine.order_id
     WHERE mine.amount <> posted.amount AND (mine.amount < posted.amount OR mine.line_id NOT IN ({_HELD}))
     GROUP BY o.id ORDER BY o.placed_at DESC, o.id DESC LIMIT %(limit)s
"""  # noqa: S608


class ChangedOrder(NamedTuple):
    """An order whose commissions changed after they were settled, and the difference that the next close posts."""

    pk: UUID
    order_id: str
    difference: Decimal


class DueParts(NamedTuple):
    """`new` and `changed` are what the next close settles; `orders` are the newest of the changed ones."""

    new: Decimal
    changed: Decimal
    orders: list[ChangedOrder]
    has_more_orders: bool = False


def split_due(affiliate: Affiliate, month: Period, unsettled: UnsettledAmounts) -> DueParts:
    """Split what the close of `month` settles into new commissions and changes of settled ones."""
    with connection.cursor() as cursor:
        cursor.execute(NEW_AMOUNT, {"affiliate": affiliate.pk, "ends_at": month.ends_at})
        [new] = cursor.fetchone()
        if new == unsettled.due:
            return DueParts(new, ZERO, [])
        cursor.execute(CHANGED_ORDERS, {"affiliate": affiliate.pk, "limit": MAX_ORDERS + 1})
        orders = [ChangedOrder(*row) for row in cursor.fetchall()]
    return DueParts(new, unsettled.due - new, orders[:MAX_ORDERS], len(orders) > MAX_ORDERS)
