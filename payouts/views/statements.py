"""An affiliate's statements: list, page, PDF and CSV."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe
from django_tables2 import RequestConfig

from affiliates.access import affiliate_view
from affiliates.downloads import limits_downloads
from affiliates.models import Affiliate
from agreements.applicable_version import get_applicable_version
from agreements.category_names import load_category_names
from agreements.clauses import get_clause_number
from agreements.rules import Rule
from lib.csv_downloads import stream_csv_response
from lib.replica import reads_replica
from payouts.closing import payout_history, statement_pdf, statement_periods, statements
from payouts.ledger import booking, negative_balances
from payouts.tables import StatementTable

LINES_PER_PAGE = 100
# The rules whose clauses a statement cites, besides those of its lines.
CITED_RULES = (Rule.BEFORE_TAX, Rule.ADJUSTMENTS, Rule.FAILED_PAYOUTS, Rule.BALANCE, Rule.SETTLEMENT)


@affiliate_view
@reads_replica
def index(request: HttpRequest, affiliate: Affiliate) -> HttpResponse:
    """Show the affiliate's statements, newest first, and their balance."""
    table = StatementTable(statements.list_statements(affiliate), orderable=False)
    RequestConfig(request, paginate={"per_page": 24}).configure(table)
    if not any(row.record.returned for row in table.page.object_list):
        table.columns.hide("returned")
    context = {
        "table": table,
        "balance": booking.get_balance(affiliate),
        "periods": statement_periods.list_periods(affiliate),
        **build_negative_balance_context(affiliate),
    }
    return render(request, "payouts/statements.html", context)


@require_safe
@affiliate_view
@limits_downloads
@reads_replica
def download_period(request: HttpRequest, affiliate: Affiliate) -> HttpResponseBase:
    """Return the statements of the quarter or year `period` as one CSV file."""
    periods = {period.code: period for period in statement_periods.list_periods(affiliate)}
    period = periods.get(request.GET.get("period", ""))
    if period is None:
        messages.error(request, _("Choose a period in which you have statements."))
        return redirect("payouts:statements")
    rows = statement_periods.iter_rows(statement_periods.list_statements(affiliate, period))
    name = f"statements-{affiliate.code}-{period.code}.csv"
    return stream_csv_response(name, statement_periods.COLUMNS, rows)


def build_negative_balance_context(affiliate: Affiliate) -> dict[str, Any]:
    """Return the context of `payouts/negative_balance.html`; empty if the affiliate owes nothing."""
    now = timezone.now()
    owed = negative_balances.get_negative_balance(affiliate, now)
    if owed is None:
        return {}
    agreement = get_applicable_version(affiliate.pk, at=now)[0]
    number = get_clause_number(agreement.pk if agreement else None, Rule.NEGATIVE_BALANCE)
    return {"owed": owed, "owed_version": agreement, "owed_clause": number}


@affiliate_view
@reads_replica
def detail(request: HttpRequest, affiliate: Affiliate, pk: UUID) -> HttpResponse:
    """Show a statement."""
    statement = get_object_or_404(statements.list_statements(affiliate), pk=pk)
    lines = Paginator(statements.list_lines(statement), LINES_PER_PAGE)
    # The statement knows its number of lines: counting 50,000 rows per page would be slow.
    lines.count = statement.lines
    payout = statements.get_payout(statement) if statement.payout else None
    context = {
        "statement": statement,
        "lines": lines.get_page(request.GET.get("page")),
        "adjustments": statements.list_adjustments(statement),
        "returned": statements.list_returned_payouts(statement) if statement.returned else [],
        "payout": payout,
        "payout_text": statements.describe_payout(payout) if payout else "",
        "payout_steps": payout_history.list_steps(payout) if payout else [],
        "reasons": statements.explain_reasons(statement),
        "tax_note": statements.get_tax_note(),
        "terms": statements.get_terms_id(statement),
        "category_names": load_category_names(),
        "categories": statements.sum_by_category(statement) if statement.lines > LINES_PER_PAGE else [],
        "clauses": {rule.value: statements.get_clause(statement, rule) for rule in CITED_RULES},
    }
    # A negative balance carried over by the newest statement is what the affiliate owes now.
    if statement.closing < 0 and not statements.list_statements(affiliate).filter(number__gt=statement.number).exists():
        context |= build_negative_balance_context(affiliate)
    return render(request, "payouts/statement.html", context)


@affiliate_view
@reads_replica
def download_pdf(request: HttpRequest, affiliate: Affiliate, pk: UUID) -> HttpResponse:
    """Return a statement as a PDF."""
    statement = get_object_or_404(statements.list_statements(affiliate), pk=pk)
    return HttpResponse(
        statement_pdf.render_statement(statement),
        content_type="application/pdf",
        headers={"Content-Disposition": f'attachment; filename="{statement_pdf.get_file_name(statement)}"'},
    )


@affiliate_view
@limits_downloads
@reads_replica
def download_csv(request: HttpRequest, affiliate: Affiliate, pk: UUID) -> StreamingHttpResponse:
    """Return a statement as a CSV, streamed because it may have 50,000 lines."""
    statement = get_object_or_404(statements.list_statements(affiliate), pk=pk)
    name = statement_pdf.get_file_name(statement).removesuffix(".pdf")
    return stream_csv_response(f"{name}.csv", statements.COLUMNS, statements.iter_csv_rows(statement))
