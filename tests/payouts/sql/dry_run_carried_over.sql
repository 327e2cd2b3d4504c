WITH entry AS (
    SELECT reason AS code, affiliate_id, balance AS amount, NULL::numeric AS was
    FROM closing_statement
    CROSS JOIN LATERAL unnest(reasons) AS reason
)
SELECT listed.code, count, total, affiliate_id, a.name || ' (' || a.code || ')', amount, was
FROM (
    SELECT *, COUNT(*) OVER one AS count, SUM(amount) OVER one AS total,
        row_number() OVER (PARTITION BY code ORDER BY abs(amount) DESC, affiliate_id) AS place
    FROM entry
    WINDOW one AS (PARTITION BY code)
) listed
JOIN affiliates_affiliate a ON a.id = affiliate_id
WHERE place <= %(most)s
ORDER BY place
