"""Booking (CONTRACT 7). Positive is debit, negative is credit; what is owed to an affiliate is their credit on
`affiliate_payable`. The database refuses whatever does not balance and every change to what is booked."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from django.db import connection, transaction
from django.db.models import Sum

from accounts.models import User
from affiliates.models import Affiliate
from lib.money import ZERO
from payouts.models import Account, LedgerEntry, LedgerTransaction

# The key of the advisory lock between a close, which holds it alone, and all that changes what a close reads.
LOCK_KEY = 0x4143_434F_5244  # "ACCORD"

Entry = tuple[Account, Affiliate | None, Decimal]


def lock_shared() -> None:
    """Keep a close from running until the caller's transaction ends, or wait until the running one has.

    Called first by whatever changes what a close reads: holds, adjustments, payout details, states (RELIABILITY 1.12).
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock_shared(%s)", [LOCK_KEY])


def lock_exclusive() -> None:
    """Run alone: wait for all who are within the gate, and let nobody in until the transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK_KEY])


class NewTransaction(NamedTuple):
    """One transaction to book: what it books, under a name that is used once, and its entries."""

    source: str
    kind: str
    entries: Sequence[Entry]
    memo: str = ""


def post_transaction(
    *, source: str, kind: str, entries: Sequence[Entry], now: datetime, by: User | None, memo: str = ""
) -> LedgerTransaction:
    """Book one transaction; entries of 0.00 are left out. IntegrityError where it does not sum to zero or where
    `source` is booked already."""
    [booked] = post_transactions([NewTransaction(source, kind, entries, memo)], now=now, by=by)
    return booked


@transaction.atomic
def post_transactions(bookings: Sequence[NewTransaction], *, now: datetime, by: User | None) -> list[LedgerTransaction]:
    """`post` for thousands at once: all of them or, refused, none."""
    booked = LedgerTransaction.objects.bulk_create(
        LedgerTransaction(source=one.source, kind=one.kind, at=now, by=by, memo=one.memo) for one in bookings
    )
    # By one statement, after which the database adds up each transaction.
    LedgerEntry.objects.bulk_create(
        LedgerEntry(transaction=transaction_, account=account, affiliate=affiliate, amount=amount)
        for transaction_, one in zip(booked, bookings, strict=True)
        for account, affiliate, amount in one.entries
        if amount
    )
    return booked


def get_balance(affiliate: Affiliate) -> Decimal:
    """What is owed to the affiliate, in the program's currency; negative where they owe."""
    entries = LedgerEntry.objects.filter(affiliate=affiliate, account=Account.AFFILIATE_PAYABLE)
    total: Decimal | None = entries.aggregate(total=Sum("amount"))["total"]
    return -total if total else ZERO
