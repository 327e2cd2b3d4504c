"""The ledger refuses, whoever asks,"""

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

# What is written once: each with a column that could be changed.
APPEND_ONLY = {
    "payouts_ledgertransaction": "memo",
    "payouts_ledgerentry": "amount",
    "payouts_close": "cut",
    "payouts_statement": "lines",
    "payouts_statementline": "amount",
    "payouts_closeexception": "cause",
    "payouts_payoutfile": "name",
}


def sql(statement: str, *values: Any) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement, values)


def booked(affiliate, amount: str = "10.00", source: str = "a test") -> LedgerTransaction:
    value = Decimal(amount)
    entries = [(Account.COMMISSION_EXPENSE, None, value), (Account.AFFILIATE_PAYABLE, affiliate, -value)]
    return booking.post_transaction(source=source, kind="test", entries=entries, now=NOW, by=None)


@pytest.mark.parametrize(("table", "column"), APPEND_ONLY.items())
def test_to_change_delete_or_empty_what_is_written(table, column, request):
    request.getfixturevalue("make_settled_affiliate" if table == "payouts_statementline" else "make_sent_batch")()
    if table == "payouts_closeexception":
        sql(
            "INSERT INTO payouts_closeexception (close_id, affiliate_id, cause)"
            " SELECT c.id, a.id, 'x' FROM payouts_close c, affiliates_affiliate a LIMIT 1"
        )
    # Keys that are checked at the commit would refuse a TRUNCATE before the trigger is asked.
    sql("SET CONSTRAINTS ALL IMMEDIATE")
    for statement in (f"UPDATE {table} SET {column} = {column}", f"DELETE FROM {table}"):
        with pytest.raises(DatabaseError, match=r"pgtrigger: Cannot (update|delete)"):
            sql(statement)
    with pytest.raises(DatabaseError, match="Cannot truncate"):
        sql(f"TRUNCATE {table} CASCADE")


def test_what_does_not_sum_to_zero(make_payable_affiliate):
    affiliate = make_payable_affiliate()
    for amounts in (("10.00", "-9.99"), ("10.00",), ("10.00", "0.01", "-10.00")):
        entries = [(Account.AFFILIATE_PAYABLE, affiliate, Decimal(amount)) for amount in amounts]
        with pytest.raises(IntegrityError, match="does not balance"):
            booking.post_transaction(source="a test", kind="test", entries=entries, now=NOW, by=None)
    assert not LedgerTransaction.objects.exists()


def test_a_late_entry_to_what_is_booked_also_a_pair_over_two_transactions(make_payable_affiliate):
    affiliate = make_payable_affiliate()
    one, other = booked(affiliate), booked(affiliate, source="another")
    with pytest.raises(IntegrityError, match="does not balance"), transaction.atomic():
        LedgerEntry.objects.create(transaction=one, account=Account.CASH, amount=5)
    # Together they sum to zero, but neither transaction does.
    pair = [
        LedgerEntry(transaction=booked_in, account=Account.CASH, amount=amount)
        for booked_in, amount in ((one, 5), (other, -5))
    ]
    with pytest.raises(IntegrityError, match="does not balance"), transaction.atomic():
        LedgerEntry.objects.bulk_create(pair)


def test_to_move_an_entry_from_one_transaction_to_another(make_payable_affiliate):
    affiliate = make_payable_affiliate()
    one, other = booked(affiliate), booked(affiliate, source="another")
    # Both would still balance, if each took the other's first entry.
    with pytest.raises(DatabaseError, match="Cannot update"):
        sql(
            "UPDATE payouts_ledgerentry SET transaction_id = CASE transaction_id WHEN %s THEN %s::bigint ELSE %s END"
            " WHERE account = 'commission_expense'",
            one.pk, other.pk, one.pk,
        )  # fmt: skip


@pytest.mark.parametrize("amount", ["NaN", "Infinity", "-Infinity", "1000000000000", "0"])
def test_what_is_no_amount(amount, make_payable_affiliate):
    affiliate, one = make_payable_affiliate(), booked(make_payable_affiliate())
    with pytest.raises(DatabaseError):
        sql(
            "INSERT INTO payouts_ledgerentry (transaction_id, account, affiliate_id, amount) VALUES"
            " (%s, 'cash', NULL, %s::numeric), (%s, 'affiliate_payable', %s, -%s::numeric)",
            one.pk, amount, one.pk, affiliate.pk, amount,
        )  # fmt: skip


def test_nothing_of_an_entry_that_is_nought(make_payable_affiliate):
    nought = (Account.ADJUSTMENTS, None, Decimal("0.00"))
    pair = [(Account.CASH, None, Decimal(5)), (Account.COMMISSION_EXPENSE, None, Decimal(-5))]
    made = booking.post_transaction(source="a test", kind="test", entries=[nought, *pair], now=NOW, by=None)
    assert sorted(made.entries.values_list("account", flat=True)) == ["cash", "commission_expense"]


def test_to_book_a_source_twice(make_payable_affiliate):
    affiliate = make_payable_affiliate()
    booked(affiliate)
    with pytest.raises(IntegrityError, match="source"), transaction.atomic():
        booked(affiliate)


def test_an_account_that_is_none_and_a_debt_to_nobody(make_payable_affiliate):
    one = booked(make_payable_affiliate())
    for account, constraint in (
        ("pocket", "ledger_account_is_known"),
        ("affiliate_payable", "ledger_payable_has_affiliate"),
    ):
        with pytest.raises(IntegrityError, match=constraint):
            sql(
                "INSERT INTO payouts_ledgerentry (transaction_id, account, amount) VALUES (%s, %s, 5), (%s, 'cash', -5)",
                one.pk, account, one.pk,
            )  # fmt: skip


@pytest.mark.parametrize(
    ("taken", "mode"),
    [
        (booking.lock_shared, "ShareLock"),
        (partial(writer.find_settled_orders, []), "ShareLock"),
        (booking.lock_exclusive, "ExclusiveLock"),
    ],
    ids=["whoever changes money", "whoever asks what is frozen", "a close"],
)
def test_nobody_at_the_gate_but_a_close_that_is_alone(taken, mode):
    with transaction.atomic(), connection.cursor() as cursor:
        taken()
        cursor.execute("SELECT mode FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid() AND granted")
        assert cursor.fetchall() == [(mode,)]
