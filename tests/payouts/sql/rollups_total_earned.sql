(
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
)
