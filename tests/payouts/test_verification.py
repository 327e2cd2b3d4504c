"""Invariants of the ledger name the affiliate, month, order and line of a difference of one cent."""

from decimal import Decimal

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from payouts.closing import verification
from payouts.models import LedgerEntry, StatementLine
from tests.scenarios import build_order, close_months, create_program, import_affiliates, send_orders

pytestmark = pytest.mark.django_db

DONE = "2026-01-12T12:00:00Z"


@pytest.fixture(autouse=True)
def _program(tmp_path):
    """February's close settles and pays BEN's one order of January, 400.00 at 5.00 % = 20.00."""
    create_program("2026-01-01")
    import_affiliates(["ANN", "BEN"], tmp_path)
    for number, code in enumerate(["ANN", "BEN", "ANN"]):
        send_orders(build_order(f"A{number}", ("home-decor", "400.00"), at=DONE, completed=DONE, coupon=code))
    close_months("2026-01", "2026-02")
    assert find_violations() == {}


def find_violations() -> dict[str, str]:
    """Return {name of a violated invariant: its first violation}."""
    return {finding.invariant.name: finding.first for finding in verification.check_invariants() if finding.violations}


def run_without_triggers(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL session_replication_role = replica; {statement}")
        cursor.execute("SET LOCAL session_replication_role = DEFAULT")


@pytest.mark.parametrize("amount", ["19.99", "20.01"])
def test_changed_statement_line_is_named(amount):
    line = StatementLine.objects.get(statement__affiliate__code="BEN")
    run_without_triggers(f"UPDATE payouts_statementline SET amount = {amount} WHERE id = {line.pk}")
    assert list(find_violations().values()) == [
        f"BEN: the statement of 2026-02 settles 20.00 in 1 lines, its lines are 1 and sum to {amount}",
        f"BEN: line 1 of order A1 is settled as {amount} up to 2026-02, it should be 20.00",
        f"BEN: line 1 of order A1 earns 20.00, {amount} is settled, and no mark says that it changed",
    ]
    with pytest.raises(CommandError, match=r"BEN: the statement of 2026-02 settles 20\.00"):
        call_command("verify_ledger")


def test_line_changed_together_with_its_statement_is_named():
    run_without_triggers(
        "UPDATE payouts_statementline l SET amount = 20.01 FROM payouts_statement s"
        " JOIN affiliates_affiliate a ON a.id = s.affiliate_id WHERE l.statement_id = s.id AND a.code = 'BEN';"
        " UPDATE payouts_statement SET settled = 20.01, payout = 20.01 WHERE settled = 20.00"
    )
    assert "BEN: line 1 of order A1 is settled as 20.01 up to 2026-02, it should be 20.00" in find_violations().values()


def test_unbalanced_transaction_is_named():
    entry = LedgerEntry.objects.get(
        transaction__source__startswith="close:2026-02", affiliate__code="BEN", account="affiliate_payable"
    )
    assert entry.amount == Decimal("-20.00")
    run_without_triggers(f"UPDATE payouts_ledgerentry SET amount = -20.01 WHERE id = {entry.pk}")
    first = find_violations()["each ledger transaction sums to zero"]
    assert first == f"transaction close:2026-02:{entry.affiliate_id} of BEN sums to -0.01"
