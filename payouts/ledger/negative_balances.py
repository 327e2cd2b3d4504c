"""Negative balances and their age, from the ledger alone (specification 6.3).

Credits offset the oldest part of a debt first. Amounts are what the affiliate owes, as positive numbers in the
program's currency.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection

from affiliates.models import Affiliate

YOUNG, MIDDLE = timedelta(days=30), timedelta(days=90)

# The open part of a debt is its newest debits, because credits offset the oldest first. Payouts are debits, too, but
# never exceed the balance, so settlements come first where the order matters.
_NEGATIVE_BALANCES_SQL = """
WITH owing AS (
    SELECT affiliate_id, SUM(amount) AS debt FROM payouts_ledgerentry
     WHERE account = 'affiliate_payable' AND (%(affiliate)s::uuid IS NULL OR affiliate_id = %(affiliate)s)
     GROUP BY affiliate_id HAVING SUM(amount) > 0
), debit AS (
    SELECT e.affiliate_id, t.at, e.amount, owing.debt, SUM(e.amount) OVER newest_first - e.amount AS newer
      FROM payouts_ledgerentry e
      JOIN owing USING (affiliate_id) JOIN payouts_ledgertransaction t ON t.id = e.transaction_id
     WHERE e.account = 'affiliate_payable' AND e.amount > 0
    WINDOW newest_first AS (PARTITION BY e.affiliate_id ORDER BY t.kind = 'settlement' DESC, e.id DESC
                            ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)
), part AS (
    SELECT affiliate_id, at, LEAST(amount, debt - newer) AS amount FROM debit WHERE newer < debt
)
SELECT a.id, a.code, a.name, MIN(at), SUM(amount), COALESCE(SUM(amount) FILTER (WHERE at >= %(young)s), 0.00),
       COALESCE(SUM(amount) FILTER (WHERE at < %(young)s AND at >= %(middle)s), 0.00),
       COALESCE(SUM(amount) FILTER (WHERE at < %(middle)s), 0.00)
  FROM part JOIN affiliates_affiliate a ON a.id = part.affiliate_id
 GROUP BY a.id ORDER BY SUM(amount) DESC, a.code
"""


class NegativeBalance(NamedTuple):
    """The debt of one affiliate: `young` is up to 30 days old, `middle` up to 90 days, `old` older."""

    affiliate_id: UUID
    code: str
    name: str
    since: datetime
    amount: Decimal
    young: Decimal
    middle: Decimal
    old: Decimal


class NegativeBalanceTotals(NamedTuple):
    """The debts of all affiliates, with the same ages."""

    amount: Decimal
    young: Decimal
    middle: Decimal
    old: Decimal


def get_negative_balance(affiliate: Affiliate, now: datetime) -> NegativeBalance | None:
    """Return the debt of `affiliate` by age at `now`; None if the balance is not negative."""
    rows = _query_balances(now, affiliate.pk)
    return rows[0] if rows else None


def list_negative_balances(now: datetime) -> list[NegativeBalance]:
    """Return all negative balances, largest debt first."""
    return _query_balances(now, None)


def sum_negative_balances(rows: Sequence[NegativeBalance]) -> NegativeBalanceTotals:
    def total(name: str) -> Decimal:
        return sum((getattr(row, name) for row in rows), Decimal("0.00"))

    return NegativeBalanceTotals(*(total(name) for name in NegativeBalanceTotals._fields))


def _query_balances(now: datetime, affiliate_id: UUID | None) -> list[NegativeBalance]:
    values: dict[str, Any] = {"affiliate": affiliate_id, "young": now - YOUNG, "middle": now - MIDDLE}
    with connection.cursor() as cursor:
        cursor.execute(_NEGATIVE_BALANCES_SQL, values)
        return [NegativeBalance(*row) for row in cursor.fetchall()]
