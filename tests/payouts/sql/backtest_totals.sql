WITH card AS (SELECT * FROM unnest(%(categories)s::text[], %(percents)s::numeric[]) AS card (category, percent)), offer
    AS MATERIALIZED (
    SELECT p.percent, p.categories, p.starts_at, p.ends_at, ARRAY(
        SELECT named.affiliate_id
        FROM agreements_promotion_affiliates named
        WHERE named.promotion_id = p.id
    ) AS affiliates
    FROM agreements_promotion p
    WHERE p.starts_at < %(until)s AND p.ends_at > %(since)s
), line AS (
    SELECT c.line_id, c.order_id, c.affiliate_id, c.category, c.placed_at, c.amount AS was, CASE
        WHEN o.reason = 'click' AND o.placed_at - o.clicked_at > make_interval(hours => 24 * %(attribution_days)s) THEN
        0 ELSE c.base END AS base
    FROM payouts_commission c
    JOIN tracking_order o ON o.id = c.order_id
    WHERE c.placed_at >= %(since)s AND c.placed_at < %(until)s AND c.forfeited_at IS NULL
    UNION ALL
    SELECT l.id, l.order_id, g.affiliate_id, l.category, o.placed_at, 0.00,
        CASE o.status WHEN 'cancelled' THEN 0 ELSE l.amount - l.refunded END
    FROM unnest(%(gained_orders)s::uuid[], %(gained_by)s::uuid[]) AS g (order_id, affiliate_id)
    JOIN tracking_order o ON o.id = g.order_id
    JOIN tracking_orderline l ON l.order_id = g.order_id
), earned AS (
    SELECT line.line_id, line.order_id, line.affiliate_id, line.category, line.was, round(
        line.base * greatest(
            coalesce(card.percent, %(everything_else)s), (
                SELECT max(least(offer.percent, %(ceiling)s))
                FROM offer
                WHERE offer.starts_at <= line.placed_at AND line.placed_at < offer.ends_at
                    AND (offer.categories = '{}' OR line.category = ANY (offer.categories))
                    AND (offer.affiliates = '{}' OR line.affiliate_id = ANY (offer.affiliates))
            )
        ) / 100, 2
    ) AS becomes
    FROM line
    LEFT JOIN card ON card.category = line.category
), final AS (
    SELECT earned.affiliate_id, earned.category, earned.was,
        greatest(0, least(earned.becomes, %(cap)s - coalesce(sum(earned.becomes) OVER before, 0))) AS becomes
    FROM earned
    JOIN tracking_orderline l ON l.id = earned.line_id
    WINDOW before AS
        (PARTITION BY earned.order_id ORDER BY l.position, l.id ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
), grouped AS MATERIALIZED (
    SELECT affiliate_id, category, count(*) AS lines, sum(was) AS was, sum(becomes) AS becomes
    FROM final
    GROUP BY GROUPING SETS ((affiliate_id), (category))
) (
    SELECT 'sum' AS kind, NULL::uuid, NULL::text, coalesce(sum(lines), 0)::bigint, coalesce(sum(was), 0.00),
        coalesce(sum(becomes), 0.00), count(*) FILTER (WHERE becomes > was), count(*) FILTER (WHERE becomes < was),
        count(*), coalesce(sum(becomes - was) FILTER (WHERE becomes > was), 0.00),
        coalesce(sum(was - becomes) FILTER (WHERE becomes < was), 0.00)
    FROM grouped
    WHERE affiliate_id IS NOT NULL
)
UNION ALL (
    SELECT 'category', NULL, category, lines, was, becomes, 0, 0, 0, 0, 0
    FROM grouped
    WHERE affiliate_id IS NULL
    ORDER BY abs(becomes - was) DESC, category
)
UNION ALL (
    SELECT 'affiliate', affiliate_id, NULL, lines, was, becomes, 0, 0, 0, 0, 0
    FROM grouped
    WHERE affiliate_id IS NOT NULL AND becomes <> was
    ORDER BY abs(becomes - was) DESC, affiliate_id
    LIMIT %(most)s
)
