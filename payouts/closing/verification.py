"""Invariants of the ledger, commissions, statements and payouts, checked on the stored rows (specification 7)."""

from typing import NamedTuple

from django.db import connection, transaction

from payouts.closing.close_sql import DISABLE_NESTED_LOOPS, UNSETTLED_RETURNS


class Invariant(NamedTuple):
    """A statement that must hold; `violations` is a SELECT of one text column that describes each violation."""

    name: str
    violations: str


class Finding(NamedTuple):
    """An invariant with the number of its violations and the first of them, "" if there are none."""

    invariant: Invariant
    violations: int
    first: str


INVARIANTS = (
    Invariant(
        "each ledger transaction sums to zero",
        """SELECT (SELECT 'transaction ' || source FROM payouts_ledgertransaction t WHERE t.id = transaction_id)
                  || COALESCE(' of ' || (SELECT string_agg(code, ', ') FROM affiliates_affiliate
                                          WHERE id = ANY(array_agg(affiliate_id))), '') || ' sums to ' || SUM(amount)
             FROM payouts_ledgerentry GROUP BY transaction_id HAVING SUM(amount) <> 0""",
    ),
    Invariant(
        "each ledger transaction has entries",
        """SELECT 'transaction ' || source || ' has no entries' FROM payouts_ledgertransaction t
            WHERE NOT EXISTS (SELECT 1 FROM payouts_ledgerentry e WHERE e.transaction_id = t.id)""",
    ),
    Invariant(
        "no amount is NaN",
        """SELECT 'entry ' || id FROM payouts_ledgerentry WHERE amount = 'NaN'
           UNION ALL SELECT 'commission ' || line_id FROM payouts_commission
            WHERE 'NaN' IN (amount, base) OR rate = 'NaN'
           UNION ALL SELECT 'statement line ' || id FROM payouts_statementline WHERE amount = 'NaN'
           UNION ALL SELECT 'payout ' || reference FROM payouts_payout WHERE amount = 'NaN'""",
    ),
    Invariant(
        "a commission is at most its rate times its base",
        """SELECT 'commission ' || line_id || ' of ' || amount FROM payouts_commission
            WHERE amount < 0 OR amount > round(base * rate / 100, 2)""",
    ),
    Invariant(
        "a commission's base is the amount of its line less refunds",
        """SELECT 'order ' || o.order_id || ' line ' || l.line_id FROM payouts_commission c
             JOIN tracking_orderline l ON l.id = c.line_id JOIN tracking_order o ON o.id = l.order_id
            WHERE c.order_id <> o.id OR c.base <> CASE WHEN o.status = 'cancelled' OR o.affiliate_id IS NULL THEN 0
                  ELSE l.amount - l.refunded END""",
    ),
    Invariant(
        "an order's commissions are its affiliate's",
        """SELECT 'order ' || o.order_id FROM payouts_commission c JOIN tracking_order o ON o.id = c.order_id
            WHERE c.affiliate_id IS DISTINCT FROM o.affiliate_id AND (o.affiliate_id IS NOT NULL OR c.amount <> 0)""",
    ),
    Invariant(
        "every commission has an earlier acceptance",
        """SELECT 'commission ' || c.line_id FROM payouts_commission c WHERE NOT EXISTS (
               SELECT 1 FROM agreements_acceptance a WHERE a.affiliate_id = c.affiliate_id
                  AND a.accepted_at <= c.placed_at)""",
    ),
    Invariant(
        "a statement's lines are its own affiliate's and sum to what it settles",
        """SELECT (SELECT code FROM affiliates_affiliate a WHERE a.id = s.affiliate_id) || ': the statement of '
                  || (SELECT to_char(period, 'YYYY-MM') FROM payouts_close c WHERE c.id = s.close_id) || ' settles '
                  || s.settled || ' in ' || s.lines || ' lines, its lines are ' || COUNT(l.id) || ' and sum to '
                  || COALESCE(SUM(l.amount), 0)
             FROM payouts_statement s LEFT JOIN payouts_statementline l ON l.statement_id = s.id
            GROUP BY s.id HAVING s.settled <> COALESCE(SUM(l.amount), 0) OR s.lines <> COUNT(l.id)
           UNION ALL SELECT 'statement line ' || l.id FROM payouts_statementline l
             JOIN payouts_statement s ON s.id = l.statement_id JOIN payouts_commission c ON c.line_id = l.commission_id
            WHERE s.affiliate_id <> c.affiliate_id OR s.close_id <> l.close_id""",
    ),
    Invariant(
        "the settled amount of a commission is never negative",
        """SELECT 'commission ' || commission_id || ' settled ' || SUM(amount) FROM payouts_statementline
            GROUP BY commission_id HAVING SUM(amount) < 0""",
    ),
    Invariant(
        "the settled amount of a commission is rate times base of its newest statement line, or less because of a cap",
        """SELECT (SELECT code FROM affiliates_affiliate a WHERE a.id = c.affiliate_id) || ': line '
                  || (SELECT line_id FROM tracking_orderline o WHERE o.id = c.line_id) || ' of order '
                  || (SELECT order_id FROM tracking_order o WHERE o.id = c.order_id) || ' is settled as ' || settled
                  || ' up to ' || (SELECT to_char(period, 'YYYY-MM') FROM payouts_close WHERE id = newest.close_id)
                  || ', it should be ' || due
             FROM (SELECT commission_id, SUM(amount) AS settled, MAX(id) AS newest FROM payouts_statementline
                    GROUP BY commission_id) sums
             JOIN payouts_statementline newest ON newest.id = sums.newest
             JOIN payouts_commission c ON c.line_id = sums.commission_id
             JOIN agreements_agreementversion v ON v.id = c.agreement_id
            CROSS JOIN LATERAL (VALUES (CASE WHEN forfeited THEN 0 ELSE round(newest.base * newest.rate / 100, 2) END))
                  AS should(due)
            WHERE settled > due OR settled < due AND v.order_commission_cap IS NULL""",
    ),
    Invariant(
        "a commission whose amount is not what was settled of it is marked as changed",
        """SELECT a.code || ': line ' || l.line_id || ' of order ' || o.order_id || ' earns ' || c.amount || ', '
                  || settled || ' is settled, and no mark says that it changed' FROM payouts_commission c
             JOIN (SELECT commission_id, SUM(amount) AS settled FROM payouts_statementline GROUP BY commission_id) sums
               ON sums.commission_id = c.line_id
             JOIN tracking_orderline l ON l.id = c.line_id JOIN tracking_order o ON o.id = c.order_id
             JOIN affiliates_affiliate a ON a.id = c.affiliate_id
            WHERE c.amount <> settled
              AND NOT EXISTS (SELECT 1 FROM payouts_changedcommission m WHERE m.commission_id = c.line_id)""",
    ),
    Invariant(
        "a statement opens with what the one before closed with, and numbers have no gaps",
        """SELECT 'statement ' || id FROM (
               SELECT s.id, s.opening, s.number, LAG(closing) OVER before AS closed, row_number() OVER before AS place
                 FROM payouts_statement s WINDOW before AS (PARTITION BY affiliate_id ORDER BY number)) s
            WHERE opening <> COALESCE(closed, 0) OR number <> place""",
    ),
    Invariant(
        "a statement's adjustments and returned payouts sum up those linked to it",
        """SELECT 'statement ' || s.id FROM payouts_statement s
            WHERE s.adjustments <> (SELECT COALESCE(SUM(amount), 0) FROM payouts_adjustment a
                                     WHERE a.statement_id = s.id)
               OR s.returned <> (SELECT COALESCE(SUM(amount), 0) FROM payouts_payout p
                                  WHERE p.returned_statement_id = s.id)""",
    ),
    Invariant(
        "a statement's payout is the payout drafted for it",
        """SELECT 'statement ' || s.id FROM payouts_statement s LEFT JOIN payouts_payout p ON p.statement_id = s.id
            WHERE s.payout <> COALESCE(p.amount, 0) OR p.affiliate_id <> s.affiliate_id""",
    ),
    Invariant(
        "nothing negative and nothing below the minimum is paid",
        """SELECT 'statement ' || s.id || ' pays ' || s.payout FROM payouts_statement s
             JOIN agreements_agreementversion v ON v.id = s.agreement_id
             JOIN payouts_close c ON c.id = s.close_id
            WHERE s.payout < 0 OR s.payout > 0 AND s.payout < v.payout_minimum AND NOT EXISTS (
                  SELECT 1 FROM affiliates_statuschange h WHERE h.affiliate_id = s.affiliate_id
                     AND h.after IN ('terminated', 'leaving') AND h.at <= c.closed_at)""",
    ),
    Invariant(
        "an affiliate's balance is the last closing balance plus payouts returned since",
        f"""WITH booked AS (SELECT affiliate_id, -SUM(amount) AS owed FROM payouts_ledgerentry
                            WHERE account = 'affiliate_payable' GROUP BY affiliate_id),
                latest AS (SELECT DISTINCT ON (affiliate_id) affiliate_id, closing FROM payouts_statement
                            ORDER BY affiliate_id, number DESC),
                returned AS ({UNSETTLED_RETURNS})
           SELECT 'affiliate ' || a.code || ' is owed ' || COALESCE(owed, 0) FROM affiliates_affiliate a
             LEFT JOIN booked ON booked.affiliate_id = a.id LEFT JOIN latest ON latest.affiliate_id = a.id
             LEFT JOIN returned ON returned.affiliate_id = a.id
            WHERE COALESCE(owed, 0) <> COALESCE(closing, 0) + COALESCE(amount, 0)""",  # noqa: S608 -- our own text
    ),
    Invariant(
        "payouts in transit are the open payouts, and cash is what was paid",
        """SELECT account || ' is ' || booked || ', payouts say ' || expected FROM (
               SELECT 'payouts_in_transit' AS account, COALESCE(-SUM(amount), 0) AS booked,
                      (SELECT COALESCE(SUM(amount), 0) FROM payouts_payout
                        WHERE state IN ('draft', 'submitted', 'approved', 'sent')) AS expected
                 FROM payouts_ledgerentry WHERE account = 'payouts_in_transit'
               UNION ALL
               SELECT 'cash', COALESCE(-SUM(amount), 0),
                      (SELECT COALESCE(SUM(amount), 0) FROM payouts_payout WHERE state = 'paid')
                 FROM payouts_ledgerentry WHERE account = 'cash') AS accounts WHERE booked <> expected""",
    ),
    Invariant(
        "forfeited commissions are 0.00",
        """SELECT 'commission ' || line_id FROM payouts_commission WHERE forfeited_at IS NOT NULL AND amount <> 0""",
    ),
    Invariant(
        "months are closed in order, without gaps",
        """SELECT 'close of ' || period FROM (
               SELECT period, LAG(period) OVER (ORDER BY period) AS before FROM payouts_close) c
            WHERE before IS NOT NULL AND period <> before + interval '1 month'""",
    ),
    Invariant(
        "preparer and approver are different people",
        """SELECT 'batch ' || name FROM payouts_payoutbatch WHERE approved_by_id = submitted_by_id
           UNION ALL SELECT 'adjustment ' || id FROM payouts_adjustment
            WHERE state = 'approved' AND decided_by_id = made_by_id""",
    ),
    Invariant(
        "no payout goes to details younger than their hold",
        """SELECT 'payout ' || reference FROM payouts_payout p JOIN payouts_payoutdetails d ON d.id = p.details_id
             LEFT JOIN payouts_statement s ON s.id = p.statement_id
             LEFT JOIN agreements_agreementversion v ON v.id = s.agreement_id
            WHERE COALESCE(d.held_since + v.payout_details_hold_days * interval '24 hours', d.entered_at) > p.created_at
               OR d.affiliate_id <> p.affiliate_id""",
    ),
    Invariant(
        "no payout is made while a change of the e-mail address holds payouts",
        """SELECT 'payout ' || reference FROM payouts_payout p
            WHERE EXISTS (SELECT 1 FROM payouts_payouthold h
                           WHERE h.affiliate_id = p.affiliate_id AND h.placed_at < p.created_at
                             AND h.ends_at > p.created_at AND (h.released_at IS NULL OR h.released_at > p.created_at))""",
    ),
    Invariant(
        "an order has the time of its newest snapshot",
        """SELECT 'order ' || o.order_id FROM tracking_order o
             LEFT JOIN (SELECT order_id, MAX(updated_at) AS updated_at FROM tracking_ordersnapshot GROUP BY order_id) r
                    ON r.order_id = o.order_id
            WHERE o.updated_at IS DISTINCT FROM r.updated_at""",
    ),
)


def check_invariants() -> list[Finding]:
    """Check every invariant and return a finding for each."""
    findings = []
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(DISABLE_NESTED_LOOPS)
        for invariant in INVARIANTS:
            # The SQL is this module's own and has no input.
            query = f"SELECT COUNT(*), MIN(note) FROM ({invariant.violations}) AS _(note)"  # noqa: S608  # nosec B608
            cursor.execute(query)
            count, first = cursor.fetchone()
            findings.append(Finding(invariant, count, first or ""))
    return findings
