"""Statements as PDFs. All texts are passed to the template as data, so that none is read as markup."""

from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from agreements.category_names import CategoryNames, load_category_names
from agreements.periods import format_program_day, format_program_time, get_program_time_zone
from agreements.program_currency import get_program_currency
from agreements.rules import Rule
from lib.formatting import format_date, format_money, format_month
from lib.typesetting import compile_pdf
from mail.attachments import Attachment
from payouts.closing import statements
from payouts.models import Statement, StatementLine

TEMPLATE = Path(__file__).parent / "statement.typ"
# A longer statement has sums by category and day, which stay readable; its lines are in the CSV file.
MAX_LINES = 500


def render_statement(statement: Statement) -> bytes:
    """Return the PDF of `statement`; the same statement, payout and texts give the same bytes."""
    return compile_pdf(TEMPLATE, _build_data(statement))


def get_file_name(statement: Statement) -> str:
    return f"statement-{statement.affiliate.code}-{statement.number:04d}.pdf"


def build_attachment(key: str) -> Attachment:
    """Return the PDF for an e-mail; `key` is the statement's id."""
    statement = Statement.objects.select_related("close", "affiliate", "agreement").get(pk=UUID(key))
    return Attachment(get_file_name(statement), render_statement(statement), "application/pdf")


def _build_data(statement: Statement) -> dict[str, Any]:
    currency, names, zone = get_program_currency(), load_category_names(), get_program_time_zone()
    is_short = statement.lines <= MAX_LINES
    return {
        "program": settings.PROGRAM_NAME,
        "contact": " · ".join(filter(None, (settings.CONTACT_EMAIL, settings.CONTACT_URL, settings.IMPRINT_URL))),
        "labels": _build_labels(),
        "name": statement.affiliate.name,
        "code": statement.affiliate.code,
        "number": str(statement.number),
        "month": format_month(statement.close.period),
        "closed": format_program_time(statement.close.closed_at),
        "version": str(statement.agreement) if statement.agreement else "",
        "sums": _build_sums(statement, currency),
        "closing": format_money(statement.closing, currency),
        "settled": format_money(statement.settled, currency),
        "lines": [_format_line(row, currency, names, zone) for row in statements.list_lines(statement)]
        if is_short
        else [],
        "categories": _format_subtotals(statements.sum_by_category(statement), currency, names.__getitem__),
        "days": [] if is_short else _format_subtotals(statements.sum_by_day(statement), currency, format_date),
        "long": ""
        if is_short
        else _("The %(count)s lines of this statement are in its CSV file.") % {"count": f"{statement.lines:,}"},
        "adjustments": [
            [
                format_program_day(row.decided_at),
                row.kind_label,
                row.reason,
                format_money(row.amount, currency),
            ]
            for row in statements.list_adjustments(statement)
        ],
        "returned": [
            [
                format_program_day(row.returned_at),
                row.reference,
                row.failure,
                format_money(row.amount, currency),
            ]
            for row in statements.list_returned_payouts(statement)
        ],
        "payout": _describe_payout(statement),
        "reasons": [
            [str(reason.text), _format_clause(reason.clause)] for reason in statements.explain_reasons(statement)
        ],
        "tax": _describe_tax(statement),
    }


def _build_labels() -> dict[str, str]:
    return {
        "title": _("Statement"), "no": _("no."), "closed": _("closed on"), "agreement": _("agreement"),
        "order": _("Order"), "line": _("Line"), "category": _("Category"), "base": _("Base"), "rate": _("Rate"),
        "clause": _("Clause"), "settled": _("Commission"), "lines": _("Lines"), "day": _("Day"), "date": _("Date"),
        "kind": _("Kind"), "reason": _("Reason"), "reference": _("Reference"), "amount": _("Amount"),
        "commissions": _("Commissions"), "categories": _("By category"), "days": _("By order date"),
        "adjustments": _("Adjustments"), "returned": _("Returned payouts"), "carried": _("Carried over because"),
        "issued": _("Issued by"), "placed": _("Placed"), "total": _("Total"),
        "difference": _(
            "A statement counts a commission in the month in which it is settled. Each line settles the commission less "
            "the amounts that earlier statements settled for it. Days are in the program's time zone, %(zone)s."
        ) % {"zone": get_program_time_zone().key},
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


def _format_line(row: StatementLine, currency: str, names: CategoryNames, zone: ZoneInfo) -> list[str]:
    commission = row.commission
    category = names[commission.category]
    if row.forfeited:
        category = _("%(category)s (forfeited)") % {"category": category}
    return [
        commission.order.order_id, format_date(commission.placed_at.astimezone(zone).date()),
        commission.line.line_id, category, format_money(row.base, currency),
        f"{row.rate} %", statements.format_clause(row.clause, commission.agreement.name),
        format_money(row.amount, currency),
    ]  # fmt: skip


def _format_subtotals(
    subtotals: list[statements.Subtotal], currency: str, format_label: Callable[[Any], str]
) -> list[list[str]]:
    return [
        [format_label(subtotal.label), f"{subtotal.lines:,}", format_money(subtotal.amount, currency)]
        for subtotal in subtotals
    ]


def _describe_payout(statement: Statement) -> str:
    payout = statements.get_payout(statement)
    if payout is None:
        return ""
    return statements.describe_payout(payout)


def _format_clause(number: str) -> str:
    return _("clause %(number)s") % {"number": number} if number else ""


def _describe_tax(statement: Statement) -> str:
    number = _format_clause(statements.get_clause(statement, Rule.BEFORE_TAX))
    text = statements.get_tax_note()
    return f"{text} ({number})" if number else text
