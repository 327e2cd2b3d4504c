"""The ledger: journal, accounts, trial balance, each figure leading to the rows behind it (CONTRACT 7)."""

from typing import Any

from django.contrib import admin
from django.db.models import Count, Q, Sum
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.decorators import action

from accounts.admin_bases import ReadOnlyAdmin, ReadOnlyInline
from accounts.csv_out import csv_lines
from payouts.admin.pages import MoneyAdmin, amount, link, list_of, page
from payouts.models import Account, LedgerEntry, LedgerTransaction

JOURNAL = ("transaction", "when", "source", "kind", "account", "affiliate", "amount", "memo")


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
class LedgerTransactionAdmin(ReadOnlyAdmin):
    list_display = ("source", "kind", "at", "by", "memo")
    list_filter = ("kind",)
    list_select_related = ("by",)
    search_fields = ("source",)
    fields = ("source", "kind", "at", "recorded_at", "by", "memo")
    readonly_fields = fields
    inlines = (EntryInline,)
    actions_list = ("trial_balance", "journal")

    @action(description=gettext_lazy("Trial balance"), permissions=["view"])  # type: ignore[untyped-decorator]  # unfold has no types
    def trial_balance(self, request: HttpRequest) -> HttpResponse:
        """Each account's debits, credits and balance; all of them sum to zero."""
        found = {row["account"]: row for row in _sums()}
        rows = []
        for account in Account:
            row: dict[str, Any] = found.get(account.value, {})
            rows.append(
                {
                    "label": account.label,
                    "entries": row.get("entries", 0),
                    "debit": row.get("debit") or 0,
                    "credit": -(row.get("credit") or 0),
                    "balance": row.get("balance") or 0,
                    "address": list_of(LedgerEntry, f"account__exact={account.value}"),
                }
            )
        total = sum(row["balance"] for row in rows)
        return page(self, request, "admin/payouts/trial_balance.html", _("Trial balance"), rows=rows, total=total)

    @action(description=gettext_lazy("Journal as CSV"), permissions=["view"])  # type: ignore[untyped-decorator]  # unfold has no types
    def journal(self, request: HttpRequest) -> StreamingHttpResponse:
        """Every entry, in the order booked, streamed."""
        fields = (
            "transaction_id", "transaction__at", "transaction__source", "transaction__kind", "account", "affiliate__code",
            "amount", "transaction__memo",
        )  # fmt: skip
        rows = LedgerEntry.objects.order_by("id").values_list(*fields).iterator(chunk_size=5000)
        headers = {"Content-Disposition": 'attachment; filename="journal.csv"'}
        return StreamingHttpResponse(csv_lines(JOURNAL, rows), content_type="text/csv", headers=headers)


@admin.register(LedgerEntry)
class LedgerEntryAdmin(MoneyAdmin):
    list_display = ("transaction_shown", "account", "affiliate", "amount_shown")
    list_filter = ("account",)
    list_select_related = ("transaction", "affiliate")
    search_fields = ("=affiliate__code", "transaction__source")
    fields = ("transaction_shown", "account", "affiliate", "amount_shown")
    readonly_fields = fields
    amount_shown = amount("amount", gettext_lazy("amount"))

    @admin.display(description=gettext_lazy("transaction"))
    def transaction_shown(self, row: LedgerEntry) -> SafeString | str:
        return link(row.transaction)


def _sums() -> Any:
    sums = {
        "entries": Count("pk"),
        "debit": Sum("amount", filter=Q(amount__gt=0)),
        "credit": Sum("amount", filter=Q(amount__lt=0)),
        "balance": Sum("amount"),
    }
    return LedgerEntry.objects.order_by().values("account").annotate(**sums)
