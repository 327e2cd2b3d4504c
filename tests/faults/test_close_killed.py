"""A close that is killed with -9 and run again gives the same rows as one that was left alone, and one e-mail each."""

import contextlib
import email
import hashlib
import os
import signal
from collections import defaultdict
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from unittest.mock import patch

import pytest
from django.db import connection

from mail import attachments, delivery
from payouts.closing import close, close_sql, verification
from payouts.ledger import booking
from tests.faults.child_processes import kill_self, run_in_child
from tests.scenarios import NOW, build_order, close_months, create_program, import_affiliates, send_orders

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.serial]

ROUNDS = int(os.environ.get("FAULT_ROUNDS", "1"))
MONTH = date(2026, 2, 1)
CODES = [f"F{number}" for number in range(12)]
RECEIVERS = [f"f{number}@example.com" for number in range(12)]

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
            SELECT a.code, p.amount, p.state FROM payouts_payout p JOIN affiliates_affiliate a ON a.id = p.affiliate_id) t)
"""


def soon(minutes: int = 1) -> datetime:
    """A moment at which the mail of now is due: the outbox stamps its rows with the database's clock."""
    return datetime.now(UTC) + timedelta(minutes=minutes)


def rows() -> str:
    with connection.cursor() as cursor:
        cursor.execute(ROWS)
        return hashlib.sha256(repr(cursor.fetchone()).encode()).hexdigest()


@pytest.fixture
def _world(tmp_path):
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


def run() -> None:
    close.close_month(month=MONTH, now=NOW, by=None)


def killed_before() -> None:
    with patch.object(booking, "close_gate", kill_self):
        run()


def killed_in_the_middle(after: int) -> Callable[[], None]:
    def work() -> None:
        statements = iter(range(1000))
        plain = close._run

        def counting(some, values) -> None:
            for statement in some:
                plain([statement], values)
                if next(statements) == after:
                    kill_self()

        with patch.object(close, "_run", counting):
            run()

    return work


def killed_after() -> None:
    run()
    kill_self()


def killed_between_sending_and_recording() -> None:
    """The third mail goes out, and nobody can say so any more."""
    run()
    plain, sent = delivery._build_email, iter(range(1000))

    def deadly(message, connection):
        email = plain(message, connection)
        send_it = email.send

        def send_and_die(*args, **kwargs):
            send_it(*args, **kwargs)
            if next(sent) == 2:
                kill_self()

        email.send = send_and_die
        return email

    delivery._build_email = deadly
    delivery.deliver_due(clock=soon)


STAGES = {
    "before the transaction": killed_before,
    "in the middle": killed_in_the_middle(6),
    "right before the commit": killed_in_the_middle(4 + len(close_sql.WRITE_QUERIES)),
    "right after the commit": killed_after,
    "in the middle of the e-mails": killed_between_sending_and_recording,
}


def forget_the_close() -> None:
    """Empty what the close wrote, so that the same scenario can be closed again."""
    tables = ("ledgerentry", "ledgertransaction", "payout", "payoutbatch", "statementline", "statement")
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        for table in tables:
            cursor.execute(f"DELETE FROM payouts_{table}")
        cursor.execute("DELETE FROM payouts_close WHERE period = %s", [MONTH])
        cursor.execute("DELETE FROM mail_message")
        cursor.execute("SET session_replication_role = DEFAULT")


@pytest.mark.usefixtures("_world")
def test_at_every_stage(settings, tmp_path, monkeypatch):
    # The PDF maker has threads of its own, which no forked child inherits; the file itself is not what is tried here.
    monkeypatch.setattr(
        attachments, "make", lambda *_: attachments.Attachment("statement.pdf", b"%PDF", "application/pdf")
    )
    run()
    undisturbed = rows()
    for number, (stage, work) in enumerate(list(STAGES.items()) * ROUNDS):
        forget_the_close()
        folder = tmp_path / f"mails {number}"
        settings.EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
        settings.EMAIL_FILE_PATH = folder
        assert run_in_child(work) == signal.SIGKILL, stage
        run()
        run()
        assert rows() == undisturbed, stage
        assert [finding for finding in verification.check_invariants() if finding.violations] == [], stage
        delivery.deliver_due(clock=lambda: soon(10))
        assert ids_by_receiver(folder) == dict.fromkeys(RECEIVERS, 1), stage


def ids_by_receiver(folder) -> dict[str, int]:
    """How many different mails each address got; a repetition bears the same Message-ID."""
    found = defaultdict(set)
    for file in folder.iterdir():
        for text in file.read_text().split("-" * 79):
            message = email.message_from_string(text.strip())
            if message["To"]:
                found[message["To"]].add(message["Message-ID"])
    return {receiver: len(ids) for receiver, ids in found.items()}


@pytest.mark.usefixtures("_world")
def test_a_close_that_commits_between_its_steps_is_caught():
    """The harness bites: a broken twin that commits after each statement leaves other rows when it is killed."""
    run()
    undisturbed = rows()
    forget_the_close()

    def broken() -> None:
        plain, statements = close._run, iter(range(1000))
        kept = close_sql.TEMPORARY_TABLES.replace(" ON COMMIT DROP", "")

        def committing(some, values) -> None:
            for statement in some:
                plain([statement], values)
                if next(statements) == 7:
                    kill_self()

        with (
            patch.object(close, "transaction", Careless()),
            patch.object(close_sql, "TEMPORARY_TABLES", kept),
            patch.object(close, "_run", committing),
        ):
            run()

    assert run_in_child(broken) == signal.SIGKILL
    run()
    assert rows() != undisturbed


class Careless:
    """Stands for `django.db.transaction` in a close that forgot it."""

    @staticmethod
    def atomic(**_):
        return contextlib.nullcontext()
