"""The ledger in the admin: trial balance, accounts and journal, each figure linked to its entries (specification 7)."""

from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.urls import URLPattern, path, reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from agreements.periods import Period
from lib.admin.bases import ReadOnlyInline, cache_on_row
from lib.admin.pages import build_admin_link, build_changelist_url
from lib.csv_downloads import stream_csv_response
from lib.replica import reads_replica
from lib.row_stream import iter_rows
from lib.typed import action
from payouts.admin.bases import MoneyAdmin, build_amount_column, money_page
from payouts.commissions.unsettled_earnings import get_total_unsettled
from payouts.ledger import booking, journal
from payouts.models import Account, Commission, LedgerEntry, LedgerTransaction


class MonthFilter(admin.SimpleListFilter):
    """The month of booking, in the program's time zone."""

    title = gettext_lazy("month")
    parameter_name = "month"
    date_field = "at"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        # Read once for both filters of a list.
        months = vars(request).get("ledger_months") or journal.list_ledger_months()
        vars(request)["ledger_months"] = months
        return [(f"{day:%Y-%m}", f"{day:%Y-%m}") for day in months]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        month = journal.parse_month(self.value() or "")
        if month is None:
            return queryset
        return queryset.filter(**{f"{self.date_field}__gte": month.starts_at, f"{self.date_field}__lt": month.ends_at})


class EntryMonthFilter(MonthFilter):
    date_field = "transaction__at"


class UntilFilter(MonthFilter):
    """Everything booked before the end of a month."""

    title = gettext_lazy("until the end of")
    parameter_name = "until"

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        month = journal.parse_month(self.value() or "")
        return queryset.filter(transaction__at__lt=month.ends_at) if month else queryset


