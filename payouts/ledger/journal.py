"""Reading the ledger: trial balance, monthly account totals, journal and search (specification 7)."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import UUID

from django.db.models import Count, Max, Min, Model, OuterRef, Q, QuerySet, Subquery, Sum
from django.db.models.functions import TruncMonth

from affiliates.models import Affiliate
from agreements.periods import Period, build_period, get_next_month, get_program_time_zone, get_start_of_day
from lib.money import ZERO
from payouts.models import Account, LedgerEntry, LedgerTransaction, Payout, Statement

COLUMNS = ("transaction", "when", "source", "kind", "account", "affiliate", "amount", "memo")


class AccountTotals(NamedTuple):
    """Number of entries, debits and credits of an account; both amounts are positive."""

    entries: int
    debit: Decimal
    credit: Decimal

    @property
    def balance(self) -> Decimal:
        return self.debit - self.credit


class AccountMonth(NamedTuple):
    """One month of an account: opening balance, totals and closing balance."""

    first_day: date
    opening: Decimal
    totals: AccountTotals

    @property
    def closing(self) -> Decimal:
        return self.opening + self.totals.balance


_TOTALS = {
    "entries": Count("pk"),
    "debit": Sum("amount", filter=Q(amount__gt=0)),
    "credit": Sum("amount", filter=Q(amount__lt=0)),
}


def get_trial_balance(until: datetime | None = None) -> dict[Account, AccountTotals]:
    """Return the totals of every account from transactions before `until`; all balances sum to zero."""
    rows = _list_entries_before(until).order_by().values("account").annotate(**_TOTALS)
    totals = {row["account"]: _read_totals(row) for row in rows}
    return {account: totals.get(account.value, AccountTotals(0, ZERO, ZERO)) for account in Account}


def list_account_months(account: Account) -> list[AccountMonth]:
    """Return the months of `account` that have entries, in the program's time zone, newest first."""
    month = TruncMonth("transaction__at", tzinfo=get_program_time_zone())
    rows = LedgerEntry.objects.filter(account=account).annotate(month=month).order_by("month").values("month")
    months: list[AccountMonth] = []
    for row in rows.annotate(**_TOTALS):
        months.append(AccountMonth(row["month"].date(), months[-1].closing if months else ZERO, _read_totals(row)))
    return months[::-1]


def parse_month(text: str) -> Period | None:
    """Return the month written as YYYY-MM in `text`; None for anything else."""
    try:
        return build_period(date.fromisoformat(f"{text}-01"), get_program_time_zone())
    except (ValueError, OverflowError):
        return None


def list_ledger_months() -> Sequence[date]:
    """Return the first day of every month from the first ledger transaction to the last, newest first."""
    zone, times = get_program_time_zone(), LedgerTransaction.objects.aggregate(first=Min("at"), last=Max("at"))
    first, last = times["first"], times["last"]
    months: list[date] = []
    day = first.astimezone(zone).date().replace(day=1) if first else None
    while day and last and get_start_of_day(day, zone) <= last:
        months.append(day)
        day = get_next_month(day)
    return months[::-1]


def list_journal_rows(month: Period | None = None) -> QuerySet[LedgerEntry, Any]:
    """Return the rows of the journal under COLUMNS, oldest first, of all time or of `month`."""
    entries = LedgerEntry.objects.order_by("id")
    if month:
        entries = entries.filter(transaction__at__gte=month.starts_at, transaction__at__lt=month.ends_at)
    return entries.values_list(
        "transaction_id", "transaction__at", "transaction__source", "transaction__kind", "account", "affiliate__code",
        "amount", "transaction__memo",
    )  # fmt: skip


def search_transactions(transactions: QuerySet[LedgerTransaction], term: str) -> QuerySet[LedgerTransaction]:
    """Filter `transactions` by a payout's reference, an affiliate's code or the beginning of a source."""
    entries = search_entries(LedgerEntry.objects.all(), term)
    return transactions.filter(pk__in=entries.order_by().values("transaction"))


def search_entries(entries: QuerySet[LedgerEntry], term: str) -> QuerySet[LedgerEntry]:
    """Filter `entries` by a payout's reference, an affiliate's code or the beginning of a source.

    For an affiliate, only the entries of that affiliate are returned, without the other side of the transactions.
    """
    payout = Payout.objects.filter(reference=term.upper()).first()
    if payout:
        return entries.filter(transaction__source__startswith=f"payout:{payout.pk}:")
    affiliate = Affiliate.objects.filter(code__iexact=term).first()
    if affiliate:
        return entries.filter(affiliate=affiliate)
    return entries.filter(transaction__source__startswith=term)


def find_subject(source: str) -> Model | None:
    """Return the statement or the payout that `source` refers to; None if there is none."""
    what, _, rest = source.partition(":")
    key, _, last = rest.partition(":")
    try:
        if what == "payout":
            return Payout.objects.filter(pk=UUID(key)).first()
        month = parse_month(key) if what == "close" else None
        if month:
            return Statement.objects.filter(close__period=month.first_day, affiliate=UUID(last)).first()
    except ValueError:
        pass
    return None


def list_statement_transactions(statement: Statement) -> QuerySet[LedgerTransaction]:
    """Return the transactions that the close posted for `statement`: the settlement and the drafted payout."""
    sources = [f"close:{statement.close}:{statement.affiliate_id}"]
    sources += [
        f"payout:{pk}:drafted" for pk in Payout.objects.filter(statement=statement).values_list("pk", flat=True)
    ]
    return LedgerTransaction.objects.filter(source__in=sources).order_by("id")


def list_payout_transactions(payout: Payout) -> QuerySet[LedgerTransaction]:
    return LedgerTransaction.objects.filter(source__startswith=f"payout:{payout.pk}:").order_by("id")


def annotate_amount(transactions: QuerySet[LedgerTransaction]) -> QuerySet[LedgerTransaction]:
    """Annotate each transaction with `total`, the sum of its debits."""
    debits = LedgerEntry.objects.filter(transaction=OuterRef("pk"), amount__gt=0).order_by().values("transaction")
    return transactions.annotate(total=Subquery(debits.annotate(sum=Sum("amount")).values("sum")))


def _list_entries_before(until: datetime | None) -> QuerySet[LedgerEntry]:
    return LedgerEntry.objects.filter(transaction__at__lt=until) if until else LedgerEntry.objects.all()


def _read_totals(row: Mapping[str, Any]) -> AccountTotals:
    return AccountTotals(row["entries"], row["debit"] or ZERO, -(row["credit"] or ZERO))
