WITH changed AS MATERIALIZED (
    SELECT mine.order_id, mine.amount - posted.amount AS difference
    FROM (SELECT DISTINCT commission_id FROM payouts_changedcommission WHERE affiliate_id = %(affiliate)s) mark
    JOIN payouts_commission mine ON mine.line_id = mark.commission_id AND mine.affiliate_id = %(affiliate)s
    CROSS JOIN LATERAL (SELECT SUM(amount) AS amount FROM payouts_statementline WHERE commission_id = mine.line_id)
        posted
    WHERE mine.amount <> posted.amount AND (
        mine.amount < posted.amount
            OR mine.line_id NOT IN (SELECT commission_id FROM payouts_commissionhold WHERE released_at IS NULL)
    )
), newest AS (
    SELECT o.id, o.order_id, SUM(difference) AS difference
    FROM changed
    JOIN tracking_order o ON o.id = changed.order_id
    GROUP BY o.id
    ORDER BY o.placed_at DESC, o.id DESC
    LIMIT %(limit)s
)
SELECT earned, settled, pending, held, (SELECT COALESCE(SUM(difference), 0) FROM changed),
    (SELECT json_agg(json_build_array(id, order_id, difference::text)) FROM newest)
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
) AS unsettled(earned, settled, pending, held)
