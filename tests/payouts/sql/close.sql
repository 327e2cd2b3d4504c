SET LOCAL enable_nestloop = off;

CREATE TEMPORARY TABLE closing_line (
    commission_id bigint, affiliate_id uuid, amount numeric(14,2), base numeric(14,2), rate numeric(5,2), clause text,
        forfeited boolean
) ON COMMIT DROP;

CREATE TEMPORARY TABLE closing_statement (
    id uuid, affiliate_id uuid, number integer, opening numeric(14,2), lines integer, settled numeric(14,2),
        forfeited numeric(14,2), adjustments numeric(14,2), returned numeric(14,2), balance numeric(14,2),
        payout numeric(14,2), reasons text[], agreement_id uuid, details_id uuid, payout_id uuid
) ON COMMIT DROP;

WITH cut AS
    (SELECT COALESCE(MAX(sequence), 0) AS sequence, pg_current_snapshot()::text AS snapshot FROM tracking_ordersnapshot)
    , closed AS (
    INSERT INTO payouts_close (id, period, starts_at, ends_at, closed_at, closed_by_id, cut, snapshot, agreement_id)
    SELECT %(close)s, %(period)s, %(starts_at)s, %(ends_at)s, %(now)s, %(by)s, sequence, snapshot, %(agreement)s
    FROM cut
), unmarked AS (
    DELETE FROM payouts_changedcommission mark
    WHERE affiliate_id <> ALL(%(exceptions)s) AND NOT EXISTS
        (SELECT 1 FROM payouts_commissionhold h WHERE h.commission_id = mark.commission_id AND h.released_at IS NULL)
), settled AS (SELECT commission_id, SUM(amount) AS amount FROM payouts_statementline GROUP BY commission_id)
INSERT INTO closing_line
SELECT c.line_id, c.affiliate_id, c.amount - COALESCE(settled.amount, 0), c.base, c.rate, c.clause,
    c.forfeited_at IS NOT NULL
FROM payouts_commission c
LEFT JOIN settled ON settled.commission_id = c.line_id
WHERE c.amount <> COALESCE(settled.amount, 0) AND (c.validates_at < %(ends_at)s OR settled.commission_id IS NOT NULL)
    AND (
    c.amount < COALESCE(settled.amount, 0) OR NOT EXISTS
        (SELECT 1 FROM payouts_commissionhold h WHERE h.commission_id = c.line_id AND h.released_at IS NULL)
) AND c.affiliate_id <> ALL(%(exceptions)s);

