"""Checks before a close for affiliates whose data would make it fail or make it wrong (specification 6).

They are excluded and listed for staff with the cause; the next close settles them once the cause is gone.
"""

from datetime import datetime
from uuid import UUID

from django.db import connection

from payouts.closing.close_sql import UNSETTLED_RETURNS
from payouts.models import Close, CloseException

# The balance in the ledger must equal the closing balance of the last statement plus the payouts returned since.
LEDGER_DIFFERENCES = f"""
WITH booked AS (
    SELECT affiliate_id, -SUM(amount) AS owed FROM payouts_ledgerentry WHERE account = 'affiliate_payable'
     GROUP BY affiliate_id
), latest AS (
    SELECT DISTINCT ON (affiliate_id) affiliate_id, closing FROM payouts_statement ORDER BY affiliate_id, number DESC
), returned AS ({UNSETTLED_RETURNS})
SELECT COALESCE(booked.affiliate_id, latest.affiliate_id), COALESCE(booked.owed, 0),
       COALESCE(latest.closing, 0) + COALESCE(returned.amount, 0)
  FROM booked FULL JOIN latest USING (affiliate_id) LEFT JOIN returned USING (affiliate_id)
 WHERE COALESCE(booked.owed, 0) <> COALESCE(latest.closing, 0) + COALESCE(returned.amount, 0)
"""  # noqa: S608 -- constants of this app

# Amounts that might not fit into a statement: numeric(14,2) ends below 10^12.
_TOO_LARGE = """
SELECT affiliate_id, SUM(amount) FROM payouts_commission WHERE validates_at < %s
 GROUP BY affiliate_id HAVING SUM(amount) >= 100000000000
"""


def find_unclosable(*, ends_at: datetime, now: datetime) -> dict[UUID, str]:
    """Return {affiliate id: cause} of the affiliates that a close must exclude."""
    causes: dict[UUID, str] = {}
    with connection.cursor() as cursor:
        cursor.execute(LEDGER_DIFFERENCES)
        for affiliate_id, owed, expected in cursor.fetchall():
            causes[affiliate_id] = f"the ledger owes {owed}, the last statement and returned payouts say {expected}"
        cursor.execute(_TOO_LARGE, [ends_at])
        for affiliate_id, amount in cursor.fetchall():
            causes[affiliate_id] = f"commissions of {amount} are more than a statement can hold"
    return causes


def record_exceptions(*, close: Close, causes: dict[UUID, str]) -> None:
    """Store the excluded affiliates of `close` with their causes."""
    CloseException.objects.bulk_create(
        CloseException(close=close, affiliate_id=affiliate_id, cause=cause) for affiliate_id, cause in causes.items()
    )
