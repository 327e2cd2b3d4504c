"""SQL of a backtest, which applies a version's terms to past orders and only reads.

tests/payouts/sql/backtest_*.sql shows the complete statements.
"""

# Past commissions with the bases that the version's rates apply to. Forfeited commissions are left out, because the
# forfeiture has nothing to do with the terms.
_ACTUAL = """
    SELECT c.line_id, c.order_id, c.affiliate_id, c.category, c.placed_at, c.amount AS was, {base} AS base
      FROM payouts_commission c {orders}
     WHERE c.placed_at >= %(since)s AND c.placed_at < %(until)s AND c.forfeited_at IS NULL
"""
# An order whose click is older than the version's attribution window would not be credited.
_BASE_IN_WINDOW = """
    CASE WHEN o.reason = 'click' AND o.placed_at - o.clicked_at > make_interval(hours => 24 * %(attribution_days)s)
         THEN 0 ELSE c.base END
"""
_ORDERS = "JOIN tracking_order o ON o.id = c.order_id"

# Orders that were not credited only because the attribution window was shorter then.
_GAINED = """
    UNION ALL
    SELECT l.id, l.order_id, g.affiliate_id, l.category, o.placed_at, 0.00,
           CASE o.status WHEN 'cancelled' THEN 0 ELSE l.amount - l.refunded END
      FROM unnest(%(gained_orders)s::uuid[], %(gained_by)s::uuid[]) AS g (order_id, affiliate_id)
      JOIN tracking_order o ON o.id = g.order_id
      JOIN tracking_orderline l ON l.order_id = g.order_id
"""

# The highest promotion that applied when the order was placed, within the version's ceiling.
_PROMOTION_RATE = """
    (SELECT max(least(offer.percent, %(ceiling)s)) FROM offer
      WHERE offer.starts_at <= line.placed_at AND line.placed_at < offer.ends_at
        AND (offer.categories = '{{}}' OR line.category = ANY (offer.categories))
        AND (offer.affiliates = '{{}}' OR line.affiliate_id = ANY (offer.affiliates)))
"""

# The cap is used up by an order's lines in the order in which the shop sent them.
_CAPPED = """
    SELECT earned.affiliate_id, earned.category, earned.was,
           greatest(0, least(earned.becomes, %(cap)s - coalesce(sum(earned.becomes) OVER before, 0))) AS becomes
      FROM earned JOIN tracking_orderline l ON l.id = earned.line_id
    WINDOW before AS (PARTITION BY earned.order_id ORDER BY l.position, l.id
                      ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
"""

_LINES = """
WITH card AS (
    SELECT * FROM unnest(%(categories)s::text[], %(percents)s::numeric[]) AS card (category, percent)
), offer AS MATERIALIZED (
    SELECT p.percent, p.categories, p.starts_at, p.ends_at,
           ARRAY(SELECT named.affiliate_id FROM agreements_promotion_affiliates named WHERE named.promotion_id = p.id)
               AS affiliates
      FROM agreements_promotion p WHERE p.starts_at < %(until)s AND p.ends_at > %(since)s
), line AS ({actual} {gained}
), earned AS (
    SELECT line.line_id, line.order_id, line.affiliate_id, line.category, line.was,
           round(line.base * greatest(coalesce(card.percent, %(everything_else)s), {raised}) / 100, 2) AS becomes
      FROM line LEFT JOIN card ON card.category = line.category
), final AS ({final})
"""

# Grouping sets read the lines once for both groupings; each row has either an affiliate or a category.
TOTALS = """
, grouped AS MATERIALIZED (
    SELECT affiliate_id, category, count(*) AS lines, sum(was) AS was, sum(becomes) AS becomes
      FROM final GROUP BY GROUPING SETS ((affiliate_id), (category))
)
(SELECT 'sum' AS kind, NULL::uuid, NULL::text, coalesce(sum(lines), 0)::bigint, coalesce(sum(was), 0.00),
        coalesce(sum(becomes), 0.00), count(*) FILTER (WHERE becomes > was), count(*) FILTER (WHERE becomes < was),
        count(*), coalesce(sum(becomes - was) FILTER (WHERE becomes > was), 0.00),
        coalesce(sum(was - becomes) FILTER (WHERE becomes < was), 0.00)
   FROM grouped WHERE affiliate_id IS NOT NULL)
UNION ALL
(SELECT 'category', NULL, category, lines, was, becomes, 0, 0, 0, 0, 0 FROM grouped WHERE affiliate_id IS NULL
  ORDER BY abs(becomes - was) DESC, category)
UNION ALL
(SELECT 'affiliate', affiliate_id, NULL, lines, was, becomes, 0, 0, 0, 0, 0
   FROM grouped WHERE affiliate_id IS NOT NULL AND becomes <> was
  ORDER BY abs(becomes - was) DESC, affiliate_id LIMIT %(most)s)
"""

BY_AFFILIATE = """
SELECT affiliate_id, sum(was), sum(becomes) FROM final
 WHERE %(affiliates)s::uuid[] IS NULL OR affiliate_id = ANY (%(affiliates)s::uuid[])
 GROUP BY affiliate_id
"""


def build_lines_sql(*, shorter_window: bool, gained: bool, promotions: bool, cap: bool) -> str:
    """Return the common table expressions up to `final`, which has a row for each line.

    Parts that the version does not need are left out, because they are slow on many orders.
    """
    base, orders = (_BASE_IN_WINDOW, _ORDERS) if shorter_window else ("c.base", "")
    return _LINES.format(
        actual=_ACTUAL.format(base=base, orders=orders),
        gained=_GAINED if gained else "",
        raised=_PROMOTION_RATE.format() if promotions else "0",
        final=_CAPPED if cap else "SELECT affiliate_id, category, was, becomes FROM earned",
    )
