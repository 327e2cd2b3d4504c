"""Queries of a dry run on the temporary tables that the statements of the close have filled.

tests/payouts/sql/dry_run_*.sql shows the complete statements.
"""

# A payout to an account to which the affiliate was never paid before (specification 6). The expressions read `due`,
# which has an `affiliate_id` and a `created_at`, and its payout details `d`. Accounts are compared by fingerprint, so
# that entering the same account again is no change. Cancelled and failed payouts do not count as paid.

# True where no payout before `due` went to the account.
IS_NEW_ACCOUNT = """NOT EXISTS (
    SELECT 1 FROM payouts_payout earlier JOIN payouts_payoutdetails used ON used.id = earlier.details_id
     WHERE earlier.affiliate_id = due.affiliate_id AND used.fingerprint = d.fingerprint
       AND earlier.created_at < due.created_at AND earlier.state NOT IN ('cancelled', 'failed'))"""

# The PayoutWarning: whether the affiliate had another account before.
WARNING_CODE = """CASE WHEN EXISTS (
    SELECT 1 FROM payouts_payoutdetails other
     WHERE other.affiliate_id = due.affiliate_id AND other.fingerprint <> d.fingerprint)
    THEN 'changed_details' ELSE 'first_payout' END"""

# True where the last payout to the account that has a result came back: none to it has arrived since.
HAS_COME_BACK = """EXISTS (
    SELECT 1 FROM payouts_payout failed JOIN payouts_payoutdetails used ON used.id = failed.details_id
     WHERE failed.affiliate_id = due.affiliate_id AND used.fingerprint = d.fingerprint AND failed.state = 'failed'
       AND failed.created_at < due.created_at
       AND NOT EXISTS (
           SELECT 1 FROM payouts_payout arrived JOIN payouts_payoutdetails same ON same.id = arrived.details_id
            WHERE arrived.affiliate_id = failed.affiliate_id AND same.fingerprint = used.fingerprint
              AND arrived.state = 'paid' AND arrived.created_at > failed.created_at
              AND arrived.created_at < due.created_at))"""

FIGURES = """
SELECT COUNT(*), COALESCE(SUM(lines), 0), COALESCE(SUM(opening), 0.00), COALESCE(SUM(settled), 0.00),
       COALESCE(SUM(adjustments), 0.00), COALESCE(SUM(returned), 0.00), COUNT(*) FILTER (WHERE payout > 0),
       COALESCE(SUM(payout), 0.00), COALESCE(SUM(balance - payout), 0.00), COUNT(*) FILTER (WHERE balance - payout < 0)
  FROM closing_statement
"""

# A row for each unusual statement and each kind of `PayoutWarning`.
_UNUSUAL = f"""
recent AS (
    SELECT id FROM payouts_close ORDER BY period DESC LIMIT %(months)s
), usual AS (
    SELECT affiliate_id, SUM(settled) / (SELECT COUNT(*) FROM recent) AS settled
      FROM payouts_statement WHERE close_id IN (SELECT id FROM recent) GROUP BY affiliate_id HAVING SUM(settled) > 0
), unusual AS (
    SELECT 'over_limit' AS code, affiliate_id, payout AS amount, NULL::numeric AS was
      FROM closing_statement WHERE payout >= %(over)s
     UNION ALL
    SELECT 'tenfold', s.affiliate_id, s.settled, round(usual.settled, 2)
      FROM closing_statement s JOIN usual USING (affiliate_id)
     WHERE s.settled >= %(times)s * usual.settled AND s.settled >= %(least)s
     UNION ALL
    SELECT 'negative', affiliate_id, balance, NULL FROM closing_statement WHERE balance < 0
     UNION ALL
    SELECT {WARNING_CODE}, due.affiliate_id, due.payout, NULL
      FROM (SELECT *, 'infinity'::timestamptz AS created_at FROM closing_statement) due
      JOIN payouts_payoutdetails d ON d.id = due.details_id
     WHERE due.payout > 0 AND {IS_NEW_ACCOUNT}
     UNION ALL
    SELECT 'came_back', due.affiliate_id, due.payout, NULL
      FROM (SELECT *, 'infinity'::timestamptz AS created_at FROM closing_statement) due
      JOIN payouts_payoutdetails d ON d.id = due.details_id
     WHERE due.payout > 0 AND {HAS_COME_BACK}
)
"""  # noqa: S608 -- constants of this module

_LISTED = """
SELECT listed.code, count, total, affiliate_id, a.name || ' (' || a.code || ')', amount, was
  FROM (SELECT *, COUNT(*) OVER one AS count, SUM(amount) OVER one AS total,
               row_number() OVER (PARTITION BY code ORDER BY abs(amount) DESC, affiliate_id) AS place
          FROM entry WINDOW one AS (PARTITION BY code)) listed
  JOIN affiliates_affiliate a ON a.id = affiliate_id
 WHERE place <= %(most)s ORDER BY place
"""

# A row for each affiliate on a list: the list's code, number of affiliates and total, then the affiliate. An affiliate
# whose balance is carried over for several reasons is on several lists.
CARRIED_OVER = f"""
WITH entry AS (
    SELECT reason AS code, affiliate_id, balance AS amount, NULL::numeric AS was
      FROM closing_statement CROSS JOIN LATERAL unnest(reasons) AS reason
)
{_LISTED}"""  # noqa: S608 -- constants of this module
UNUSUAL = f"WITH {_UNUSUAL}, entry AS (SELECT * FROM unusual) {_LISTED}"  # noqa: S608 -- constants of this module

ROWS = f"""
WITH {_UNUSUAL}, kinds AS (
    SELECT affiliate_id, array_agg(code) AS codes FROM unusual GROUP BY affiliate_id
)
SELECT a.code, s.number, s.opening, s.lines, s.settled, s.adjustments, s.returned, s.payout, s.balance - s.payout,
       s.reasons, COALESCE(kinds.codes, '{{}}')
  FROM closing_statement s JOIN affiliates_affiliate a ON a.id = s.affiliate_id LEFT JOIN kinds USING (affiliate_id)
 ORDER BY a.code
"""  # noqa: S608 -- constants of this module
