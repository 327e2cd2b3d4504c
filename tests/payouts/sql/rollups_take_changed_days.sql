WITH chosen AS (SELECT DISTINCT affiliate_id, day FROM tracking_changedday LIMIT %s), taken AS (
    DELETE FROM tracking_changedday marked USING chosen
    WHERE marked.affiliate_id = chosen.affiliate_id AND marked.day = chosen.day
)
INSERT INTO folding
SELECT affiliate_id, day
FROM chosen
