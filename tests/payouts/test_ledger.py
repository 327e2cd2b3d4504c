"""The ledger rejects changes, unbalanced transactions and invalid amounts, also by plain SQL."""

from datetime import UTC, datetime
from decimal import Decimal
from functools import partial
from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction

from payouts.commissions import writer
from payouts.ledger import booking
from payouts.models import Account, LedgerEntry, LedgerTransaction

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 1, tzinfo=UTC)

# Append-only tables, each with a column to try to change.
APPEND_ONLY = {
    "payouts_ledgertransaction": "memo",
    "payouts_ledgerentry": "amount",
    "payouts_close": "cut",
    "payouts_statement": "lines",
    "payouts_statementline": "amount",
    "payouts_closeexception": "cause",
    "payouts_payoutfile": "name",
}


def run_sql(statement: str, *values: Any) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement, values)


def post_sale(affiliate, amount: str = "10.00", source: str = "a test") -> LedgerTransaction:
    value = Decimal(amount)
    entries = [(Account.COMMISSION_EXPENSE, None, value), (Account.AFFILIATE_PAYABLE, affiliate, -value)]
    return booking.post_transaction(source=source, kind="test", entries=entries, now=NOW, by=None)


@pytest.mark.parametrize(("table", "column"), APPEND_ONLY.items())
def test_append_only_tables_reject_update_delete_and_truncate(table, column, request):
    request.getfixturevalue("make_settled_affiliate" if table == "payouts_statementline" else "make_sent_batch")()
    if table == "payouts_closeexception":
        run_sql(
            "INSERT INTO payouts_closeexception (close_id, affiliate_id, cause)"
            " SELECT c.id, a.id, 'x' FROM payouts_close c, affiliates_affiliate a LIMIT 1"
        )
    # Deferred foreign keys would reject TRUNCATE before the trigger runs.
    run_sql("SET CONSTRAINTS ALL IMMEDIATE")
    for statement in (f"UPDATE {table} SET {column} = {column}", f"DELETE FROM {table}"):
        with pytest.raises(DatabaseError, match=r"pgtrigger: Cannot (update|delete)"):
            run_sql(statement)
    with pytest.raises(DatabaseError, match="Cannot truncate"):
        run_sql(f"TRUNCATE {table} CASCADE")


def test_unbalanced_transaction_is_rejected(make_payable_affiliate):
    affiliate = make_payable_affiliate()
    for amounts in (("10.00", "-9.99"), ("10.00",), ("10.00", "0.01", "-10.00")):
        entries = [(Account.AFFILIATE_PAYABLE, affiliate, Decimal(amount)) for amount in amounts]
        with pytest.raises(IntegrityError, match="does not balance"):
            booking.post_transaction(source="a test", kind="test", entries=entries, now=NOW, by=None)
    assert not LedgerTransaction.objects.exists()


def test_late_entry_is_rejected_even_as_balanced_pair_over_two_transactions(make_payable_affiliate):
    affiliate = make_payable_affiliate()
    one, other = post_sale(affiliate), post_sale(affiliate, source="another")
    with pytest.raises(IntegrityError, match="does not balance"), transaction.atomic():
        LedgerEntry.objects.create(transaction=one, account=Account.CASH, amount=5)
    # The pair sums to zero, but neither transaction does.
    pair = [
        LedgerEntry(transaction=transaction_, account=Account.CASH, amount=amount)
        for transaction_, amount in ((one, 5), (other, -5))
    ]
    with pytest.raises(IntegrityError, match="does not balance"), transaction.atomic():
        LedgerEntry.objects.bulk_create(pair)


def test_entry_cannot_move_to_another_transaction(make_payable_affiliate):
    affiliate = make_payable_affiliate()
    one, other = post_sale(affiliate), post_sale(affiliate, source="another")
    # Both transactions would still balance if they swapped their first entries.
    with pytest.raises(DatabaseError, match="Cannot update"):
        run_sql(
            "UPDATE payouts_ledgerentry SET transaction_id = CASE transaction_id WHEN %s THEN %s::bigint ELSE %s END"
            " WHERE account = 'commission_expense'",
            one.pk, other.pk, one.pk,
        )  # fmt: skip


@pytest.mark.parametrize("amount", ["NaN", "Infinity", "-Infinity", "1000000000000", "0"])
def test_invalid_entry_amount_is_rejected(amount, make_payable_affiliate):
    affiliate, one = make_payable_affiliate(), post_sale(make_payable_affiliate())
    with pytest.raises(DatabaseError):
        run_sql(
            "INSERT INTO payouts_ledgerentry (transaction_id, account, affiliate_id, amount) VALUES"
            " (%s, 'cash', NULL, %s::numeric), (%s, 'affiliate_payable', %s, -%s::numeric)",
            one.pk, amount, one.pk, affiliate.pk, amount,
        )  # fmt: skip


def test_zero_entry_is_left_out(make_payable_affiliate):
    zero = (Account.ADJUSTMENTS, None, Decimal("0.00"))
    pair = [(Account.CASH, None, Decimal(5)), (Account.COMMISSION_EXPENSE, None, Decimal(-5))]
    posted = booking.post_transaction(source="a test", kind="test", entries=[zero, *pair], now=NOW, by=None)
    assert sorted(posted.entries.values_list("account", flat=True)) == ["cash", "commission_expense"]


def test_source_cannot_be_posted_twice(make_payable_affiliate):
    affiliate = make_payable_affiliate()
    post_sale(affiliate)
    with pytest.raises(IntegrityError, match="source"), transaction.atomic():
        post_sale(affiliate)


def test_unknown_account_and_payable_without_affiliate_are_rejected(make_payable_affiliate):
    one = post_sale(make_payable_affiliate())
    for account, constraint in (
        ("pocket", "ledger_account_is_known"),
        ("affiliate_payable", "ledger_payable_has_affiliate"),
    ):
        with pytest.raises(IntegrityError, match=constraint):
            run_sql(
                "INSERT INTO payouts_ledgerentry (transaction_id, account, amount)"
                " VALUES (%s, %s, 5), (%s, 'cash', -5)",
                one.pk, account, one.pk,
            )  # fmt: skip


@pytest.mark.parametrize(
    ("lock", "mode"),
    [
        (booking.lock_shared, "ShareLock"),
        (partial(writer.find_settled_orders, []), "ShareLock"),
        (booking.lock_exclusive, "ExclusiveLock"),
    ],
    ids=["change", "read of settled orders", "close"],
)
def test_changes_share_the_lock_and_close_takes_it_exclusively(lock, mode):
    with transaction.atomic(), connection.cursor() as cursor:
        lock()
        cursor.execute("SELECT mode FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid() AND granted")
        assert cursor.fetchall() == [(mode,)]
