"""A digest of everything that closes write, without ids and times, and a way to undo closes."""

import hashlib

from django.db import connection

DIGEST_QUERIES = (
    "SELECT period, starts_at, ends_at, closed_by_id FROM payouts_close",
    """SELECT c.period, a.code, s.cause FROM payouts_closeexception s JOIN payouts_close c ON c.id = s.close_id
         JOIN affiliates_affiliate a ON a.id = s.affiliate_id""",
    """SELECT c.period, a.code, s.number, s.opening, s.lines, s.settled, s.adjustments, s.returned, s.payout, s.closing,
              s.reasons, s.agreement_id IS NULL
         FROM payouts_statement s JOIN affiliates_affiliate a ON a.id = s.affiliate_id
         JOIN payouts_close c ON c.id = s.close_id""",
    """SELECT a.code, s.number, c.period, o.order_id, ol.line_id, l.amount, l.base, l.rate, l.clause, l.forfeited
         FROM payouts_statementline l JOIN payouts_statement s ON s.id = l.statement_id
         JOIN payouts_close c ON c.id = l.close_id JOIN affiliates_affiliate a ON a.id = s.affiliate_id
         JOIN tracking_orderline ol ON ol.id = l.commission_id JOIN tracking_order o ON o.id = ol.order_id""",
    """SELECT t.kind, split_part(t.source, ':', 1), a.code, e.account, e.amount
         FROM payouts_ledgertransaction t JOIN payouts_ledgerentry e ON e.transaction_id = t.id
         LEFT JOIN affiliates_affiliate a ON a.id = e.affiliate_id""",
    """SELECT b.name, b.state, c.period FROM payouts_payoutbatch b LEFT JOIN payouts_close c ON c.id = b.close_id""",
    """SELECT a.code, b.name, s.number, d.masked, p.amount, p.state, back.number,
              p.reference = 'AC' || upper(left(replace(p.id::text, '-', ''), 28)),
              EXISTS (SELECT 1 FROM payouts_ledgertransaction t WHERE t.source = 'payout:' || p.id || ':drafted')
         FROM payouts_payout p JOIN affiliates_affiliate a ON a.id = p.affiliate_id
         JOIN payouts_payoutbatch b ON b.id = p.batch_id JOIN payouts_payoutdetails d ON d.id = p.details_id
         LEFT JOIN payouts_statement s ON s.id = p.statement_id
         LEFT JOIN payouts_statement back ON back.id = p.returned_statement_id""",
    """SELECT a.code, j.kind, j.amount, s.number FROM payouts_adjustment j
         JOIN affiliates_affiliate a ON a.id = j.affiliate_id LEFT JOIN payouts_statement s ON s.id = j.statement_id""",
    """SELECT kind, CASE kind WHEN 'month_closed' THEN "to" END, context - 'statement' - 'agreement' FROM mail_message
        WHERE kind IN ('month_closed', 'close_exceptions')""",
    """SELECT after->>'period' FROM audit_auditrecord WHERE action = 'month closed'""",
)
DIGEST_SQL = " UNION ALL ".join(
    f"SELECT {place}, md5(string_agg(r::text, '|' ORDER BY r::text)) FROM ({rows}) r"
    for place, rows in enumerate(DIGEST_QUERIES)
)

WRITTEN_TABLES = (
    "payouts_ledgerentry", "payouts_ledgertransaction", "payouts_payout", "payouts_payoutbatch",
    "payouts_statementline", "payouts_statement", "payouts_closeexception", "payouts_close", "mail_message",
    "audit_auditrecord",
)  # fmt: skip
SAVE_SQL = [
    "CREATE SCHEMA saved",
    *(f"CREATE TABLE saved.{table} AS SELECT id FROM {table}" for table in WRITTEN_TABLES),
    *(f"ALTER TABLE saved.{table} ADD PRIMARY KEY (id)" for table in WRITTEN_TABLES),
    "CREATE TABLE saved.unposted AS SELECT id FROM payouts_adjustment WHERE statement_id IS NULL",
    "CREATE TABLE saved.unreturned AS SELECT id FROM payouts_payout WHERE returned_statement_id IS NULL",
]
UNDO_SQL = [
    "SET LOCAL session_replication_role = replica",
    """UPDATE payouts_adjustment SET statement_id = NULL
        WHERE id IN (SELECT id FROM saved.unposted) AND statement_id IS NOT NULL""",
    """UPDATE payouts_payout SET returned_statement_id = NULL
        WHERE id IN (SELECT id FROM saved.unreturned) AND returned_statement_id IS NOT NULL""",
    *(f"DELETE FROM {table} WHERE id NOT IN (SELECT id FROM saved.{table})" for table in WRITTEN_TABLES),
]


def compute_digest() -> str:
    """Return the SHA-256 of everything that closes have written, the same for every database with the same rows."""
    with connection.cursor() as cursor:
        cursor.execute(DIGEST_SQL)
        return hashlib.sha256(repr(sorted(cursor.fetchall())).encode()).hexdigest()


def save_state() -> None:
    """Save the ids of the present rows, so that `undo_closes` can return to them."""
    with connection.cursor() as cursor:
        cursor.execute(";".join(SAVE_SQL))


def undo_closes() -> None:
    """Undo every close since `save_state`, so that the same scenario can be closed again; needs a superuser."""
    with connection.cursor() as cursor:
        cursor.execute(f"BEGIN; {'; '.join(UNDO_SQL)}; COMMIT")
