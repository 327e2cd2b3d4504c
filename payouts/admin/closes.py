"""Closed months and their statements in the admin; closing a month and opening the program by hand."""

from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.staff import staff_member
from affiliates.affiliate_filter import AffiliateSearchMixin
from agreements.models import Program
from agreements.program_currency import get_program_currency
from lib.admin.bases import ReadOnlyAdmin, ReadOnlyInline, cache_on_row
from lib.admin.pages import build_admin_link, build_admin_links, build_changelist_url, run_and_redirect
from lib.admin.staff_action import StaffAction, StaffPage
from lib.csv_downloads import stream_csv_response
from lib.formatting import format_money
from lib.typed import action
from payouts.admin import dry_run, month_end
from payouts.admin.bases import MoneyAdmin, build_amount_column
from payouts.closing import close_summary, statement_pdf, statements
from payouts.closing import open_program as opening
from payouts.closing.carry_over import CarryOverReason
from payouts.closing.close import close_month, get_month_to_close
from payouts.ledger import journal
from payouts.models import Close, CloseException, Statement, StatementLine


class CloseExceptionInline(ReadOnlyInline):
    model = CloseException
    # Its columns say all that its name does.
    hide_title = True
    ordering = ("pk",)
    fields = ("affiliate", "cause")
    readonly_fields = fields

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).select_related("affiliate")


