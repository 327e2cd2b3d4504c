"""Posting to the ledger, and the lock between a close and other changes (specification 7).

Positive is debit, negative is credit; an affiliate's balance is their credit on `affiliate_payable`. The database
rejects unbalanced transactions and changes to posted ones.
"""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from django.db import connection, transaction
from django.db.models import QuerySet, Sum

from accounts.models import User
from affiliates.models import Affiliate
from lib.money import ZERO
from payouts.models import Account, LedgerEntry, LedgerTransaction

# The key of the advisory lock that a close holds exclusively, and that all changes to its input share.
LOCK_KEY = 0x4143_434F_5244  # "ACCORD"

Entry = tuple[Account, Affiliate | None, Decimal]


def lock_shared() -> None:
    """Keep a close from running until the caller's transaction ends; wait for one that is running.

    Call it first in every transaction that changes the input of a close: holds, adjustments, payout details, states.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock_shared(%s)", [LOCK_KEY])


def lock_exclusive() -> None:
    """Wait for all transactions that called `lock_shared`, and block new ones until this transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK_KEY])


class NewTransaction(NamedTuple):
    """A transaction to post; `source` is unique among all transactions."""

    source: str
    kind: str
    entries: Sequence[Entry]
    memo: str = ""


def post_transaction(
    *, source: str, kind: str, entries: Sequence[Entry], now: datetime, by: User | None, memo: str = ""
) -> LedgerTransaction:
    """Post one transaction without its entries of 0.00.

    Raises IntegrityError if the entries do not sum to zero, or if `source` has been posted before.
    """
    [posted] = post_transactions([NewTransaction(source, kind, entries, memo)], now=now, by=by)
    return posted


@transaction.atomic
def post_transactions(bookings: Sequence[NewTransaction], *, now: datetime, by: User | None) -> list[LedgerTransaction]:
    """Post many transactions, all of them or none; otherwise like `post_transaction`."""
    posted = LedgerTransaction.objects.bulk_create(
        LedgerTransaction(source=new.source, kind=new.kind, at=now, by=by, memo=new.memo) for new in bookings
    )
    # One statement for all entries, because the database checks the sums after each statement.
    LedgerEntry.objects.bulk_create(
        LedgerEntry(transaction=transaction_, account=account, affiliate=affiliate, amount=amount)
        for transaction_, new in zip(posted, bookings, strict=True)
        for account, affiliate, amount in new.entries
        if amount
    )
    return posted


class Liability(NamedTuple):
    """What all affiliates together are owed, less what some owe, in the program's currency.

    `in_transit` are payouts from their draft until they are paid or come back; `balances` does not include them.
    """

    balances: Decimal
    in_transit: Decimal

    @property
    def total(self) -> Decimal:
        return self.balances + self.in_transit


def get_liability() -> Liability:
    """Return the credit on the two accounts of what is owed."""
    accounts = (Account.AFFILIATE_PAYABLE, Account.PAYOUTS_IN_TRANSIT)
    rows = LedgerEntry.objects.filter(account__in=accounts).order_by().values_list("account").annotate(Sum("amount"))
    sums = dict(rows)
    return Liability(*(-sums.get(account.value, ZERO) for account in accounts))


def list_payable_entries() -> QuerySet[LedgerEntry]:
    """Return the entries whose negative sum is the balances of all affiliates together."""
    return LedgerEntry.objects.filter(account=Account.AFFILIATE_PAYABLE)


def list_transit_entries() -> QuerySet[LedgerEntry]:
    """Return the entries whose negative sum is all payouts in transit."""
    return LedgerEntry.objects.filter(account=Account.PAYOUTS_IN_TRANSIT)


def get_balance(affiliate: Affiliate) -> Decimal:
    """Return what the affiliate is owed, in the program's currency; negative if the affiliate owes."""
    entries = LedgerEntry.objects.filter(affiliate=affiliate, account=Account.AFFILIATE_PAYABLE)
    total: Decimal | None = entries.aggregate(total=Sum("amount"))["total"]
    return -total if total else ZERO
