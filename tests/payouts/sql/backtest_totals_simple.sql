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
    SELECT c.line_id, c.order_id, c.affiliate_id, c.category, c.placed_at, c.amount AS was, c.base AS base
    FROM payouts_commission c
    WHERE c.placed_at >= %(since)s AND c.placed_at < %(until)s AND c.forfeited_at IS NULL
), earned AS (
    SELECT line.line_id, line.order_id, line.affiliate_id, line.category, line.was,
        round(line.base * greatest(coalesce(card.percent, %(everything_else)s), 0) / 100, 2) AS becomes
    FROM line
    LEFT JOIN card ON card.category = line.category
), final AS (SELECT affiliate_id, category, was, becomes FROM earned), grouped AS MATERIALIZED (
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
