-- The views of the schema reporting, which the role for reports reads (docs/reports.md). Their columns are an interface:
-- from 1.0 on a later migration may add columns at the end and views, nothing else.

CREATE SCHEMA IF NOT EXISTS reporting;

CREATE VIEW reporting.orders AS
SELECT o.order_id, o.status, o.placed_at, o.completed_at, o.updated_at, o.currency, o.country,
       affiliate.code AS affiliate, o.reason, version.number AS agreement, o.clause, link.code AS link,
       o.coupon_code AS coupon, o.clicked_at, o.device,
       line.number AS lines, line.amount, line.refunded, commission.amount AS commission
  FROM public.tracking_order o
  LEFT JOIN public.affiliates_affiliate affiliate ON affiliate.id = o.affiliate_id
  LEFT JOIN public.tracking_link link ON link.id = o.link_id
  LEFT JOIN public.agreements_agreementversion version ON version.id = o.agreement_id
 CROSS JOIN LATERAL (
       SELECT count(*) AS number, COALESCE(sum(amount), 0)::numeric(14, 2) AS amount,
              COALESCE(sum(refunded), 0)::numeric(14, 2) AS refunded
         FROM public.tracking_orderline WHERE order_id = o.id
       ) AS line
 CROSS JOIN LATERAL (
       SELECT COALESCE(sum(amount), 0)::numeric(14, 2) AS amount
         FROM public.payouts_commission WHERE order_id = o.id AND affiliate_id = o.affiliate_id
       ) AS commission;

CREATE VIEW reporting.order_lines AS
SELECT o.order_id, line.line_id, o.placed_at, affiliate.code AS affiliate, line.position, line.sku, line.title,
       line.category, line.quantity, line.amount, line.refunded
  FROM public.tracking_order o
  JOIN public.tracking_orderline line ON line.order_id = o.id
  LEFT JOIN public.affiliates_affiliate affiliate ON affiliate.id = o.affiliate_id;

CREATE VIEW reporting.commissions AS
SELECT o.order_id, line.line_id, o.placed_at, affiliate.code AS affiliate,
       CASE WHEN commission.forfeited_at IS NOT NULL THEN 'forfeited'
            WHEN EXISTS (SELECT FROM public.payouts_commissionhold
                          WHERE commission_id = commission.line_id AND released_at IS NULL) THEN 'held'
            WHEN commission.amount = 0 THEN 'void'
            WHEN commission.validates_at <= now() THEN 'validated'
            ELSE 'pending' END AS status,
       commission.category, commission.base, commission.rate, commission.amount,
       COALESCE((SELECT sum(amount) FROM public.payouts_statementline WHERE commission_id = commission.line_id),
                0)::numeric(14, 2) AS settled,
       commission.validates_at, commission.forfeited_at, version.number AS agreement, commission.clause
  FROM public.tracking_order o
  JOIN public.payouts_commission commission ON commission.order_id = o.id
  JOIN public.tracking_orderline line ON line.id = commission.line_id
  JOIN public.affiliates_affiliate affiliate ON affiliate.id = commission.affiliate_id
  JOIN public.agreements_agreementversion version ON version.id = commission.agreement_id;

CREATE VIEW reporting.affiliates AS
SELECT affiliate.code AS affiliate, affiliate.country, affiliate.state AS status, affiliate.state_since AS status_since,
       affiliate.applied_at, affiliate.notice_ends_at,
       COALESCE((SELECT -sum(amount) FROM public.payouts_ledgerentry
                  WHERE affiliate_id = affiliate.id AND account = 'affiliate_payable'), 0)::numeric(14, 2) AS balance
  FROM public.affiliates_affiliate affiliate;

CREATE VIEW reporting.clicks AS
SELECT click.at AS clicked_at, affiliate.code AS affiliate, link.code AS link, click.kind, click.device,
       click.referrer_host AS referring_site
  FROM public.tracking_click click
  JOIN public.tracking_link link ON link.id = click.link_id
  JOIN public.affiliates_affiliate affiliate ON affiliate.id = link.affiliate_id;

