"""Twenty affiliates with special events among 2,000 have exactly the figures computed by hand.

The expected figures are in the tables of `tests/stories/twenty`. The snapshots are sent by HTTP.
"""

import csv
import io
from collections.abc import Iterator
from decimal import Decimal

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client

from payouts.closing import verification
from payouts.closing.close_summary import CloseSummary, summarize_close
from payouts.disbursement import exports
from payouts.ledger import booking
from payouts.models import Close, Commission, Statement, StatementLine
from tests.scenarios import check_constraints, list_rollup_differences, roll_back
from tests.stories.retail import MONTHS, load_months, requires_records
from tests.stories.twenty import statement_readers, table
from tests.stories.twenty.scenario import TwentyScenario, get_affiliate, run_scenario

pytestmark = [pytest.mark.django_db, pytest.mark.slow, requires_records]

TABLE = table.read_table()
CODES = sorted({code for code, _month in TABLE})
# From the README of the records: statement lines, posted, payouts, paid out, carried over, negative balances.
ALL_UNDISTURBED = {
    "2010-12": (0, "0.00", 0, "0.00", "0.00", 0),
    "2011-01": (25_973, "27697.43", 438, "24587.34", "3110.09", 0),
    "2011-02": (13_679, "17422.47", 280, "16507.22", "4025.34", 8),
    "2011-03": (22_650, "24205.62", 464, "23400.62", "4830.34", 4),
}


@pytest.fixture(scope="module")
def scenario(django_db_setup, django_db_blocker, tmp_path_factory) -> Iterator[TwentyScenario]:
    """Run the scenario once for all tests of this file, because it takes longer than all of them."""
    with django_db_blocker.unblock(), roll_back():
        scenario = run_scenario(tmp_path_factory.mktemp("twenty"), load_months())
        check_constraints()
        yield scenario


def iter_statements() -> Iterator[tuple[Statement, table.Row]]:
    """Yield each statement of the twenty with its row; check that there are no others."""
    stored = Statement.objects.filter(affiliate__code__in=CODES).select_related("affiliate__user", "close")
    rows = {(one.affiliate.code, str(one.close)): one for one in stored}
    assert rows.keys() == {key for key, row in TABLE.items() if row}
    for key, statement in sorted(rows.items()):
        row = TABLE[key]
        assert row is not None
        yield statement, row


def log_in(statement: Statement) -> Client:
    client = Client()
    client.force_login(statement.affiliate.user)
    return client


def test_table_is_complete_and_adds_up():
    assert len(CODES) == 20
    assert {month for _code, month in TABLE} == set(MONTHS)
    assert len(TABLE) == 80
    for code in CODES:
        carried = Decimal("0.00")
        for month in MONTHS:
            if (row := TABLE[code, month]) is None:
                assert carried == 0
                continue
            assert row.opening == carried
            assert row.opening + row.settled + row.adjustments - row.payout == row.closing
            carried = row.closing


def test_statement_pages_equal_table(scenario):
    for statement, row in iter_statements():
        assert statement_readers.read_page(log_in(statement), statement) == row, statement


def test_statement_csv_files_equal_table(scenario):
    for statement, row in iter_statements():
        assert statement_readers.read_csv(log_in(statement), statement) == row, statement


def test_statement_pdfs_equal_table(scenario):
    for statement, row in iter_statements():
        assert statement_readers.read_pdf(log_in(statement), statement) == row, statement


def test_monthly_exports_equal_table(scenario):
    for closed in Close.objects.all():
        rows = statement_readers.run_export(closed)
        assert {code: tuple(found.values())[2:] for code in CODES if (found := rows.get(code))} == {
            code: (
                str(row.opening), str(row.lines), str(row.settled), str(row.adjustments), "0.00", str(row.payout),
                str(row.closing), " ".join(row.reasons),
            )
            for code in CODES
            if (row := TABLE[code, str(closed)])
        }  # fmt: skip


def test_ledger_accounts_equal_table(scenario):
    for statement, row in iter_statements():
        booked = (row.settled, row.adjustments, row.forfeited, row.closing)
        assert statement_readers.read_ledger(statement) == booked, statement
    owed = {code: last.closing if (last := TABLE[code, MONTHS[-1]]) else Decimal("0.00") for code in CODES}
    assert {code: booking.get_balance(get_affiliate(code)) for code in CODES} == owed


