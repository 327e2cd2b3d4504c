"""Reading statements: the same numbers for the page, the PDF and the CSV file (specification 6.4)."""

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import UUID

from django.db.models import Count, QuerySet, Sum
from django.db.models.functions import TruncDate
from django.utils.functional import Promise
from django.utils.translation import gettext as _

from affiliates.models import Affiliate
from agreements.clauses import get_clause_number
from agreements.periods import format_program_day, get_program_time_zone
from agreements.rules import Rule
from lib.csv import Cell
from lib.keyset import iterate_by_key
from payouts.closing import payout_history
from payouts.closing.carry_over import CarryOverReason
from payouts.models import Adjustment, Payout, Statement, StatementLine

COLUMNS = ("entry", "date", "order", "line", "category", "base", "rate", "clause", "amount", "note")


class CarryOverExplanation(NamedTuple):
    """A reason for carrying a balance over, with the clause of the version that states it ("" if none does)."""

    text: str | Promise
    agreement_id: UUID | None
    clause: str


class Subtotal(NamedTuple):
    """Number and total of the lines of one category or one day."""

    label: object
    lines: int
    amount: Decimal


def list_statements(affiliate: Affiliate) -> QuerySet[Statement]:
    """Return the statements of `affiliate`, newest first."""
    return (
        Statement.objects.for_affiliate(affiliate).select_related("close", "agreement", "affiliate").order_by("-number")
    )


def list_lines(statement: Statement) -> QuerySet[StatementLine]:
    """Return the lines of `statement` with their orders, in the order posted."""
    return statement.statement_lines.select_related(
        "commission__order", "commission__line", "commission__agreement"
    ).order_by("pk")


def list_adjustments(statement: Statement) -> QuerySet[Adjustment]:
    return statement.settled_adjustments.order_by("made_at", "pk")


def list_returned_payouts(statement: Statement) -> QuerySet[Payout]:
    return statement.returned_payouts.select_related("details").order_by("returned_at", "pk")


def get_payout(statement: Statement) -> Payout | None:
    """Return the payout that the close drafted for `statement`, in its current state."""
    related = ("details", "affiliate", "replaced_by__details", "returned_statement")
    return Payout.objects.filter(statement=statement).select_related(*related).first()


def describe_payout(payout: Payout) -> str:
    """Return where the payout of a statement went, and when it was sent or paid, or came back and what became of it."""
    text = _("Payout by %(method)s to %(account)s, reference %(reference)s.")
    if payout.state == Payout.State.PAID:
        text = _("Payout by %(method)s to %(account)s, reference %(reference)s, paid on %(day)s.")
    elif payout.state == Payout.State.SENT:
        text = _("Payout by %(method)s to %(account)s, reference %(reference)s, sent on %(day)s.")
    elif payout.state == Payout.State.FAILED:
        text = _("Payout by %(method)s to %(account)s, reference %(reference)s, came back on %(day)s: %(failure)s.")
    elif payout.state == Payout.State.CANCELLED:
        text = _("Payout by %(method)s to %(account)s, reference %(reference)s, cancelled on %(day)s: %(failure)s.")
    at = payout.returned_at or payout.paid_at or payout.sent_at
    described = text % (
        payout_history.describe_destination(payout)
        | {
            "day": format_program_day(at),
            "failure": payout.failure.rstrip("."),
        }
    )
    return f"{described} {payout_history.describe_successor(payout)}".strip()


def get_terms_id(statement: Statement) -> UUID | None:
    """Return the id of the version whose clauses apply: the affiliate's, else the one in force at the close."""
    return statement.agreement_id or statement.close.agreement_id


def get_clause(statement: Statement, rule: Rule) -> str:
    return get_clause_number(get_terms_id(statement), rule)


def get_tax_note() -> str:
    """Return the sentences about tax on the page and the PDF of a statement."""
    return _("Amounts are before any tax that you owe. This is not a tax invoice.")


