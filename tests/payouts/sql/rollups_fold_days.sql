INSERT INTO tracking_rollup
    (affiliate_id, dimension, day, value, orders, clicked_orders, sales, commission, clicked_commission)
SELECT affiliate_id, dimension, day, value, COALESCE(fresh.orders, 0) - COALESCE(stored.orders, 0),
    COALESCE(fresh.clicked_orders, 0) - COALESCE(stored.clicked_orders, 0),
    COALESCE(fresh.sales, 0) - COALESCE(stored.sales, 0),
    COALESCE(fresh.commission, 0) - COALESCE(stored.commission, 0),
    COALESCE(fresh.clicked_commission, 0) - COALESCE(stored.clicked_commission, 0)
FROM (
    WITH lines AS MATERIALIZED (
        SELECT days.affiliate_id, days.day, o.id, o.status <> 'cancelled' AS counts,
            COALESCE(o.link_id::text, '') AS link,
            CASE WHEN o.link_id IS NULL THEN '' ELSE COALESCE(o.sub1, E'\x1a') END AS sub1,
            CASE WHEN o.link_id IS NULL THEN '' ELSE COALESCE(o.sub2, E'\x1a') END AS sub2,
            CASE WHEN o.link_id IS NULL THEN '' ELSE COALESCE(o.sub3, E'\x1a') END AS sub3,
            CASE WHEN o.link_id IS NULL THEN '' ELSE COALESCE(o.sub4, E'\x1a') END AS sub4,
            CASE WHEN o.link_id IS NULL THEN '' ELSE COALESCE(o.sub5, E'\x1a') END AS sub5,
            CASE WHEN o.link_id IS NULL THEN '' ELSE COALESCE(o.device, E'\x1a') END AS device, o.country, c.category,
            c.base, c.amount
        FROM folding AS days
        CROSS JOIN LATERAL (
            SELECT *
            FROM tracking_order
            WHERE affiliate_id = days.affiliate_id AND placed_at >= days.day::timestamp AT TIME ZONE COALESCE(
                (SELECT time_zone FROM agreements_agreementversion WHERE published_at IS NOT NULL LIMIT 1), 'UTC'
            ) - interval '2 hours' AND placed_at < (days.day + 1)::timestamp AT TIME ZONE COALESCE(
                (SELECT time_zone FROM agreements_agreementversion WHERE published_at IS NOT NULL LIMIT 1), 'UTC'
            ) + interval '2 hours' AND (
                placed_at AT TIME ZONE COALESCE(
                    (SELECT time_zone FROM agreements_agreementversion WHERE published_at IS NOT NULL LIMIT 1), 'UTC'
                )
            )::date = days.day
            OFFSET 0
        ) AS o
        LEFT JOIN payouts_commission c ON c.order_id = o.id AND c.affiliate_id = o.affiliate_id
    ), whole AS (
        SELECT affiliate_id, day, id, counts, link, sub1, sub2, sub3, sub4, sub5, device, country, SUM(base) AS base,
            SUM(amount) AS amount
        FROM lines
        GROUP BY affiliate_id, day, id, counts, link, sub1, sub2, sub3, sub4, sub5, device, country
    ), parts AS (
        SELECT affiliate_id, day, id, counts, link, category, SUM(base) AS base, SUM(amount) AS amount
        FROM lines
        WHERE category IS NOT NULL
        GROUP BY affiliate_id, day, id, counts, link, category
    )
    SELECT affiliate_id, dimension, day, value, COUNT(*) FILTER (WHERE counts) AS orders,
        COUNT(*) FILTER (WHERE counts AND link <> '') AS clicked_orders, COALESCE(SUM(base), 0) AS sales,
        COALESCE(SUM(amount), 0) AS commission, COALESCE(SUM(amount) FILTER (WHERE link <> ''), 0) AS clicked_commission
    FROM whole
    CROSS JOIN LATERAL (
        VALUES ('total', ''), ('link', link), ('sub1', sub1), ('sub2', sub2), ('sub3', sub3), ('sub4', sub4),
            ('sub5', sub5), ('device', device), ('country', country)
    ) AS each(dimension, value)
    WHERE (value <> '' OR dimension = 'total')
    GROUP BY affiliate_id, dimension, day, value
    UNION ALL
    SELECT affiliate_id, 'category', day, category, COUNT(*) FILTER (WHERE counts) AS orders,
        COUNT(*) FILTER (WHERE counts AND link <> '') AS clicked_orders, COALESCE(SUM(base), 0) AS sales,
        COALESCE(SUM(amount), 0) AS commission, COALESCE(SUM(amount) FILTER (WHERE link <> ''), 0) AS clicked_commission
    FROM parts
    GROUP BY affiliate_id, day, category
) AS fresh
FULL JOIN (
    SELECT affiliate_id, dimension, day, value, orders, clicked_orders, sales, commission, clicked_commission
    FROM tracking_rollup
    JOIN folding USING (affiliate_id, day)
) AS stored USING (affiliate_id, dimension, day, value)
WHERE COALESCE(fresh.orders, 0) <> COALESCE(stored.orders, 0)
    OR COALESCE(fresh.clicked_orders, 0) <> COALESCE(stored.clicked_orders, 0)
    OR COALESCE(fresh.sales, 0) <> COALESCE(stored.sales, 0)
    OR COALESCE(fresh.commission, 0) <> COALESCE(stored.commission, 0)
    OR COALESCE(fresh.clicked_commission, 0) <> COALESCE(stored.clicked_commission, 0)
ORDER BY affiliate_id, dimension, day, value
    ON CONFLICT (affiliate_id, dimension, day, value) DO UPDATE SET orders = tracking_rollup.orders + excluded.orders,
    clicked_orders = tracking_rollup.clicked_orders + excluded.clicked_orders,
    sales = tracking_rollup.sales + excluded.sales, commission = tracking_rollup.commission + excluded.commission,
    clicked_commission = tracking_rollup.clicked_commission + excluded.clicked_commission
