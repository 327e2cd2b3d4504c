INSERT INTO tracking_rollup (affiliate_id, dimension, day, value, clicks)
SELECT affiliate_id, dimension, day, value, clicks
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
        WHERE c.kind = 'counted' AND c.transaction >= %s AND c.transaction < %s
        GROUP BY 1, 2, 3, c.sub1, c.sub2, c.sub3, c.sub4, c.sub5, c.device
    ) AS clicked
    CROSS JOIN LATERAL (
        VALUES ('total', ''), ('link', link), ('sub1', sub1), ('sub2', sub2), ('sub3', sub3), ('sub4', sub4),
            ('sub5', sub5), ('device', device)
    ) AS each(dimension, value)
    WHERE (value <> '' OR dimension = 'total')
    GROUP BY affiliate_id, dimension, day, value
) AS counted
ORDER BY affiliate_id, dimension, day, value
    ON CONFLICT (affiliate_id, dimension, day, value) DO UPDATE SET clicks = tracking_rollup.clicks + excluded.clicks