def explain_reasons(statement: Statement) -> list[CarryOverExplanation]:
    """Explain each reason why the balance of `statement` was carried over."""
    return [explain_reason(code, get_terms_id(statement)) for code in statement.reasons]


def explain_reason(code: str, agreement_id: UUID | None) -> CarryOverExplanation:
    """Return the text of the reason `code` with the clause of the version that states it."""
    reason = CarryOverReason(code)
    clause = next((number for rule in reason.rules if (number := get_clause_number(agreement_id, rule))), "")
    return CarryOverExplanation(reason.label, agreement_id, clause)


def sum_by_category(statement: Statement) -> list[Subtotal]:
    """Return the lines of `statement` summed by category, largest first."""
    return _sum_lines(statement.statement_lines.values("commission__category"), "commission__category", "-amount_")


def sum_by_day(statement: Statement) -> list[Subtotal]:
    """Return the lines of `statement` summed by the day of their orders in the program's time zone."""
    day = TruncDate("commission__placed_at", tzinfo=get_program_time_zone())
    return _sum_lines(statement.statement_lines.annotate(day=day).values("day"), "day", "day")


def _sum_lines(rows: QuerySet[StatementLine, Any], label: str, order: str) -> list[Subtotal]:
    sums = rows.annotate(lines_=Count("pk"), amount_=Sum("amount")).order_by(order, label)
    return [Subtotal(*row) for row in sums.values_list(label, "lines_", "amount_")]


def iter_csv_rows(statement: Statement) -> Iterator[list[Cell]]:
    """Yield the rows of the statement under COLUMNS, streamed from the database.

    The last row is the closing balance, the sum of the amounts of all others.
    """
    yield _build_row("opening balance", amount=statement.opening)
    fields = (
        "commission__placed_at",
        "commission__order__order_id",
        "commission__line__line_id",
        "commission__category",
        "base",
        "rate",
        "clause",
        "commission__agreement_id",
        "commission__agreement__name",
        "amount",
        "forfeited",
    )
    for at, order, line, category, base, rate, number, terms, version, amount, forfeited in iterate_by_key(
        statement.statement_lines.values_list(*fields)
    ):
        note = _describe_forfeiture(terms, version) if forfeited else ""
        yield ["commission", at, order, line, category, base, rate, format_clause(number, version), amount, note]
    for adjustment in list_adjustments(statement):
        number = get_clause(statement, Rule.ADJUSTMENTS)
        yield _build_row(
            adjustment.kind, at=adjustment.decided_at, clause=number, amount=adjustment.amount, note=adjustment.reason
        )
    for returned in list_returned_payouts(statement):
        number, note = get_clause(statement, Rule.FAILED_PAYOUTS), f"{returned.reference}: {returned.failure}"
        yield _build_row("payout returned", at=returned.returned_at, clause=number, amount=returned.amount, note=note)
    payout = get_payout(statement)
    if payout:
        yield _build_row("payout", at=statement.close.closed_at, amount=-statement.payout, note=payout.reference)
    for reason in explain_reasons(statement):
        yield _build_row("carried over", clause=reason.clause, amount=Decimal("0.00"), note=str(reason.text))
    yield _build_row("closing balance", at=statement.close.closed_at, amount=statement.closing)


def format_clause(number: str, version: str) -> str:
    """Return a clause with its version, as in "4.1 of version 1"; the lines of a statement may have different ones."""
    return _("%(number)s of version %(version)s") % {"number": number, "version": version} if number else ""


def _describe_forfeiture(terms: UUID, version: str) -> str:
    number = format_clause(get_clause_number(terms, Rule.FORFEITURE), version)
    return _("forfeited, clause %(number)s") % {"number": number} if number else _("forfeited")


def _build_row(
    entry: str, *, amount: Decimal, at: datetime | None = None, clause: str = "", note: str = ""
) -> list[Cell]:
    return [entry, at, "", "", "", None, None, clause, amount, note]
