"""A statement as a PDF. Everything goes in as data, nothing as markup (DESIGN 3)."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID

import typst
from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from agreements.program_currency import get_program_currency
from agreements.rules import Rule
from lib.formatting import format_category, format_date, format_datetime_for, format_day, format_money, format_month
from mail.attachments import Attachment
from payouts.closing import statements
from payouts.models import Statement, StatementLine

TEMPLATE = Path(__file__).parent / "statement.typ"
# A longer statement shows sums by category and day; its lines are in the CSV (issue of a readable PDF, not of size).
MAX_LINES = 500


def render_statement(statement: Statement) -> bytes:
    """The PDF of `statement`; the same bytes for the same statement and wording."""
    made: bytes = typst.compile(TEMPLATE.read_bytes(), sys_inputs={"data": json.dumps(_build_data(statement))})
    return made


def get_file_name(statement: Statement) -> str:
    return f"statement-{statement.affiliate.code}-{statement.number:04d}.pdf"


def build_attachment(key: str) -> Attachment:
    """The PDF for an e-mail; `key` is the statement's id."""
    statement = Statement.objects.select_related("close", "affiliate", "agreement").get(pk=UUID(key))
    return Attachment(get_file_name(statement), render_statement(statement), "application/pdf")


def _build_data(statement: Statement) -> dict[str, Any]:
    currency = get_program_currency()
    short = statement.lines <= MAX_LINES
    return {
        "program": settings.PROGRAM_NAME,
        "labels": _build_labels(),
        "name": statement.affiliate.name,
        "code": statement.affiliate.code,
        "number": str(statement.number),
        "month": format_month(statement.close.period),
        "closed": format_datetime_for(statement.close.closed_at, statement.affiliate),
        "version": str(statement.agreement) if statement.agreement else "",
        "sums": _build_sums(statement, currency),
        "closing": format_money(statement.closing, currency),
        "lines": [_format_line(row, currency) for row in statements.list_lines(statement)] if short else [],
        "categories": _format_subtotals(statements.sum_by_category(statement), currency, format_category),
        "days": [] if short else _format_subtotals(statements.sum_by_day(statement), currency, format_date),
        "long": ""
        if short
        else _("This statement has %(count)s lines; they are in its CSV file.") % {"count": f"{statement.lines:,}"},
        "adjustments": [
            [
                format_day(row.decided_at, statement.affiliate),
                row.kind_label,
                row.reason,
                format_money(row.amount, currency),
            ]
            for row in statements.list_adjustments(statement)
        ],
        "returned": [
            [
                format_day(row.returned_at, statement.affiliate),
                row.reference,
                row.failure,
                format_money(row.amount, currency),
            ]
            for row in statements.list_returned_payouts(statement)
        ],
        "payout": _describe_payout(statement),
        "reasons": [[str(why.text), _format_clause(why.clause)] for why in statements.explain_reasons(statement)],
        "tax": _describe_tax(statement),
    }


def _build_labels() -> dict[str, str]:
    return {
        "title": _("Statement"), "for": _("for"), "no": _("no."), "closed": _("closed on"), "under": _("under"),
        "order": _("Order"), "line": _("Line"), "category": _("Category"), "base": _("Base"), "rate": _("Rate"),
        "clause": _("Clause"), "posted": _("Posted"), "lines": _("Lines"), "day": _("Day"), "date": _("Date"),
        "kind": _("Kind"), "reason": _("Reason"), "reference": _("Reference"), "commissions": _("Commissions"),
        "categories": _("By category"), "days": _("By the day on which orders were placed"),
        "adjustments": _("Adjustments"), "returned": _("Returned payouts"), "carried": _("Carried over, because"),
        "difference": _("A line posts what its commission is now, less what earlier statements have posted of it."),
        "closing": _("Closing balance"), "page": _("page"), "of": _("of"),
    }  # fmt: skip


def _build_sums(statement: Statement, currency: str) -> list[list[str]]:
    settled = ngettext("Commissions settled (%(count)s line)", "Commissions settled (%(count)s lines)", statement.lines)
    rows = [
        (_("Opening balance"), statement.opening),
        (settled % {"count": f"{statement.lines:,}"}, statement.settled),
        (_("Adjustments"), statement.adjustments),
        (_("Returned payouts"), statement.returned),
        (_("Payout"), -statement.payout),
    ]
    return [[label, format_money(amount, currency)] for label, amount in rows]


def _format_line(row: StatementLine, currency: str) -> list[str]:
    commission = row.commission
    named = format_category(commission.category)
    if row.forfeited:
        named = _("%(category)s (forfeited)") % {"category": named}
    return [
        commission.order.order_id, commission.line.line_id, named, format_money(row.base, currency),
        f"{row.rate} %", statements.format_clause(row.clause, commission.agreement.name), format_money(row.amount, currency),
    ]  # fmt: skip


def _format_subtotals(shares: list[statements.Subtotal], currency: str, named: Callable[[Any], str]) -> list[list[str]]:
    return [[named(share.label), f"{share.lines:,}", format_money(share.amount, currency)] for share in shares]


def _describe_payout(statement: Statement) -> str:
    paid = statements.get_payout(statement)
    if paid is None:
        return ""
    names = {"method": paid.details.get_method_display(), "account": paid.details.masked, "reference": paid.reference}
    return _("Payout by %(method)s to %(account)s, reference %(reference)s.") % names


def _format_clause(number: str) -> str:
    return _("clause %(number)s") % {"number": number} if number else ""


def _describe_tax(statement: Statement) -> str:
    number = _format_clause(statements.get_clause(statement, Rule.BEFORE_TAX))
    text = _("Amounts are before any tax that you owe. This is not a tax invoice.")
    return f"{text} ({number})" if number else text
