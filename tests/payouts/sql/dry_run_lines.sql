WITH settled AS (SELECT commission_id, SUM(amount) AS amount FROM payouts_statementline GROUP BY commission_id)
INSERT INTO closing_line
SELECT c.line_id, c.affiliate_id, c.amount - COALESCE(settled.amount, 0), c.base, c.rate, c.clause,
    c.forfeited_at IS NOT NULL
FROM payouts_commission c
LEFT JOIN settled ON settled.commission_id = c.line_id
WHERE c.amount <> COALESCE(settled.amount, 0) AND (c.validates_at < %(ends_at)s OR settled.commission_id IS NOT NULL)
    AND (
    c.amount < COALESCE(settled.amount, 0) OR NOT EXISTS
        (SELECT 1 FROM payouts_commissionhold h WHERE h.commission_id = c.line_id AND h.released_at IS NULL)
) AND c.affiliate_id <> ALL(%(exceptions)s)