WITH line AS (
    SELECT affiliate_id, COUNT(*) AS lines, SUM(amount) AS settled, SUM(amount) FILTER (WHERE forfeited) AS forfeited
    FROM closing_line
    GROUP BY affiliate_id
), adjustment AS (
    SELECT affiliate_id, SUM(amount) AS amount
    FROM payouts_adjustment
    WHERE state = 'approved' AND statement_id IS NULL AND decided_at < %(ends_at)s
    GROUP BY affiliate_id
), returned AS (
    SELECT p.affiliate_id, SUM(p.amount) AS amount
    FROM payouts_payout p
    WHERE p.returned_at IS NOT NULL AND p.returned_statement_id IS NULL
        AND NOT EXISTS (SELECT 1 FROM payouts_payout newer WHERE newer.replaces_id = p.id)
    GROUP BY p.affiliate_id
), latest AS (
    SELECT DISTINCT ON (affiliate_id) affiliate_id, number, closing
    FROM payouts_statement
    ORDER BY affiliate_id, number DESC
), version AS (
    SELECT *
    FROM unnest(%(versions)s::uuid[], %(reach)s::uuid[], %(minimums)s::numeric[], %(hold_days)s::int[])
    WITH ORDINALITY AS version(agreement_id, reaches_id, payout_minimum, hold_days, position)
), accepted AS (
    SELECT DISTINCT ON (acceptance.affiliate_id) acceptance.affiliate_id, version.reaches_id, reached.payout_minimum,
        reached.hold_days
    FROM agreements_acceptance acceptance
    JOIN version USING (agreement_id)
    JOIN version reached ON reached.agreement_id = version.reaches_id
    WHERE acceptance.accepted_at <= %(now)s
    ORDER BY acceptance.affiliate_id, version.position DESC
), detail AS (
    SELECT DISTINCT ON (affiliate_id) affiliate_id, id, confirmed_at, held_since, usable_from
    FROM payouts_payoutdetails
    ORDER BY affiliate_id, entered_at DESC, id DESC
), held AS (
    SELECT affiliate_id, bool_or(ends_at IS NULL) AS until_release, bool_or(ends_at IS NOT NULL) AS after_email_change
    FROM payouts_payouthold
    WHERE released_at IS NULL AND (ends_at IS NULL OR ends_at > %(now)s)
    GROUP BY affiliate_id
), program AS (SELECT EXISTS (SELECT FROM agreements_program WHERE ends_at <= %(now)s) AS ended), due AS (
    SELECT a.id AS affiliate_id, COALESCE(latest.number, 0) + 1 AS number, COALESCE(latest.closing, 0) AS opening,
        COALESCE(line.lines, 0) AS lines, COALESCE(line.settled, 0) AS settled,
        COALESCE(line.forfeited, 0) AS forfeited, COALESCE(adjustment.amount, 0) AS adjustments,
        COALESCE(returned.amount, 0) AS returned, COALESCE(latest.closing, 0) + COALESCE(line.settled, 0) + COALESCE(
        adjustment.amount, 0
    ) + COALESCE(returned.amount, 0) AS balance, a.state, a.state = 'terminated'
        OR COALESCE(a.notice_ends_at <= %(now)s, false) OR program.ended AS final, accepted.reaches_id AS agreement_id,
        COALESCE(accepted.payout_minimum, %(minimum)s) AS minimum, detail.id AS details_id, detail.confirmed_at,
        COALESCE(detail.held_since + accepted.hold_days * interval '24 hours', detail.usable_from) AS usable_from,
        held.until_release, held.after_email_change
    FROM affiliates_affiliate a
    LEFT JOIN line ON line.affiliate_id = a.id
    LEFT JOIN adjustment ON adjustment.affiliate_id = a.id
    LEFT JOIN returned ON returned.affiliate_id = a.id
    LEFT JOIN latest ON latest.affiliate_id = a.id
    LEFT JOIN accepted ON accepted.affiliate_id = a.id
    LEFT JOIN detail ON detail.affiliate_id = a.id
    LEFT JOIN held ON held.affiliate_id = a.id
    CROSS JOIN program
    WHERE
        (line.lines IS NOT NULL OR adjustment.amount IS NOT NULL OR returned.amount IS NOT NULL OR latest.closing <> 0)
        AND a.id <> ALL(%(exceptions)s)
), decided AS (
    SELECT *, CASE WHEN balance = 0 THEN ARRAY['nothing_due']
        ELSE array_remove(
        ARRAY[ CASE WHEN balance < 0 THEN 'negative_balance' WHEN balance < minimum AND NOT final THEN 'below_minimum'
            END, CASE WHEN state = 'suspended' THEN 'suspended'
            WHEN state NOT IN ('active', 'leaving', 'terminated') THEN 'not_active' END,
            CASE WHEN agreement_id IS NULL THEN 'no_accepted_agreement' END, CASE
            WHEN details_id IS NULL OR confirmed_at IS NULL OR confirmed_at > %(now)s THEN 'no_payout_details'
            WHEN usable_from > %(now)s THEN 'payout_details_on_hold' END,
            CASE WHEN after_email_change THEN 'email_change_on_hold' END,
            CASE WHEN until_release THEN 'payouts_held' END ], NULL
    ) END AS reasons
    FROM due
)
INSERT INTO closing_statement
SELECT gen_random_uuid(), affiliate_id, number, opening, lines, settled, forfeited, adjustments, returned, balance,
    CASE WHEN reasons = '{}' THEN balance ELSE 0 END, reasons, agreement_id, details_id,
    CASE WHEN reasons = '{}' THEN gen_random_uuid() END
FROM decided;

INSERT INTO payouts_statement (
    id, close_id, affiliate_id, number, opening, lines, settled, adjustments, returned, payout, closing, reasons,
        agreement_id
)
SELECT id, %(close)s, affiliate_id, number, opening, lines, settled, adjustments, returned, payout, balance - payout,
    reasons, agreement_id
FROM closing_statement;