def test_payout_files_equal_table(scenario):
    assert list(scenario.files) == list(MONTHS[1:])
    for month, files in scenario.files.items():
        [content] = [exports.get_file_content(file).decode() for file in files]
        paid = {account: (amount, currency) for account, amount, currency, *_ in csv.reader(io.StringIO(content))}
        assert {code: paid[address] for code in CODES if (address := f"{code.lower()}@example.com") in paid} == {
            code: (str(row.payout), "USD") for code in CODES if (row := TABLE[code, month]) and row.payout
        }


def test_other_1980_affiliates_are_unaffected(scenario):
    """Their figures are those of the records less what the twenty would have earned without events."""
    undisturbed = table.read_undisturbed()
    for closed in Close.objects.all():
        lines, posted, payouts, paid, carried, negative = ALL_UNDISTURBED[str(closed)]
        less = undisturbed[str(closed)]
        expected = (
            lines - less.lines, Decimal(posted) - less.posted, payouts - less.payouts, Decimal(paid) - less.paid,
            Decimal(carried) - less.carried, negative - less.negative,
        )  # fmt: skip
        assert subtract_twenty(summarize_close(closed)) == expected, closed
    assert list_rollup_differences() == []


def subtract_twenty(summary: CloseSummary) -> tuple[int, Decimal, int, Decimal, Decimal, int]:
    rows = [row for code in CODES if (row := TABLE[code, summary.period])]
    return (
        summary.lines - sum(row.lines for row in rows),
        summary.settled - sum(row.settled for row in rows),
        summary.payouts - sum(row.payout > 0 for row in rows),
        summary.paid - sum(row.payout for row in rows),
        summary.carried - sum(row.closing for row in rows),
        summary.negative - sum(row.closing < 0 for row in rows),
    )


def test_only_named_commissions_are_forfeited(scenario):
    forfeited = Commission.objects.exclude(forfeited_at=None).order_by("order__order_id", "line_id")
    names = {code: [*rows] for code, rows in _group_by_affiliate(forfeited).items()}
    assert names == {
        "R0013": [("539108", "1"), ("539109", "1"), ("539109", "2")],
        "R0386": [("537676", "1"), ("537676", "2")],
        "R0755": [("537899", "1")],
        "R1324": [("538687", line) for line in "12345"],
        "R1465": [("538996", line) for line in "12345"] + [("540500", line) for line in "12345"],
    }
    assert {f"{one.forfeited_at:%Y-%m}" for one in forfeited} == {"2011-02"}


def _group_by_affiliate(rows) -> dict[str, list[tuple[str, str]]]:
    found: dict[str, list[tuple[str, str]]] = {}
    for code, *line in rows.values_list("affiliate__code", "order__order_id", "line__line_id"):
        found.setdefault(code, []).append(tuple(line))
    return found


def test_replay_agrees_until_a_cent_is_changed(scenario, capsys):
    """The commission of order 541001, 165.00 at 5.00 %, settled by February as 8.25, becomes 8.26."""
    assert [finding for finding in verification.check_invariants() if finding.violations] == []
    capsys.readouterr()
    call_command("replay", "--all")
    assert capsys.readouterr().out.splitlines() == [f"{month} differences=0" for month in MONTHS]

    line = StatementLine.objects.get(statement__affiliate__code="R0500", commission__order__order_id="541001")
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute("UPDATE payouts_statementline SET amount = 8.26 WHERE id = %s AND amount = 8.25", [line.pk])
        assert cursor.rowcount == 1
        cursor.execute("SET LOCAL session_replication_role = DEFAULT")

    with pytest.raises(CommandError, match="4 differences"):
        call_command("replay", "--all")
    # The second difference: March should have deducted what February overpaid.
    assert [line for line in capsys.readouterr().err.splitlines() if "R0500" in line] == [
        "2011-02: R0500: line 1 of order 541001 was posted as 8.26, but recomputes to 8.25",
        "2011-03: R0500: line 1 of order 541001 was posted as 0.00, but recomputes to -0.01",
        "2011-03: R0500: settled was posted as 21.02, but recomputes to 21.01",
        "2011-03: R0500: payout was posted as 21.02, but recomputes to 21.01",
    ]
    with pytest.raises(CommandError, match=r"R0500: the statement of 2011-02 settles 27\.86 in 6 lines"):
        call_command("verify_ledger")
    names = {finding.first for finding in verification.check_invariants() if finding.violations}
    assert "R0500: line 1 of order 541001 is settled as 8.26 up to 2011-02, it should be 8.25" in names
