SELECT earned, settled, pending, held, new, CASE WHEN earned - settled - pending - held <> new THEN (
    SELECT json_agg(json_build_array(id, order_id, difference::text))
    FROM (
        SELECT o.id, o.order_id, SUM(mine.amount - posted.amount) AS difference
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
    ) changed
) END
FROM (
    WITH mine AS NOT MATERIALIZED (SELECT * FROM payouts_commission WHERE affiliate_id = %(affiliate)s)
    SELECT (
        SELECT COALESCE(SUM(stored.commission), 0)
        FROM tracking_rollup stored
        WHERE stored.affiliate_id = %(affiliate)s AND stored.dimension = 'total' AND NOT EXISTS (
            SELECT
            FROM tracking_changedday marked
            WHERE marked.affiliate_id = stored.affiliate_id AND marked.day = stored.day
        )
    ) + (
        SELECT COALESCE(SUM(fresh.amount), 0)
        FROM (SELECT DISTINCT day FROM tracking_changedday WHERE affiliate_id = %(affiliate)s) AS days
        CROSS JOIN LATERAL (
            SELECT amount
            FROM payouts_commission
            WHERE affiliate_id = %(affiliate)s AND placed_at >= days.day::timestamp AT TIME ZONE COALESCE(
                (SELECT time_zone FROM agreements_agreementversion WHERE published_at IS NOT NULL LIMIT 1), 'UTC'
            ) - interval '2 hours' AND placed_at < (days.day + 1)::timestamp AT TIME ZONE COALESCE(
                (SELECT time_zone FROM agreements_agreementversion WHERE published_at IS NOT NULL LIMIT 1), 'UTC'
            ) + interval '2 hours' AND (
                placed_at AT TIME ZONE COALESCE(
                    (SELECT time_zone FROM agreements_agreementversion WHERE published_at IS NOT NULL LIMIT 1), 'UTC'
                )
            )::date = days.day
            OFFSET 0
        ) AS fresh
    ), (SELECT COALESCE(SUM(settled), 0) FROM payouts_statement WHERE affiliate_id = %(affiliate)s), (
        SELECT COALESCE(SUM(amount), 0)
        FROM (
            SELECT amount
            FROM mine
            WHERE validates_at >= %(ends_at)s
                AND NOT EXISTS (SELECT FROM payouts_statementline WHERE commission_id = mine.line_id)
            UNION ALL
            SELECT amount
            FROM mine
            WHERE validates_at IS NULL
                AND NOT EXISTS (SELECT FROM payouts_statementline WHERE commission_id = mine.line_id)
        ) later
    ) - (
        SELECT COALESCE(SUM(amount), 0)
        FROM mine
        WHERE (validates_at >= %(ends_at)s OR validates_at IS NULL)
            AND NOT EXISTS (SELECT FROM payouts_statementline WHERE commission_id = mine.line_id)
            AND line_id IN (SELECT commission_id FROM payouts_commissionhold WHERE released_at IS NULL)
    ), (
        SELECT COALESCE(SUM(rest), 0)
        FROM (
            SELECT amount -
                (SELECT COALESCE(SUM(amount), 0) FROM payouts_statementline WHERE commission_id = mine.line_id) AS rest
            FROM mine
            WHERE line_id IN (SELECT commission_id FROM payouts_commissionhold WHERE released_at IS NULL)
        ) held
        WHERE rest > 0
    )
) AS unsettled(earned, settled, pending, held), (
    SELECT COALESCE(SUM(amount), 0)
    FROM payouts_commission mine
    WHERE affiliate_id = %(affiliate)s AND validates_at < %(ends_at)s
        AND NOT EXISTS (SELECT FROM payouts_statementline WHERE commission_id = mine.line_id)
        AND line_id NOT IN (SELECT commission_id FROM payouts_commissionhold WHERE released_at IS NULL)
) AS fresh(new)