class LastCloseFilter(admin.SimpleListFilter):
    """The exceptions of the last close, which staff are to look at."""

    title = gettext_lazy("last close")
    parameter_name = "of"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("last", _("of the last close"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(pk__in=CloseException.objects.of_last_close()) if self.value() == "last" else queryset


@admin.register(CloseException)
class CloseExceptionAdmin(ReadOnlyAdmin):
    list_display = ("close", "affiliate", "cause")
    list_filter = (LastCloseFilter, "close")
    list_select_related = ("close", "affiliate")
    fields = list_display
    readonly_fields = fields


def _may_open_program(request: HttpRequest) -> bool:
    if not request.user.has_perm("payouts.open_program"):
        return False
    return request.method == "POST" or not Program.objects.filter(opened_at__isnull=False).exists()


@admin.register(Close)
class CloseAdmin(ReadOnlyAdmin):
    ordering = ("-period",)
    list_display = ("month", "closed_at", "closed_by_display", "cut", "batch")
    fields = (
        "period",
        "starts_at",
        "ends_at",
        "closed_at",
        "closed_by",
        "agreement",
        "cut",
        "figures",
        "statements",
        "batch",
    )
    list_select_related = ("closed_by",)
    readonly_fields = fields
    inlines = (CloseExceptionInline,)
    actions_list = ("close_next", "open_program")
    actions_detail = ("download_csv",)

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).prefetch_related("batches")

    @admin.display(description=gettext_lazy("month"), ordering="period")
    def month(self, close: Close) -> str:
        return str(close)

    @admin.display(description=gettext_lazy("closed by"), ordering="closed_by")
    def closed_by_display(self, close: Close) -> str:
        return str(close.closed_by or _("Automatic"))

    @admin.display(description=gettext_lazy("figures"))
    @cache_on_row
    def figures(self, close: Close) -> SafeString:
        summary, currency = close_summary.summarize_close(close), get_program_currency()
        rows = (
            (_("statements"), summary.statements),
            (_("lines"), summary.lines),
            (_("opening balances"), format_money(summary.opening, currency)),
            (_("+ commissions settled"), format_money(summary.settled, currency)),
            (_("+ adjustments"), format_money(summary.adjustments, currency)),
            (_("+ payouts failed, returned or cancelled"), format_money(summary.returned, currency)),
            (_("− payouts"), format_money(summary.paid, currency)),
            (_("= carried over"), format_money(summary.carried, currency)),
            (_("payouts"), summary.payouts),
            (_("negative balances"), summary.negative),
            (_("close exceptions"), summary.exceptions),
        )
        return format_html_join("", "{}: {}<br>", rows)

    @admin.display(description=gettext_lazy("statements"))
    def statements(self, close: Close) -> SafeString:
        return format_html(
            '<a href="{}">{}</a>',
            build_changelist_url(Statement, f"close__id__exact={close.pk}"),
            _("Statements of this month"),
        )

    @admin.display(description=gettext_lazy("payouts"))
    @cache_on_row
    def batch(self, close: Close) -> SafeString | str:
        return build_admin_links(close.batches.all())

    def get_urls(self) -> list[URLPattern]:
        dry_run_url = path("dry-run.csv", self.admin_site.admin_view(self.dry_run), name="payouts_close_dry_run")
        guide = path("month-end/", self.admin_site.admin_view(self.month_end), name="payouts_close_month_end")
        return [dry_run_url, guide, *super().get_urls()]

    def month_end(self, request: HttpRequest) -> HttpResponse:
        """Guide through the end of a month."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        return month_end.render_month_end(self, request)

    @StaffPage(gettext_lazy("Close the next month"), permission="payouts.close_month")
    def close_next(self, request: HttpRequest) -> HttpResponse:
        """Show the dry run of the next month, then close it."""
        month = get_month_to_close()
        if request.method == "POST" and month is not None:
            return run_and_redirect(
                request,
                lambda: close_month(month=month.first_day, now=timezone.now(), by=staff_member(request)),
                _format_result,
                build_changelist_url(Close),
            )
        return dry_run.render_dry_run(self, request, month)

    def dry_run(self, request: HttpRequest) -> HttpResponse:
        """Return the whole dry run as a CSV."""
        if not request.user.has_perm("payouts.close_month"):
            raise PermissionDenied
        return dry_run.build_csv_response(get_month_to_close())

    open_program = StaffAction(
        gettext_lazy("Open the program"),
        permission=_may_open_program,
        do=lambda _row, _answers, now, by: opening.open_program(now=now, by=by),
        explanation=gettext_lazy(
            "From then on months are closed and sales targets are checked automatically. Load all past orders first."
        ),
        success=gettext_lazy("Program opened."),
    )

    @action(description=gettext_lazy("Statements as CSV"), permissions=["view"])
    def download_csv(self, request: HttpRequest, object_id: str) -> StreamingHttpResponse:
        """Return one row per statement, as `export_statements` writes it."""
        close = get_object_or_404(Close, pk=object_id)
        return stream_csv_response(f"statements-{close}.csv", close_summary.COLUMNS, close_summary.iter_csv_rows(close))


def _format_result(close: Close) -> str:
    """Return the result of a close in words."""
    summary = close_summary.summarize_close(close)
    return _("%(month)s closed. Statements: %(statements)s. Payouts: %(payouts)s, %(paid)s in total.") % {
        "month": close,
        "statements": summary.statements,
        "payouts": summary.payouts,
        "paid": format_money(summary.paid, get_program_currency()),
    }


class LineInline(ReadOnlyInline):
    model = StatementLine
    # Its columns say all that its name does.
    hide_title = True
    fields = ("commission_link", "base", "rate", "clause", "amount", "forfeited")
    readonly_fields = fields

    @admin.display(description=gettext_lazy("commission"))
    def commission_link(self, row: StatementLine) -> SafeString | str:
        return build_admin_link(row.commission, f"{row.commission.order}, {row.commission.line.line_id}")

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).select_related("commission__order", "commission__line")


@admin.register(Statement)
class StatementAdmin(AffiliateSearchMixin, MoneyAdmin):
    # The ids of closes are in the order of their months.
    ordering = ("-close_id", "-affiliate_id", "-pk")
    list_reads_replica = True
    list_display = (
        "affiliate", "close", "number", "opening_display", "lines", "settled_display", "adjustments_display",
        "returned_display", "payout_display", "closing_display", "carry_over_reasons",
    )  # fmt: skip
    list_filter = ("close",)
    list_select_related = ("affiliate", "close")
    search_fields = ("affiliate__code", "affiliate__name")
    sortable_by = ()
    fields = (
        "affiliate", "close", "number", "agreement", "opening_display", "lines", "settled_display",
        "adjustments_display", "returned_display", "payout_display", "closing_display", "carry_over_reasons",
        "ledger_transactions",
    )  # fmt: skip
    readonly_fields = fields
    inlines = (LineInline,)
    actions_detail = ("download_pdf", "download_csv")
    opening_display = build_amount_column("opening", gettext_lazy("opening"))
    settled_display = build_amount_column("settled", gettext_lazy("settled"))
    adjustments_display = build_amount_column("adjustments", gettext_lazy("adjustments"))
    returned_display = build_amount_column("returned", gettext_lazy("returned"))
    payout_display = build_amount_column("payout", gettext_lazy("payout"))
    closing_display = build_amount_column("closing", gettext_lazy("closing"))

    @admin.display(description=gettext_lazy("carried over because"))
    def carry_over_reasons(self, row: Statement) -> str:
        return ", ".join(str(CarryOverReason(code).staff_label) for code in row.reasons) or "-"

    @admin.display(description=gettext_lazy("ledger transactions"))
    @cache_on_row
    def ledger_transactions(self, row: Statement) -> SafeString | str:
        return build_admin_links(journal.list_statement_transactions(row))

    @action(description="PDF", permissions=["view"])
    def download_pdf(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Return the statement as the affiliate gets it."""
        row = get_object_or_404(Statement.objects.select_related("affiliate", "close", "agreement"), pk=object_id)
        headers = {"Content-Disposition": f'inline; filename="{statement_pdf.get_file_name(row)}"'}
        return HttpResponse(statement_pdf.render_statement(row), content_type="application/pdf", headers=headers)

    @action(description="CSV", permissions=["view"])
    def download_csv(self, request: HttpRequest, object_id: str) -> StreamingHttpResponse:
        """Return the statement as the affiliate gets it."""
        row = get_object_or_404(Statement.objects.select_related("affiliate", "close", "agreement"), pk=object_id)
        name = statement_pdf.get_file_name(row).removesuffix(".pdf")
        return stream_csv_response(f"{name}.csv", statements.COLUMNS, statements.iter_csv_rows(row))
