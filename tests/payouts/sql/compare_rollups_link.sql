WITH computed AS (
    SELECT affiliate_id, day, value, SUM(clicks) AS clicks, SUM(orders) AS orders,
        SUM(clicked_orders) AS clicked_orders, SUM(sales) AS sales, SUM(commission) AS commission,
        SUM(clicked_commission) AS clicked_commission
    FROM (
        SELECT l.affiliate_id, (
            k.at AT TIME ZONE COALESCE(
                (SELECT time_zone FROM agreements_agreementversion WHERE published_at IS NOT NULL LIMIT 1), 'UTC'
            )
        )::date, k.link_id::text, COUNT(*), 0, 0, 0, 0, 0
        FROM tracking_click k
        JOIN tracking_link l ON l.id = k.link_id
        WHERE k.kind = 'counted' AND k.transaction < COALESCE((SELECT transaction FROM tracking_clickhorizon), 0)
        GROUP BY 1, 2, 3
        UNION ALL
        SELECT o.affiliate_id, (
            o.placed_at AT TIME ZONE COALESCE(
                (SELECT time_zone FROM agreements_agreementversion WHERE published_at IS NOT NULL LIMIT 1), 'UTC'
            )
        )::date, COALESCE(o.link_id::text, ''), 0, COUNT(DISTINCT o.id),
            COUNT(DISTINCT o.id) FILTER (WHERE o.link_id IS NOT NULL), 0, 0, 0
        FROM tracking_order o
        WHERE o.affiliate_id IS NOT NULL AND o.status IN ('paid', 'completed')
        GROUP BY 1, 2, 3
        UNION ALL
        SELECT c.affiliate_id, (
            c.placed_at AT TIME ZONE COALESCE(
                (SELECT time_zone FROM agreements_agreementversion WHERE published_at IS NOT NULL LIMIT 1), 'UTC'
            )
        )::date, COALESCE(o.link_id::text, ''), 0, 0, 0, SUM(c.base), SUM(c.amount),
            COALESCE(SUM(c.amount) FILTER (WHERE o.link_id IS NOT NULL), 0)
        FROM payouts_commission c
        JOIN tracking_order o ON o.id = c.order_id
        GROUP BY 1, 2, 3
    ) AS source(affiliate_id, day, value, clicks, orders, clicked_orders, sales, commission, clicked_commission)
    WHERE value <> '' OR %(dimension)s = 'total'
    GROUP BY 1, 2, 3
), beside AS (
    SELECT affiliate_id, day, value, CASE WHEN day < %(since)s THEN 0 ELSE COALESCE(s.clicks, 0) END AS stored_clicks,
        CASE WHEN day < %(since)s THEN 0 ELSE COALESCE(c.clicks, 0) END AS computed_clicks,
        COALESCE(s.orders, 0) AS stored_orders, COALESCE(c.orders, 0) AS computed_orders,
        COALESCE(s.clicked_orders, 0) AS stored_clicked_orders,
        COALESCE(c.clicked_orders, 0) AS computed_clicked_orders, COALESCE(s.sales, 0) AS stored_sales,
        COALESCE(c.sales, 0) AS computed_sales, COALESCE(s.commission, 0) AS stored_commission,
        COALESCE(c.commission, 0) AS computed_commission,
        COALESCE(s.clicked_commission, 0) AS stored_clicked_commission,
        COALESCE(c.clicked_commission, 0) AS computed_clicked_commission
    FROM (SELECT * FROM tracking_rollup WHERE dimension = %(dimension)s) AS s
    FULL JOIN computed c USING (affiliate_id, day, value)
)
SELECT a.code, beside.*, %(dimension)s AS dimension, COUNT(*) OVER () AS compared, COUNT(*) FILTER (
    WHERE stored_clicks <> computed_clicks OR stored_orders <> computed_orders
        OR stored_clicked_orders <> computed_clicked_orders OR stored_sales <> computed_sales
        OR stored_commission <> computed_commission OR stored_clicked_commission <> computed_clicked_commission
) OVER () AS differing
FROM beside
JOIN affiliates_affiliate a ON a.id = beside.affiliate_id
WHERE (beside.affiliate_id, beside.day) NOT IN (SELECT m.affiliate_id, m.day FROM tracking_changedday m)
ORDER BY (
    stored_clicks <> computed_clicks OR stored_orders <> computed_orders
        OR stored_clicked_orders <> computed_clicked_orders OR stored_sales <> computed_sales
        OR stored_commission <> computed_commission OR stored_clicked_commission <> computed_clicked_commission
) DESC, a.code, day, value
LIMIT 1
