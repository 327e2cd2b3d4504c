"""A statement as a PDF. Everything goes in as data, nothing as markup (DESIGN 3)."""

import json
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any
from uuid import UUID

import typst
from django.conf import settings
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from agreements.program_currency import program_currency
from agreements.rules import Rule
from lib.formatting import category, day, moment_for, money, month
from mail.attachments import Attachment
from payouts.closing import statements
from payouts.models import Statement, StatementLine

TEMPLATE = Path(__file__).parent / "statement.typ"
# A longer statement shows sums by category and day; its lines are in the CSV (issue of a readable PDF, not of size).
MOST_LINES = 500


def render(statement: Statement) -> bytes:
    """The PDF of `statement`; the same bytes for the same statement and wording."""
    made: bytes = typst.compile(TEMPLATE.read_bytes(), sys_inputs={"data": json.dumps(_data(statement))})
    return made


def name_of(statement: Statement) -> str:
    return f"statement-{statement.affiliate.code}-{statement.number:04d}.pdf"


def attachment(key: str) -> Attachment:
    """The PDF for an e-mail; `key` is the statement's id."""
    statement = Statement.objects.select_related("close", "affiliate", "agreement").get(pk=UUID(key))
    return Attachment(name_of(statement), render(statement), "application/pdf")


def _data(statement: Statement) -> dict[str, Any]:
    currency = program_currency()
    short = statement.lines <= MOST_LINES
    return {
        "program": settings.PROGRAM_NAME,
        "labels": _labels(),
        "name": statement.affiliate.name,
        "code": statement.affiliate.code,
        "number": str(statement.number),
        "month": month(statement.close.period),
        "closed": moment_for(statement.close.closed_at, statement.affiliate),
        "version": str(statement.agreement) if statement.agreement else "",
        "sums": _sums(statement, currency),
        "closing": money(statement.closing, currency),
        "lines": [_line(row, currency) for row in statements.lines(statement)] if short else [],
        "categories": _shares(statements.by_category(statement), currency, category),
        "days": [] if short else _shares(statements.by_day(statement), currency, _on),
        "long": ""
        if short
        else _("This statement has %(count)s lines; they are in its CSV file.") % {"count": f"{statement.lines:,}"},
        "adjustments": [
            [day(row.decided_at, statement.affiliate), row.shown_kind, row.reason, money(row.amount, currency)]
            for row in statements.adjustments(statement)
        ],
        "returned": [
            [day(row.came_back_at, statement.affiliate), row.reference, row.failure, money(row.amount, currency)]
            for row in statements.returned(statement)
        ],
        "payout": _payout(statement),
        "reasons": [[str(why.text), _clause(why.clause)] for why in statements.reasons(statement)],
        "tax": _tax(statement),
    }


def _labels() -> dict[str, str]:
    return {
        "title": _("Statement"), "for": _("for"), "no": _("no."), "closed": _("closed on"), "under": _("under"),
        "order": _("Order"), "line": _("Line"), "category": _("Category"), "base": _("Base"), "rate": _("Rate"),
        "clause": _("Clause"), "posted": _("Posted"), "lines": _("Lines"), "day": _("Day"), "date": _("Date"),
        "kind": _("Kind"), "reason": _("Reason"), "reference": _("Reference"), "commissions": _("Commissions"),
        "categories": _("By category"), "days": _("By the day on which orders were placed"),
        "adjustments": _("Adjustments"), "returned": _("Payouts that came back"), "carried": _("Carried over, because"),
        "difference": _("A line posts what its commission is now, less what earlier statements have posted of it."),
        "closing": _("Closing balance"), "page": _("page"), "of": _("of"),
    }  # fmt: skip


def _sums(statement: Statement, currency: str) -> list[list[str]]:
    settled = ngettext("Commissions settled (%(count)s line)", "Commissions settled (%(count)s lines)", statement.lines)
    rows = [
        (_("Opening balance"), statement.opening),
        (settled % {"count": f"{statement.lines:,}"}, statement.settled),
        (_("Adjustments"), statement.adjustments),
        (_("Payouts that came back"), statement.returned),
        (_("Payout"), -statement.payout),
    ]
    return [[label, money(amount, currency)] for label, amount in rows]


def _line(row: StatementLine, currency: str) -> list[str]:
    commission = row.commission
    named = category(commission.category)
    if row.forfeited:
        named = _("%(category)s (forfeited)") % {"category": named}
    return [
        commission.order.order_id, commission.line.line_id, named, money(row.base, currency),
        f"{row.rate} %", statements.of_version(row.clause, commission.agreement.name), money(row.amount, currency),
    ]  # fmt: skip


def _shares(shares: list[statements.Share], currency: str, named: Callable[[Any], str]) -> list[list[str]]:
    return [[named(share.label), f"{share.lines:,}", money(share.amount, currency)] for share in shares]


def _on(day: date) -> str:
    return date_format(day, "j F Y")


def _payout(statement: Statement) -> str:
    paid = statements.payout(statement)
    if paid is None:
        return ""
    names = {"method": paid.details.get_method_display(), "account": paid.details.masked, "reference": paid.reference}
    return _("Payout by %(method)s to %(account)s, reference %(reference)s.") % names


def _clause(number: str) -> str:
    return _("clause %(number)s") % {"number": number} if number else ""


def _tax(statement: Statement) -> str:
    number = _clause(statements.clause(statement, Rule.BEFORE_TAX))
    text = _("Amounts are before any tax of yours. This is no tax invoice.")
    return f"{text} ({number})" if number else text
