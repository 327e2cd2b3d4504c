SELECT COUNT(*), COALESCE(SUM(lines), 0), COALESCE(SUM(opening), 0.00), COALESCE(SUM(settled), 0.00),
    COALESCE(SUM(adjustments), 0.00), COALESCE(SUM(returned), 0.00), COUNT(*) FILTER (WHERE payout > 0),
    COALESCE(SUM(payout), 0.00), COALESCE(SUM(balance - payout), 0.00), COUNT(*) FILTER (WHERE balance - payout < 0)
FROM closing_statement