class SideFilter(admin.SimpleListFilter):
    title = gettext_lazy("side")
    parameter_name = "side"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("debit", _("debit")), ("credit", _("credit"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() == "debit":
            return queryset.filter(amount__gt=0)
        return queryset.filter(amount__lt=0) if self.value() == "credit" else queryset


class EntryInline(ReadOnlyInline):
    model = LedgerEntry
    fields = ("account", "affiliate", "debit", "credit")
    readonly_fields = fields

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).select_related("affiliate")

    def debit(self, row: LedgerEntry) -> str:
        return f"{row.amount:,.2f}" if row.amount > 0 else ""

    def credit(self, row: LedgerEntry) -> str:
        return f"{-row.amount:,.2f}" if row.amount < 0 else ""


@admin.register(LedgerTransaction)
class LedgerTransactionAdmin(MoneyAdmin):
    list_reads_replica = True
    list_display = ("source", "kind", "total_display", "at", "by", "memo")
    list_filter = ("kind", MonthFilter)
    list_select_related = ("by",)
    search_fields = ("source",)
    sortable_by = ()
    search_help_text = gettext_lazy("Affiliate code, payout reference, or the beginning of a source")
    fields = ("source", "source_object", "kind", "total_display", "at", "recorded_at", "by", "memo")
    readonly_fields = fields
    inlines = (EntryInline,)
    actions_list = ("trial_balance", "journal")
    total_display = build_amount_column("total", gettext_lazy("amount"))

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return journal.annotate_amount(super().get_queryset(request))

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        term = search_term.strip()
        return (journal.search_transactions(queryset, term) if term else queryset), False

    @admin.display(description=gettext_lazy("source object"))
    @cache_on_row
    def source_object(self, row: LedgerTransaction) -> SafeString | str:
        return build_admin_link(journal.find_subject(row.source))

    def get_urls(self) -> list[URLPattern]:
        account_url = path(
            "accounts/<str:account>/",
            self.admin_site.admin_view(self.account),
            name="payouts_ledgertransaction_account",
        )
        return [account_url, *super().get_urls()]

    @action(description=gettext_lazy("Trial balance"), permissions=["view"])
    def trial_balance(self, request: HttpRequest) -> HttpResponse:
        """Show each account's debits, credits and balance, now or at the end of a month; the balances sum to zero."""
        month = journal.parse_month(request.GET.get("until", ""))
        balances = journal.get_trial_balance(month.ends_at if month else None)
        until = f"&until={month}" if month else ""
        rows = [(account.label, sums, _build_urls(account, until)) for account, sums in balances.items()]
        return money_page(
            self,
            request,
            "admin/payouts/trial_balance.html",
            _("Trial balance"),
            rows=rows,
            month=month,
            months=[f"{day:%Y-%m}" for day in journal.list_ledger_months()],
            total=sum(sums.balance for sums in balances.values()),
            now=month is None,
            unsettled=None if month else get_total_unsettled(),
            commissions_url=build_changelist_url(Commission),
            liability=booking.Liability(
                -balances[Account.AFFILIATE_PAYABLE].balance, -balances[Account.PAYOUTS_IN_TRANSIT].balance
            ),
        )

    def account(self, request: HttpRequest, account: str) -> HttpResponse:
        """Show an account month by month, each figure linked to its entries."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        if account not in Account.values:
            raise Http404
        ledger_account = Account(account)
        rows = [
            (month, _build_urls(ledger_account, f"&month={month.first_day:%Y-%m}"))
            for month in journal.list_account_months(ledger_account)
        ]
        return money_page(
            self,
            request,
            "admin/payouts/account.html",
            _("Account: %(name)s") % {"name": ledger_account.label},
            rows=rows,
            back=reverse("admin:payouts_ledgertransaction_trial_balance"),
        )

    @action(description=gettext_lazy("Journal as CSV"), permissions=["view"])
    @reads_replica
    def journal(self, request: HttpRequest) -> StreamingHttpResponse:
        """Stream every entry in the order of booking, or those of one month with `?month=YYYY-MM`."""
        month: Period | None = journal.parse_month(request.GET.get("month", ""))
        entries = journal.list_journal_rows(month)
        rows = iter_rows(*entries.query.sql_with_params(), using=entries.db)
        name = f"journal-{month}.csv" if month else "journal.csv"
        return stream_csv_response(name, journal.COLUMNS, rows)


def _build_urls(account: Account, query_suffix: str) -> dict[str, str]:
    """Return the URLs of an account's entries, debits, credits, page and journal; `query_suffix` limits the months."""
    query = f"account__exact={account.value}{query_suffix}"
    return {
        "entries": build_changelist_url(LedgerEntry, query),
        "debit": build_changelist_url(LedgerEntry, f"{query}&side=debit"),
        "credit": build_changelist_url(LedgerEntry, f"{query}&side=credit"),
        "account": reverse("admin:payouts_ledgertransaction_account", args=[account.value]),
        "journal": reverse("admin:payouts_ledgertransaction_journal") + f"?{query_suffix.removeprefix('&')}",
    }


@admin.register(LedgerEntry)
class LedgerEntryAdmin(MoneyAdmin):
    list_reads_replica = True
    list_display = ("transaction_link", "at", "account", "affiliate", "amount_display", "memo")
    list_display_links = ("at",)
    list_filter = ("account", SideFilter, EntryMonthFilter, UntilFilter)
    list_select_related = ("transaction", "affiliate")
    search_fields = ("transaction__source",)
    sortable_by = ()
    search_help_text = LedgerTransactionAdmin.search_help_text
    fields = ("transaction_link", "at", "account", "affiliate", "amount_display", "memo")
    readonly_fields = fields
    amount_display = build_amount_column("amount", gettext_lazy("amount"))

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        term = search_term.strip()
        if not term:
            return queryset, False
        return journal.search_entries(queryset, term), False

    @admin.display(description=gettext_lazy("transaction"))
    def transaction_link(self, row: LedgerEntry) -> SafeString | str:
        return build_admin_link(row.transaction)

    @admin.display(description=gettext_lazy("booked"))
    def at(self, row: LedgerEntry) -> Any:
        return row.transaction.at

    @admin.display(description=gettext_lazy("memo"))
    def memo(self, row: LedgerEntry) -> str:
        return row.transaction.memo