INSERT INTO payouts_statementline (close_id, statement_id, commission_id, amount, base, rate, clause, forfeited)
SELECT %(close)s, s.id, l.commission_id, l.amount, l.base, l.rate, l.clause, l.forfeited
FROM closing_line l
JOIN closing_statement s USING (affiliate_id)
ORDER BY l.affiliate_id, l.commission_id;

UPDATE payouts_adjustment a
SET statement_id = s.id
FROM closing_statement s
WHERE a.affiliate_id = s.affiliate_id AND a.state = 'approved' AND a.statement_id IS NULL AND a.decided_at < %(ends_at)s;

UPDATE payouts_payout p
SET returned_statement_id = s.id
FROM closing_statement s
WHERE p.affiliate_id = s.affiliate_id AND p.returned_at IS NOT NULL AND p.returned_statement_id IS NULL
    AND NOT EXISTS (SELECT 1 FROM payouts_payout newer WHERE newer.replaces_id = p.id);

WITH settling AS MATERIALIZED (
    SELECT nextval('payouts_ledgertransaction_id_seq') AS booking, affiliate_id, settled, forfeited, adjustments
    FROM closing_statement
    WHERE settled <> 0 OR forfeited <> 0 OR adjustments <> 0
), booked AS (
    INSERT INTO payouts_ledgertransaction (id, source, kind, at, by_id)
    SELECT booking, 'close:' || %(month)s || ':' || affiliate_id, 'settlement', %(now)s, %(by)s
    FROM settling
)
INSERT INTO payouts_ledgerentry (transaction_id, account, affiliate_id, amount)
SELECT s.booking, side.account, s.affiliate_id, side.amount
FROM settling s
CROSS JOIN LATERAL (
    VALUES ('affiliate_payable', -s.settled - s.adjustments), ('commission_expense', s.settled - s.forfeited),
        ('forfeited_commission', s.forfeited), ('adjustments', s.adjustments)
) AS side(account, amount)
WHERE side.amount <> 0;

INSERT INTO payouts_payoutbatch (id, close_id, name, created_at)
SELECT %(batch)s, %(close)s, %(month)s, %(now)s
WHERE EXISTS (SELECT 1 FROM closing_statement WHERE payout > 0);

INSERT INTO payouts_payout (id, affiliate_id, batch_id, statement_id, details_id, amount, reference, created_at)
SELECT payout_id, affiliate_id, %(batch)s, id, details_id, payout,
    'AC' || upper(left(replace(payout_id::text, '-', ''), 28)), %(now)s
FROM closing_statement
WHERE payout > 0;

WITH paying AS MATERIALIZED (
    SELECT nextval('payouts_ledgertransaction_id_seq') AS booking, payout_id, affiliate_id, payout
    FROM closing_statement
    WHERE payout > 0
), booked AS (
    INSERT INTO payouts_ledgertransaction (id, source, kind, at, by_id)
    SELECT booking, 'payout:' || payout_id || ':drafted', 'payout', %(now)s, %(by)s
    FROM paying
)
INSERT INTO payouts_ledgerentry (transaction_id, account, affiliate_id, amount)
SELECT p.booking, side.account, p.affiliate_id, side.amount
FROM paying p
CROSS JOIN LATERAL (VALUES ('affiliate_payable', p.payout), ('payouts_in_transit', -p.payout)) AS side(account, amount);

INSERT INTO mail_message (id, kind, "to", user_id, key, language, context, attachments)
SELECT s.id, 'month_closed', u.email, u.id, 'month_closed:' || s.id, a.language, jsonb_build_object(
    'name', a.name, 'code', a.code, 'statement', s.id, 'period', %(month)s::text, 'number', s.number, 'opening',
        s.opening::text, 'settled', s.settled::text, 'adjustments', s.adjustments::text, 'returned', s.returned::text,
        'payout', s.payout::text, 'closing', (s.balance - s.payout)::text, 'currency', %(currency)s::text, 'reasons',
        to_jsonb(s.reasons), 'agreement', s.agreement_id
), jsonb_build_array(jsonb_build_object('name', 'statement_pdf', 'key', s.id))
FROM closing_statement s
JOIN affiliates_affiliate a ON a.id = s.affiliate_id
JOIN accounts_user u ON u.id = a.user_id
WHERE a.erased_at IS NULL AND NOT 'month_closed' = ANY(a.muted_kinds);

DROP TABLE closing_line, closing_statement
