"""What must never be false about money, asked of rows of which one is a cent off, names"""

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
    """BEN's one order of January, 400.00 at 5.00 %, is settled by February: 20.00, paid."""
    create_program("2026-01-01")
    import_affiliates(["ANN", "BEN"], tmp_path)
    for number, code in enumerate(["ANN", "BEN", "ANN"]):
        send_orders(build_order(f"A{number}", ("home-decor", "400.00"), at=DONE, completed=DONE, coupon=code))
    close_months("2026-01", "2026-02")
    assert found() == {}


def found() -> dict[str, str]:
    """{invariant: the first that speaks against it}."""
    return {finding.invariant.name: finding.first for finding in verification.check_invariants() if finding.violations}


def as_superuser(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL session_replication_role = replica; {statement}")
        cursor.execute("SET LOCAL session_replication_role = DEFAULT")


@pytest.mark.parametrize("amount", ["19.99", "20.01"])
def test_the_affiliate_the_month_the_order_and_the_line(amount):
    line = StatementLine.objects.get(statement__affiliate__code="BEN")
    as_superuser(f"UPDATE payouts_statementline SET amount = {amount} WHERE id = {line.pk}")
    assert list(found().values()) == [
        f"BEN: the statement of 2026-02 settles 20.00 in 1 lines, its lines are 1 and sum to {amount}",
        f"BEN: line 1 of order A1 is settled as {amount} up to 2026-02, it should be 20.00",
    ]
    with pytest.raises(CommandError, match=r"BEN: the statement of 2026-02 settles 20\.00"):
        call_command("verify_ledger")


def test_the_line_of_a_statement_that_was_changed_with_it():
    as_superuser(
        "UPDATE payouts_statementline l SET amount = 20.01 FROM payouts_statement s"
        " JOIN affiliates_affiliate a ON a.id = s.affiliate_id WHERE l.statement_id = s.id AND a.code = 'BEN';"
        " UPDATE payouts_statement SET settled = 20.01, payout = 20.01 WHERE settled = 20.00"
    )
    assert "BEN: line 1 of order A1 is settled as 20.01 up to 2026-02, it should be 20.00" in found().values()


def test_the_transaction_of_the_affiliate_and_the_month():
    entry = LedgerEntry.objects.get(
        transaction__source__startswith="close:2026-02", affiliate__code="BEN", account="affiliate_payable"
    )
    assert entry.amount == Decimal("-20.00")
    as_superuser(f"UPDATE payouts_ledgerentry SET amount = -20.01 WHERE id = {entry.pk}")
    first = found()["each ledger transaction sums to zero"]
    assert first == f"transaction close:2026-02:{entry.affiliate_id} of BEN sums to -0.01"
