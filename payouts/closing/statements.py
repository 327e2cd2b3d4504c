"""Reading a statement: the same numbers for page, PDF and CSV (CONTRACT 6.4)."""

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
from agreements.periods import get_program_time_zone
from agreements.rules import Rule
from lib.csv import Cell
from payouts.closing.carry_over import CarryOverReason
from payouts.models import Adjustment, Payout, Statement, StatementLine

COLUMNS = ("entry", "date", "order", "line", "category", "base", "rate", "clause", "amount", "note")


class CarryOverExplanation(NamedTuple):
    """Why a balance was carried over, and which clause of which version says so ("" where none applies)."""

    text: str | Promise
    agreement_id: UUID | None
    clause: str


class Subtotal(NamedTuple):
    """What lines of one category, or of one day, come to."""

    label: object
    lines: int
    amount: Decimal


def list_statements(affiliate: Affiliate) -> QuerySet[Statement]:
    """The statements of `affiliate`, newest first."""
    return (
        Statement.objects.for_affiliate(affiliate).select_related("close", "agreement", "affiliate").order_by("-number")
    )


def list_lines(statement: Statement) -> QuerySet[StatementLine]:
    """Its lines with their orders, in the order posted."""
    return statement.statement_lines.select_related(
        "commission__order", "commission__line", "commission__agreement"
    ).order_by("pk")


def list_adjustments(statement: Statement) -> QuerySet[Adjustment]:
    return statement.settled_adjustments.order_by("made_at", "pk")


def list_returned_payouts(statement: Statement) -> QuerySet[Payout]:
    return statement.returned_payouts.select_related("details").order_by("returned_at", "pk")


def get_payout(statement: Statement) -> Payout | None:
    """The payout that the close drafted for it, as it stands now."""
    return Payout.objects.filter(statement=statement).select_related("details").first()


def get_terms_id(statement: Statement) -> UUID | None:
    """The version whose clauses a statement names: the affiliate's, else the one in force at the close."""
    return statement.agreement_id or statement.close.agreement_id


def get_clause(statement: Statement, rule: Rule) -> str:
    return get_clause_number(get_terms_id(statement), rule)


def explain_reasons(statement: Statement) -> list[CarryOverExplanation]:
    """Each reason of the carry-over in words, with its clause."""
    return [explain_reason(code, get_terms_id(statement)) for code in statement.reasons]


def explain_reason(code: str, agreement_id: UUID | None) -> CarryOverExplanation:
    """The reason `code` in words, with the clause of the version that states it."""
    carried = CarryOverReason(code)
    number = next((found for rule in carried.rules if (found := get_clause_number(agreement_id, rule))), "")
    return CarryOverExplanation(carried.label, agreement_id, number)


def sum_by_category(statement: Statement) -> list[Subtotal]:
    """Its lines summed by category, the greatest first."""
    return _sum_lines(statement.statement_lines.values("commission__category"), "commission__category", "-amount_")


def sum_by_day(statement: Statement) -> list[Subtotal]:
    """Its lines summed by the day on which their orders were placed, in the program's time zone."""
    day = TruncDate("commission__placed_at", tzinfo=get_program_time_zone())
    return _sum_lines(statement.statement_lines.annotate(day=day).values("day"), "day", "day")


def _sum_lines(rows: QuerySet[StatementLine, Any], label: str, order: str) -> list[Subtotal]:
    sums = rows.annotate(lines_=Count("pk"), amount_=Sum("amount")).order_by(order, label)
    return [Subtotal(*row) for row in sums.values_list(label, "lines_", "amount_")]


def iter_csv_rows(statement: Statement) -> Iterator[list[Cell]]:
    """The whole statement under COLUMNS, one row an entry, read from the database as it is written: amounts of all entries
    but the last one sum to the last, the closing balance."""
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
    for at, order, line, category, base, rate, number, terms, version, amount, forfeited in (
        statement.statement_lines.order_by("pk").values_list(*fields).iterator(chunk_size=2000)
    ):
        note = _describe_forfeiture(terms, version) if forfeited else ""
        yield ["commission", at, order, line, category, base, rate, format_clause(number, version), amount, note]
    for adjustment in list_adjustments(statement):
        number = get_clause(statement, Rule.ADJUSTMENTS)
        yield _build_row(
            adjustment.kind, at=adjustment.decided_at, clause=number, amount=adjustment.amount, note=adjustment.reason
        )
    for came_back in list_returned_payouts(statement):
        number, note = get_clause(statement, Rule.FAILED_PAYOUTS), f"{came_back.reference}: {came_back.failure}"
        yield _build_row("payout returned", at=came_back.returned_at, clause=number, amount=came_back.amount, note=note)
    paid = get_payout(statement)
    if paid:
        yield _build_row("payout", at=statement.close.closed_at, amount=-statement.payout, note=paid.reference)
    for why in explain_reasons(statement):
        yield _build_row("carried over", clause=why.clause, amount=Decimal("0.00"), note=str(why.text))
    yield _build_row("closing balance", at=statement.close.closed_at, amount=statement.closing)


def format_clause(number: str, version: str) -> str:
    """A clause with its version, as "4.1 of version 1": lines of one statement may be priced under different ones."""
    return _("%(number)s of version %(version)s") % {"number": number, "version": version} if number else ""


def _describe_forfeiture(terms: UUID, version: str) -> str:
    number = format_clause(get_clause_number(terms, Rule.FORFEITURE), version)
    return _("forfeited, clause %(number)s") % {"number": number} if number else _("forfeited")


def _build_row(
    entry: str, *, amount: Decimal, at: datetime | None = None, clause: str = "", note: str = ""
) -> list[Cell]:
    return [entry, at, "", "", "", None, None, clause, amount, note]
