"""What a dry run asks of the temporary tables that the close's own statements have filled."""

from payouts.payout_details import new_account_sql

FIGURES = """
SELECT COUNT(*), COALESCE(SUM(lines), 0), COALESCE(SUM(settled), 0.00), COUNT(*) FILTER (WHERE payout > 0),
       COALESCE(SUM(payout), 0.00), COALESCE(SUM(balance - payout), 0.00), COUNT(*) FILTER (WHERE balance - payout < 0)
  FROM closing_statement
"""

# Whose statement is unusual, and why: the kinds of `payouts.dry_run.PayoutWarning`.
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
    SELECT {new_account_sql.WARNING_CODE}, due.affiliate_id, due.payout, NULL
      FROM (SELECT *, 'infinity'::timestamptz AS created_at FROM closing_statement) due
      JOIN payouts_payoutdetails d ON d.id = due.details_id
     WHERE due.payout > 0 AND {new_account_sql.IS_NEW_ACCOUNT}
)
"""  # noqa: S608 -- constants of this room

_NAMED = """
SELECT listed.code, count, total, affiliate_id, a.name || ' (' || a.code || ')', amount, was
  FROM (SELECT *, COUNT(*) OVER one AS count, SUM(amount) OVER one AS total,
               row_number() OVER (PARTITION BY code ORDER BY abs(amount) DESC, affiliate_id) AS place
          FROM found WINDOW one AS (PARTITION BY code)) listed
  JOIN affiliates_affiliate a ON a.id = affiliate_id
 WHERE place <= %(most)s ORDER BY place
"""

# One row an affiliate on a list: the list's code, how many are on it, their sum, and who. An affiliate whose balance is
# carried over for several reasons is on the list of each.
CARRIED_OVER = f"""
WITH found AS (
    SELECT reason AS code, affiliate_id, balance AS amount, NULL::numeric AS was
      FROM closing_statement CROSS JOIN LATERAL unnest(reasons) AS reason
)
{_NAMED}"""  # noqa: S608 -- constants of this module
UNUSUAL = f"WITH {_UNUSUAL}, found AS (SELECT * FROM unusual) {_NAMED}"  # noqa: S608 -- constants of this module

ROWS = f"""
WITH {_UNUSUAL}, kinds AS (
    SELECT affiliate_id, array_agg(code) AS codes FROM unusual GROUP BY affiliate_id
)
SELECT a.code, s.number, s.opening, s.lines, s.settled, s.adjustments, s.returned, s.payout, s.balance - s.payout,
       s.reasons, COALESCE(kinds.codes, '{{}}')
  FROM closing_statement s JOIN affiliates_affiliate a ON a.id = s.affiliate_id LEFT JOIN kinds USING (affiliate_id)
 ORDER BY a.code
"""  # noqa: S608 -- constants of this module
