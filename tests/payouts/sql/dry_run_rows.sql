WITH recent AS (SELECT id FROM payouts_close ORDER BY period DESC LIMIT %(months)s), usual AS (
    SELECT affiliate_id, SUM(settled) / (SELECT COUNT(*) FROM recent) AS settled
    FROM payouts_statement
    WHERE close_id IN (SELECT id FROM recent)
    GROUP BY affiliate_id
    HAVING SUM(settled) > 0
), unusual AS (
    SELECT 'over_limit' AS code, affiliate_id, payout AS amount, NULL::numeric AS was
    FROM closing_statement
    WHERE payout >= %(over)s
    UNION ALL
    SELECT 'tenfold', s.affiliate_id, s.settled, round(usual.settled, 2)
    FROM closing_statement s
    JOIN usual USING (affiliate_id)
    WHERE s.settled >= %(times)s * usual.settled AND s.settled >= %(least)s
    UNION ALL
    SELECT 'negative', affiliate_id, balance, NULL
    FROM closing_statement
    WHERE balance < 0
    UNION ALL
    SELECT CASE WHEN EXISTS (
        SELECT 1
        FROM payouts_payoutdetails other
        WHERE other.affiliate_id = due.affiliate_id AND other.fingerprint <> d.fingerprint
    ) THEN 'changed_details' ELSE 'first_payout' END, due.affiliate_id, due.payout, NULL
    FROM (SELECT *, 'infinity'::timestamptz AS created_at FROM closing_statement) due
    JOIN payouts_payoutdetails d ON d.id = due.details_id
    WHERE due.payout > 0 AND NOT EXISTS (
        SELECT 1
        FROM payouts_payout earlier
        JOIN payouts_payoutdetails used ON used.id = earlier.details_id
        WHERE earlier.affiliate_id = due.affiliate_id AND used.fingerprint = d.fingerprint
            AND earlier.created_at < due.created_at AND earlier.state NOT IN ('cancelled', 'failed')
    )
    UNION ALL
    SELECT 'came_back', due.affiliate_id, due.payout, NULL
    FROM (SELECT *, 'infinity'::timestamptz AS created_at FROM closing_statement) due
    JOIN payouts_payoutdetails d ON d.id = due.details_id
    WHERE due.payout > 0 AND EXISTS (
        SELECT 1
        FROM payouts_payout failed
        JOIN payouts_payoutdetails used ON used.id = failed.details_id
        WHERE failed.affiliate_id = due.affiliate_id AND used.fingerprint = d.fingerprint AND failed.state = 'failed'
            AND failed.created_at < due.created_at AND NOT EXISTS (
            SELECT 1
            FROM payouts_payout arrived
            JOIN payouts_payoutdetails same ON same.id = arrived.details_id
            WHERE arrived.affiliate_id = failed.affiliate_id AND same.fingerprint = used.fingerprint
                AND arrived.state = 'paid' AND arrived.created_at > failed.created_at
                AND arrived.created_at < due.created_at
        )
    )
), kinds AS (SELECT affiliate_id, array_agg(code) AS codes FROM unusual GROUP BY affiliate_id)
SELECT a.code, s.number, s.opening, s.lines, s.settled, s.adjustments, s.returned, s.payout, s.balance - s.payout,
    s.reasons, COALESCE(kinds.codes, '{}')
FROM closing_statement s
JOIN affiliates_affiliate a ON a.id = s.affiliate_id
LEFT JOIN kinds USING (affiliate_id)
ORDER BY a.code
