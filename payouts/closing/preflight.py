"""Checks before a close: whose data would make it fail, or would make it wrong (CONTRACT 6).

Whoever is found is set aside with the cause, told to staff, and settled by the next close; all others are closed.
"""

from datetime import datetime
from uuid import UUID

from django.db import connection

from payouts.models import Close, CloseException

# What is owed by the ledger must be what the last statement carried over, plus the payouts that came back since.
_LEDGER_DIFFERS = """
WITH booked AS (
    SELECT affiliate_id, -SUM(amount) AS owed FROM payouts_ledgerentry WHERE account = 'affiliate_payable'
     GROUP BY affiliate_id
), latest AS (
    SELECT DISTINCT ON (affiliate_id) affiliate_id, closing FROM payouts_statement ORDER BY affiliate_id, number DESC
), returned AS (
    SELECT affiliate_id, SUM(amount) AS amount FROM payouts_payout p
     WHERE returned_at IS NOT NULL AND returned_statement_id IS NULL
       AND NOT EXISTS (SELECT 1 FROM payouts_payout again WHERE again.replaces_id = p.id)
     GROUP BY affiliate_id
)
SELECT COALESCE(booked.affiliate_id, latest.affiliate_id), COALESCE(booked.owed, 0),
       COALESCE(latest.closing, 0) + COALESCE(returned.amount, 0)
  FROM booked FULL JOIN latest USING (affiliate_id) LEFT JOIN returned USING (affiliate_id)
 WHERE COALESCE(booked.owed, 0) <> COALESCE(latest.closing, 0) + COALESCE(returned.amount, 0)
"""

# Amounts that no statement could hold: numeric(14,2) ends below 10^12.
_TOO_LARGE = """
SELECT affiliate_id, SUM(amount) FROM payouts_commission WHERE validates_at < %s
 GROUP BY affiliate_id HAVING SUM(amount) >= 100000000000
"""


def find_unclosable(*, ends_at: datetime, now: datetime) -> dict[UUID, str]:
    """{affiliate: cause} of those whom a close must leave out."""
    found: dict[UUID, str] = {}
    with connection.cursor() as cursor:
        cursor.execute(_LEDGER_DIFFERS)
        for affiliate_id, owed, expected in cursor.fetchall():
            found[affiliate_id] = f"the ledger owes {owed}, the last statement and returned payouts say {expected}"
        cursor.execute(_TOO_LARGE, [ends_at])
        for affiliate_id, amount in cursor.fetchall():
            found[affiliate_id] = f"commissions of {amount} are more than a statement can hold"
    return found


def record_exceptions(*, close: Close, found: dict[UUID, str]) -> None:
    """Keep who was set aside by `close`, and why."""
    CloseException.objects.bulk_create(
        CloseException(close=close, affiliate_id=affiliate_id, cause=cause) for affiliate_id, cause in found.items()
    )