CREATE VIEW reporting.clicks_by_day AS
SELECT counted.day, affiliate.code AS affiliate, link.code AS link, sum(counted.clicks)::bigint AS clicks
  FROM (
       SELECT day, value AS link, clicks FROM public.tracking_rollup WHERE dimension = 'link' AND clicks > 0
       UNION ALL
       -- Clicks that are not in the daily totals yet.
       SELECT (click.at AT TIME ZONE COALESCE((SELECT time_zone FROM public.agreements_agreementversion
                                                WHERE published_at IS NOT NULL LIMIT 1), 'UTC'))::date,
              click.link_id::text, 1
         FROM public.tracking_click click
        WHERE click.kind = 'counted'
          AND click.transaction >= COALESCE((SELECT transaction FROM public.tracking_clickhorizon), 0)
       ) AS counted
  JOIN public.tracking_link link ON link.id::text = counted.link
  JOIN public.affiliates_affiliate affiliate ON affiliate.id = link.affiliate_id
 GROUP BY counted.day, affiliate.code, link.code;

CREATE VIEW reporting.statements AS
SELECT close.period AS month, affiliate.code AS affiliate, statement.number, close.closed_at, statement.opening,
       statement.lines, statement.settled, statement.adjustments, statement.returned, statement.payout,
       statement.closing, array_to_string(statement.reasons, ' ') AS reasons, version.number AS agreement
  FROM public.payouts_statement statement
  JOIN public.payouts_close close ON close.id = statement.close_id
  JOIN public.affiliates_affiliate affiliate ON affiliate.id = statement.affiliate_id
  LEFT JOIN public.agreements_agreementversion version ON version.id = statement.agreement_id;

CREATE VIEW reporting.statement_lines AS
SELECT close.period AS month, affiliate.code AS affiliate, statement.number AS statement, o.order_id, line.line_id,
       posted.base, posted.rate, posted.amount, posted.clause, posted.forfeited AS is_forfeited
  FROM public.payouts_close close
  JOIN public.payouts_statementline posted ON posted.close_id = close.id
  JOIN public.payouts_statement statement ON statement.id = posted.statement_id
  JOIN public.affiliates_affiliate affiliate ON affiliate.id = statement.affiliate_id
  JOIN public.tracking_orderline line ON line.id = posted.commission_id
  JOIN public.tracking_order o ON o.id = line.order_id;

CREATE VIEW reporting.adjustments AS
SELECT adjustment.made_at AS proposed_at, affiliate.code AS affiliate, adjustment.kind,
       adjustment.is_write_off, adjustment.state AS status, adjustment.amount, adjustment.decided_at,
       statement.number AS statement
  FROM public.payouts_adjustment adjustment
  JOIN public.affiliates_affiliate affiliate ON affiliate.id = adjustment.affiliate_id
  LEFT JOIN public.payouts_statement statement ON statement.id = adjustment.statement_id;

CREATE VIEW reporting.payouts AS
SELECT payout.created_at, affiliate.code AS affiliate, payout.reference, payout.state AS status, payout.amount,
       statement.number AS statement, returned.number AS returned_statement, replaced.reference AS replaces,
       payout.sent_at, payout.paid_at, payout.returned_at
  FROM public.payouts_payout payout
  JOIN public.affiliates_affiliate affiliate ON affiliate.id = payout.affiliate_id
  LEFT JOIN public.payouts_statement statement ON statement.id = payout.statement_id
  LEFT JOIN public.payouts_statement returned ON returned.id = payout.returned_statement_id
  LEFT JOIN public.payouts_payout replaced ON replaced.id = payout.replaces_id;

CREATE VIEW reporting.ledger AS
SELECT booking.at AS booked_at, booking.id AS transaction, entry.id AS entry, booking.kind, booking.source,
       entry.account, affiliate.code AS affiliate, entry.amount
  FROM public.payouts_ledgerentry entry
  JOIN public.payouts_ledgertransaction booking ON booking.id = entry.transaction_id
  LEFT JOIN public.affiliates_affiliate affiliate ON affiliate.id = entry.affiliate_id;

CREATE VIEW reporting.audit AS
SELECT record.id AS record, record.at AS recorded_at, record.action, record.subject_type, record.subject_id,
       record.before ->> 'state' AS before_state, record.after ->> 'state' AS after_state,
       record.by_id IS NULL AS is_automatic
  FROM public.audit_auditrecord record;
