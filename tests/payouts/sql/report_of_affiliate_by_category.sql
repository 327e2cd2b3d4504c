WITH marked AS MATERIALIZED (
    SELECT DISTINCT affiliate_id, day
    FROM tracking_changedday
    WHERE affiliate_id = %(affiliate)s AND day BETWEEN %(first)s AND %(last)s
), figures AS MATERIALIZED (
    SELECT r.affiliate_id, r.dimension, r.day, r.value, r.clicks,
        CASE WHEN m.day IS NULL THEN r.orders ELSE 0 END AS orders,
        CASE WHEN m.day IS NULL THEN r.clicked_orders ELSE 0 END AS clicked_orders,
        CASE WHEN m.day IS NULL THEN r.sales ELSE 0 END AS sales,
        CASE WHEN m.day IS NULL THEN r.commission ELSE 0 END AS commission,
        CASE WHEN m.day IS NULL THEN r.clicked_commission ELSE 0 END AS clicked_commission
    FROM tracking_rollup r
    LEFT JOIN marked m ON m.affiliate_id = r.affiliate_id AND m.day = r.day
    WHERE r.affiliate_id = %(affiliate)s AND r.dimension = ANY(%(dimensions)s) AND r.day BETWEEN %(first)s AND %(last)s
    UNION ALL
    SELECT affiliate_id, dimension, day, value, 0, orders, clicked_orders, sales, commission, clicked_commission
    FROM (
        WITH lines AS MATERIALIZED (
            SELECT days.affiliate_id, days.day, o.id, o.status <> 'cancelled' AS counts,
                COALESCE(o.link_id::text, '') AS link,
                CASE WHEN o.link_id IS NULL THEN '' ELSE COALESCE(o.sub1, E'\x1a') END AS sub1,
                CASE WHEN o.link_id IS NULL THEN '' ELSE COALESCE(o.sub2, E'\x1a') END AS sub2,
                CASE WHEN o.link_id IS NULL THEN '' ELSE COALESCE(o.sub3, E'\x1a') END AS sub3,
                CASE WHEN o.link_id IS NULL THEN '' ELSE COALESCE(o.sub4, E'\x1a') END AS sub4,
                CASE WHEN o.link_id IS NULL THEN '' ELSE COALESCE(o.sub5, E'\x1a') END AS sub5,
                CASE WHEN o.link_id IS NULL THEN '' ELSE COALESCE(o.device, E'\x1a') END AS device, o.country,
                c.category, c.base, c.amount
            FROM marked AS days
            CROSS JOIN LATERAL (
                SELECT *
                FROM tracking_order
                WHERE affiliate_id = days.affiliate_id AND placed_at >= days.day::timestamp AT TIME ZONE COALESCE(
                    (SELECT time_zone FROM agreements_agreementversion WHERE published_at IS NOT NULL LIMIT 1), 'UTC'
                ) - interval '2 hours' AND placed_at < (days.day + 1)::timestamp AT TIME ZONE COALESCE(
                    (SELECT time_zone FROM agreements_agreementversion WHERE published_at IS NOT NULL LIMIT 1), 'UTC'
                ) + interval '2 hours' AND (
                    placed_at AT TIME ZONE COALESCE(
                        (SELECT time_zone FROM agreements_agreementversion WHERE published_at IS NOT NULL LIMIT 1),
                            'UTC'
                    )
                )::date = days.day
                OFFSET 0
            ) AS o
            LEFT JOIN payouts_commission c ON c.order_id = o.id AND c.affiliate_id = o.affiliate_id
        ), whole AS (
            SELECT affiliate_id, day, id, counts, link, sub1, sub2, sub3, sub4, sub5, device, country,
                SUM(base) AS base, SUM(amount) AS amount
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
            COALESCE(SUM(amount), 0) AS commission,
            COALESCE(SUM(amount) FILTER (WHERE link <> ''), 0) AS clicked_commission
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
            COALESCE(SUM(amount), 0) AS commission,
            COALESCE(SUM(amount) FILTER (WHERE link <> ''), 0) AS clicked_commission
        FROM parts
        GROUP BY affiliate_id, day, category
    ) AS since
    WHERE dimension = ANY(%(dimensions)s)
    UNION ALL
    SELECT affiliate_id, dimension, day, value, clicks, 0, 0, 0, 0, 0
    FROM (
        SELECT affiliate_id, dimension, day, value, SUM(count)::bigint AS clicks
        FROM (
            SELECT l.affiliate_id, (
                c.at AT TIME ZONE COALESCE(
                    (SELECT time_zone FROM agreements_agreementversion WHERE published_at IS NOT NULL LIMIT 1), 'UTC'
                )
            )::date AS day, c.link_id::text AS link, c.sub1, c.sub2, c.sub3, c.sub4, c.sub5, c.device, COUNT(*) AS count
            FROM tracking_click c
            JOIN tracking_link l ON l.id = c.link_id
            WHERE c.kind = 'counted' AND c.transaction >= COALESCE((SELECT transaction FROM tracking_clickhorizon), 0)
                AND c.at BETWEEN %(from)s AND %(until)s AND l.affiliate_id = %(affiliate)s AND TRUE
            GROUP BY 1, 2, 3, c.sub1, c.sub2, c.sub3, c.sub4, c.sub5, c.device
        ) AS clicked
        CROSS JOIN LATERAL (
            VALUES ('total', ''), ('link', link), ('sub1', sub1), ('sub2', sub2), ('sub3', sub3), ('sub4', sub4),
                ('sub5', sub5), ('device', device)
        ) AS each(dimension, value)
        WHERE (value <> '' OR dimension = 'total')
        GROUP BY affiliate_id, dimension, day, value
    ) AS clicked
    WHERE dimension = ANY(%(dimensions)s) AND day BETWEEN %(first)s AND %(last)s
), by_day AS (
    SELECT day::text AS key, COALESCE(SUM(clicks) FILTER (WHERE day >= %(since)s), 0) AS clicks,
        COALESCE(SUM(clicks) FILTER (WHERE day < %(since)s), 0) AS clicks_before,
        COALESCE(SUM(orders) FILTER (WHERE day >= %(since)s), 0) AS orders,
        COALESCE(SUM(orders) FILTER (WHERE day < %(since)s), 0) AS orders_before,
        COALESCE(SUM(clicked_orders) FILTER (WHERE day >= %(since)s), 0) AS clicked_orders,
        COALESCE(SUM(clicked_orders) FILTER (WHERE day < %(since)s), 0) AS clicked_orders_before,
        COALESCE(SUM(sales) FILTER (WHERE day >= %(since)s), 0) AS sales,
        COALESCE(SUM(sales) FILTER (WHERE day < %(since)s), 0) AS sales_before,
        COALESCE(SUM(commission) FILTER (WHERE day >= %(since)s), 0) AS commission,
        COALESCE(SUM(commission) FILTER (WHERE day < %(since)s), 0) AS commission_before,
        COALESCE(SUM(clicked_commission) FILTER (WHERE day >= %(since)s), 0) AS clicked_commission,
        COALESCE(SUM(clicked_commission) FILTER (WHERE day < %(since)s), 0) AS clicked_commission_before
    FROM figures
    WHERE dimension = 'total'
    GROUP BY day
), by_value AS (
    SELECT value AS key, COALESCE(SUM(clicks) FILTER (WHERE day >= %(since)s), 0) AS clicks,
        COALESCE(SUM(clicks) FILTER (WHERE day < %(since)s), 0) AS clicks_before,
        COALESCE(SUM(orders) FILTER (WHERE day >= %(since)s), 0) AS orders,
        COALESCE(SUM(orders) FILTER (WHERE day < %(since)s), 0) AS orders_before,
        COALESCE(SUM(clicked_orders) FILTER (WHERE day >= %(since)s), 0) AS clicked_orders,
        COALESCE(SUM(clicked_orders) FILTER (WHERE day < %(since)s), 0) AS clicked_orders_before,
        COALESCE(SUM(sales) FILTER (WHERE day >= %(since)s), 0) AS sales,
        COALESCE(SUM(sales) FILTER (WHERE day < %(since)s), 0) AS sales_before,
        COALESCE(SUM(commission) FILTER (WHERE day >= %(since)s), 0) AS commission,
        COALESCE(SUM(commission) FILTER (WHERE day < %(since)s), 0) AS commission_before,
        COALESCE(SUM(clicked_commission) FILTER (WHERE day >= %(since)s), 0) AS clicked_commission,
        COALESCE(SUM(clicked_commission) FILTER (WHERE day < %(since)s), 0) AS clicked_commission_before
    FROM figures
    WHERE dimension = 'category'
    GROUP BY value
)
SELECT 'day', key, 0, clicks, clicks_before, orders, orders_before, clicked_orders, clicked_orders_before, sales,
    sales_before, commission, commission_before, clicked_commission, clicked_commission_before
FROM by_day
UNION ALL (
    SELECT 'value', key, COUNT(*) OVER (), clicks, clicks_before, orders, orders_before, clicked_orders,
        clicked_orders_before, sales, sales_before, commission, commission_before, clicked_commission,
        clicked_commission_before
    FROM by_value
    WHERE clicks <> 0 OR clicks_before <> 0 OR orders <> 0 OR orders_before <> 0 OR clicked_orders <> 0
        OR clicked_orders_before <> 0 OR sales <> 0 OR sales_before <> 0 OR commission <> 0 OR commission_before <> 0
        OR clicked_commission <> 0 OR clicked_commission_before <> 0
    ORDER BY commission DESC, sales DESC, clicks DESC, key
    LIMIT %(limit)s
)
