WITH booked AS (
    SELECT affiliate_id, -SUM(amount) AS owed
    FROM payouts_ledgerentry
    WHERE account = 'affiliate_payable'
    GROUP BY affiliate_id
), latest AS
    (SELECT DISTINCT ON (affiliate_id) affiliate_id, closing FROM payouts_statement ORDER BY affiliate_id, number DESC),
    returned AS (
    SELECT p.affiliate_id, SUM(p.amount) AS amount
    FROM payouts_payout p
    WHERE p.returned_at IS NOT NULL AND p.returned_statement_id IS NULL
        AND NOT EXISTS (SELECT 1 FROM payouts_payout newer WHERE newer.replaces_id = p.id)
    GROUP BY p.affiliate_id
)
SELECT 'affiliate ' || a.code || ' is owed ' || COALESCE(owed, 0)
FROM affiliates_affiliate a
LEFT JOIN booked ON booked.affiliate_id = a.id
LEFT JOIN latest ON latest.affiliate_id = a.id
LEFT JOIN returned ON returned.affiliate_id = a.id
WHERE COALESCE(owed, 0) <> COALESCE(closing, 0) + COALESCE(amount, 0)
