"""An affiliate's statements: list, page, PDF and CSV from the same reads."""

from typing import Any
from uuid import UUID

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django_tables2 import RequestConfig

from affiliates.access import affiliate_view
from affiliates.models import Affiliate
from agreements.clauses import clause_of
from agreements.rules import Rule
from agreements.under import agreement_of
from lib.csv import csv_lines
from payouts.closing import statement_pdf, statements
from payouts.ledger import booking, negative_balances
from payouts.tables import StatementTable

LINES_ON_A_PAGE = 100
# The rules whose clauses a statement names beside its own lines'.
NAMED = (Rule.BEFORE_TAX, Rule.ADJUSTMENTS, Rule.FAILED_PAYOUTS, Rule.BALANCE, Rule.SETTLEMENT)


@affiliate_view
def index(request: HttpRequest, affiliate: Affiliate) -> HttpResponse:
    """All statements of the affiliate, newest first, and the balance."""
    table = StatementTable(statements.of(affiliate), orderable=False)
    RequestConfig(request, paginate={"per_page": 24}).configure(table)
    context = {"table": table, "balance": booking.balance(affiliate), **below_zero(affiliate)}
    return render(request, "payouts/statements.html", context)


def below_zero(affiliate: Affiliate) -> dict[str, Any]:
    """For `payouts/below_zero.html`: what the affiliate owes by age, and the clause; nothing where they owe nothing."""
    now = timezone.now()
    owed = negative_balances.of(affiliate, now)
    if owed is None:
        return {}
    agreement = agreement_of(affiliate.pk, at=now)[0]
    number = clause_of(agreement.pk if agreement else None, Rule.NEGATIVE_BALANCE)
    return {"owed": owed, "owed_under": agreement, "owed_clause": number}


@affiliate_view
def page(request: HttpRequest, affiliate: Affiliate, pk: UUID) -> HttpResponse:
    """One statement as a page."""
    statement = get_object_or_404(statements.of(affiliate), pk=pk)
    lines = Paginator(statements.lines(statement), LINES_ON_A_PAGE)
    # Known from the statement: counting 50,000 rows for each page would cost more than reading one.
    lines.count = statement.lines
    context = {
        "statement": statement,
        "lines": lines.get_page(request.GET.get("page")),
        "adjustments": statements.adjustments(statement),
        "returned": statements.returned(statement),
        "payout": statements.payout(statement),
        "reasons": statements.reasons(statement),
        "terms": statements.terms_id(statement),
        "categories": statements.by_category(statement) if statement.lines > LINES_ON_A_PAGE else [],
        "clauses": {rule.value: statements.clause(statement, rule) for rule in NAMED},
    }
    # What the newest statement carried over below zero is what is owed now.
    if statement.closing < 0 and not statements.of(affiliate).filter(number__gt=statement.number).exists():
        context |= below_zero(affiliate)
    return render(request, "payouts/statement.html", context)


@affiliate_view
def as_pdf(request: HttpRequest, affiliate: Affiliate, pk: UUID) -> HttpResponse:
    """One statement as a PDF."""
    statement = get_object_or_404(statements.of(affiliate), pk=pk)
    return HttpResponse(
        statement_pdf.render(statement),
        content_type="application/pdf",
        headers={"Content-Disposition": f'inline; filename="{statement_pdf.name_of(statement)}"'},
    )


@affiliate_view
def as_csv(request: HttpRequest, affiliate: Affiliate, pk: UUID) -> StreamingHttpResponse:
    """One statement as a CSV, streamed: it may have 50,000 lines."""
    statement = get_object_or_404(statements.of(affiliate), pk=pk)
    name = statement_pdf.name_of(statement).removesuffix(".pdf")
    return StreamingHttpResponse(
        csv_lines(statements.COLUMNS, statements.csv_rows(statement)),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}.csv"'},
    )
