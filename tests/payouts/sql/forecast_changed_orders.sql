SELECT o.id, o.order_id, SUM(mine.amount - posted.amount)
FROM (
    SELECT line.commission_id, SUM(line.amount) AS amount
    FROM payouts_statementline line
    JOIN payouts_statement statement ON statement.id = line.statement_id
    WHERE statement.affiliate_id = %(affiliate)s
    GROUP BY line.commission_id
) posted
JOIN payouts_commission mine ON mine.line_id = posted.commission_id
JOIN tracking_order o ON o.id = mine.order_id
WHERE mine.amount <> posted.amount AND (
    mine.amount < posted.amount
        OR mine.line_id NOT IN (SELECT commission_id FROM payouts_commissionhold WHERE released_at IS NULL)
)
GROUP BY o.id
ORDER BY o.placed_at DESC, o.id DESC
LIMIT %(limit)s
