"""A close that is killed at a chosen stage and run again, and its e-mails."""

import email
import hashlib
import os
import signal
from collections import defaultdict
from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime, timedelta
from itertools import count
from typing import Any
from unittest.mock import patch

import pytest
from django.db import connection

from mail import attachments, delivery
from payouts.closing import close, close_sql, verification
from payouts.ledger import booking
from tests.faults.child_processes import kill_self, run_in_child
from tests.faults.no_transaction import LASTING_TABLES, NoTransaction
from tests.scenarios import NOW, build_order, close_months, create_program, import_affiliates, send_orders

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

ROUNDS = int(os.environ.get("FAULT_ROUNDS", "1"))
MONTH = date(2026, 2, 1)
CODES = [f"F{number}" for number in range(12)]
RECIPIENTS = [f"f{number}@example.com" for number in range(12)]

ROWS = """
SELECT (SELECT string_agg(t::text, '|' ORDER BY t) FROM (
            SELECT a.code, s.number, s.opening, s.lines, s.settled, s.payout, s.closing, s.reasons, c.period
              FROM payouts_statement s JOIN affiliates_affiliate a ON a.id = s.affiliate_id
              JOIN payouts_close c ON c.id = s.close_id) t),
       (SELECT string_agg(t::text, '|' ORDER BY t) FROM (
            SELECT commission_id, amount, base, rate, clause FROM payouts_statementline) t),
       (SELECT string_agg(t::text, '|' ORDER BY t) FROM (
            SELECT a.code, e.account, e.amount FROM payouts_ledgerentry e
              LEFT JOIN affiliates_affiliate a ON a.id = e.affiliate_id) t),
       (SELECT string_agg(t::text, '|' ORDER BY t) FROM (
            SELECT a.code, p.amount, p.state
              FROM payouts_payout p JOIN affiliates_affiliate a ON a.id = p.affiliate_id) t)
"""


def in_minutes(minutes: int = 1) -> datetime:
    """Return a time at which mail queued now is due: the outbox uses the database's clock."""
    return datetime.now(UTC) + timedelta(minutes=minutes)


def compute_digest() -> str:
    with connection.cursor() as cursor:
        cursor.execute(ROWS)
        return hashlib.sha256(repr(cursor.fetchone()).encode()).hexdigest()


@pytest.fixture
def _program(tmp_path):
    create_program("2026-01-01")
    import_affiliates(CODES, tmp_path)
    done = "2026-01-12T12:00:00Z"
    send_orders(
        *(
            build_order(f"{code}-{n}", ("home-decor", f"{100 * i + 7 * n}.00"), at=done, completed=done, coupon=code)
            for i, code in enumerate(CODES)
            for n in range(4)
        )
    )
    close_months("2026-01")


def close_february() -> None:
    close.close_month(month=MONTH, now=NOW, by=None)


def kill_before_lock() -> None:
    with patch.object(booking, "lock_exclusive", kill_self):
        close_february()


def kill_after_statement(number: int) -> Callable[[], None]:
    def work() -> None:
        with patch.object(close, "_run", run_and_kill_after(number)):
            close_february()

    return work


def run_and_kill_after(number: int) -> Callable[[Iterable[Any], Any], None]:
    """Return a replacement for `close._run` that kills the process after the statement with this number, from 0."""
    run, statements = close._run, count()

    def run_counted(queries: Iterable[Any], values: Any) -> None:
        for query in queries:
            run([query], values)
            if next(statements) == number:
                kill_self()

    return run_counted


def kill_after_commit() -> None:
    close_february()
    kill_self()


def kill_before_recording_third_mail() -> None:
    """Kill the process after it has sent its third mail and before it records that."""
    close_february()
    build_email, sent = delivery._build_email, count()

    def build_deadly_email(message, connection):
        email = build_email(message, connection)
        send = email.send

        def send_and_die(*args, **kwargs):
            send(*args, **kwargs)
            if next(sent) == 2:
                kill_self()

        email.send = send_and_die
        return email

    delivery._build_email = build_deadly_email
    delivery.deliver_due(clock=in_minutes)


STAGES = {
    "before the lock": kill_before_lock,
    "in the middle": kill_after_statement(6),
    "right before the commit": kill_after_statement(4 + len(close_sql.WRITE_QUERIES)),
    "right after the commit": kill_after_commit,
    "in the middle of the e-mails": kill_before_recording_third_mail,
}


def delete_close() -> None:
    """Delete what the close wrote, so that the same scenario can be closed again."""
    tables = ("ledgerentry", "ledgertransaction", "payout", "payoutbatch", "statementline", "statement")
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        for table in tables:
            cursor.execute(f"DELETE FROM payouts_{table}")
        cursor.execute("DELETE FROM payouts_close WHERE period = %s", [MONTH])
        cursor.execute("DELETE FROM mail_message")
        cursor.execute("SET session_replication_role = DEFAULT")


@pytest.mark.usefixtures("_program")
def test_close_killed_at_any_stage_and_repeated_has_same_rows_and_one_mail_each(settings, tmp_path, monkeypatch):
    # The PDF renderer has threads, which a forked child does not inherit; the file is not tested here.
    monkeypatch.setattr(
        attachments, "make", lambda *_: attachments.Attachment("statement.pdf", b"%PDF", "application/pdf")
    )
    close_february()
    undisturbed = compute_digest()
    for number, (stage, work) in enumerate(list(STAGES.items()) * ROUNDS):
        delete_close()
        folder = tmp_path / f"mails {number}"
        settings.EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
        settings.EMAIL_FILE_PATH = folder
        assert run_in_child(work) == signal.SIGKILL, stage
        close_february()
        close_february()
        assert compute_digest() == undisturbed, stage
        assert [finding for finding in verification.check_invariants() if finding.violations] == [], stage
        delivery.deliver_due(clock=lambda: in_minutes(10))
        assert count_mails_by_recipient(folder) == dict.fromkeys(RECIPIENTS, 1), stage


def count_mails_by_recipient(folder) -> dict[str, int]:
    """Return the number of different mails to each address; a mail sent twice has the same Message-ID."""
    message_ids = defaultdict(set)
    for file in folder.iterdir():
        for text in file.read_text().split("-" * 79):
            message = email.message_from_string(text.strip())
            if message["To"]:
                message_ids[message["To"]].add(message["Message-ID"])
    return {recipient: len(ids) for recipient, ids in message_ids.items()}


@pytest.mark.usefixtures("_program")
def test_digest_detects_killed_close_without_transaction():
    """A close that commits after each statement leaves other rows when it is killed: the test above can fail."""
    close_february()
    undisturbed = compute_digest()
    delete_close()

    def close_without_transaction() -> None:
        with (
            patch.object(close, "transaction", NoTransaction()),
            patch.object(close_sql, "TEMPORARY_TABLES", LASTING_TABLES),
            patch.object(close, "_run", run_and_kill_after(7)),
        ):
            close_february()

    assert run_in_child(close_without_transaction) == signal.SIGKILL
    close_february()
    assert compute_digest() != undisturbed
