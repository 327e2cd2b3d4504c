SELECT COALESCE(SUM(amount), 0)
FROM payouts_commission mine
WHERE affiliate_id = %(affiliate)s AND validates_at < %(ends_at)s
    AND NOT EXISTS (SELECT FROM payouts_statementline WHERE commission_id = mine.line_id)
    AND line_id NOT IN (SELECT commission_id FROM payouts_commissionhold WHERE released_at IS NULL)
