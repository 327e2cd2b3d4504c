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
from agreements.clauses import clause_of
from agreements.periods import program_zone
from agreements.rules import Rule
from lib.csv import Cell
from payouts.closing.carry_over import CarryOver
from payouts.models import Adjustment, Payout, Statement, StatementLine

COLUMNS = ("entry", "date", "order", "line", "category", "base", "rate", "clause", "amount", "note")


class Reason(NamedTuple):
    """Why a balance was carried over, and which clause of which version says so ("" where none applies)."""

    text: str | Promise
    agreement_id: UUID | None
    clause: str


class Share(NamedTuple):
    """What lines of one category, or of one day, come to."""

    label: object
    lines: int
    amount: Decimal


def of(affiliate: Affiliate) -> QuerySet[Statement]:
    """The statements of `affiliate`, newest first."""
    return (
        Statement.objects.for_affiliate(affiliate).select_related("close", "agreement", "affiliate").order_by("-number")
    )


def lines(statement: Statement) -> QuerySet[StatementLine]:
    """Its lines with their orders, in the order posted."""
    return statement.statement_lines.select_related(
        "commission__order", "commission__line", "commission__agreement"
    ).order_by("pk")


def adjustments(statement: Statement) -> QuerySet[Adjustment]:
    return statement.posted_adjustments.order_by("made_at", "pk")


def returned(statement: Statement) -> QuerySet[Payout]:
    return statement.returned_payouts.select_related("details").order_by("came_back_at", "pk")


def payout(statement: Statement) -> Payout | None:
    """The payout that the close drafted for it, as it stands now."""
    return Payout.objects.filter(statement=statement).select_related("details").first()


def terms_id(statement: Statement) -> UUID | None:
    """The version whose clauses a statement names: the affiliate's, else the one in force at the close."""
    return statement.agreement_id or statement.close.agreement_id


def clause(statement: Statement, rule: Rule) -> str:
    return clause_of(terms_id(statement), rule)


def reasons(statement: Statement) -> list[Reason]:
    """Each reason of the carry-over in words, with its clause."""
    return [reason(code, terms_id(statement)) for code in statement.reasons]


def reason(code: str, agreement_id: UUID | None) -> Reason:
    """The reason `code` in words, with the clause of the version that states it."""
    carried = CarryOver(code)
    number = next((found for rule in carried.rules if (found := clause_of(agreement_id, rule))), "")
    return Reason(carried.label, agreement_id, number)


def by_category(statement: Statement) -> list[Share]:
    """Its lines summed by category, the greatest first."""
    return _shares(statement.statement_lines.values("commission__category"), "commission__category", "-amount_")


def by_day(statement: Statement) -> list[Share]:
    """Its lines summed by the day on which their orders were placed, in the program's time zone."""
    day = TruncDate("commission__placed_at", tzinfo=program_zone())
    return _shares(statement.statement_lines.annotate(day=day).values("day"), "day", "day")


def _shares(rows: QuerySet[StatementLine, Any], label: str, order: str) -> list[Share]:
    sums = rows.annotate(lines_=Count("pk"), amount_=Sum("amount")).order_by(order, label)
    return [Share(*row) for row in sums.values_list(label, "lines_", "amount_")]


def csv_rows(statement: Statement) -> Iterator[list[Cell]]:
    """The whole statement under COLUMNS, one row an entry, read from the database as it is written: amounts of all entries
    but the last one sum to the last, the closing balance."""
    yield _row("opening balance", amount=statement.opening)
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
        note = _forfeited(terms, version) if forfeited else ""
        yield ["commission", at, order, line, category, base, rate, of_version(number, version), amount, note]
    for adjustment in adjustments(statement):
        number = clause(statement, Rule.ADJUSTMENTS)
        yield _row(
            adjustment.kind, at=adjustment.decided_at, clause=number, amount=adjustment.amount, note=adjustment.reason
        )
    for came_back in returned(statement):
        number, note = clause(statement, Rule.FAILED_PAYOUTS), f"{came_back.reference}: {came_back.failure}"
        yield _row("payout returned", at=came_back.came_back_at, clause=number, amount=came_back.amount, note=note)
    paid = payout(statement)
    if paid:
        yield _row("payout", at=statement.close.closed_at, amount=-statement.payout, note=paid.reference)
    for why in reasons(statement):
        yield _row("carried over", clause=why.clause, amount=Decimal("0.00"), note=str(why.text))
    yield _row("closing balance", at=statement.close.closed_at, amount=statement.closing)


def of_version(number: str, version: str) -> str:
    """A clause with its version, as "4.1 of version 1": lines of one statement may be priced under different ones."""
    return _("%(number)s of version %(version)s") % {"number": number, "version": version} if number else ""


def _forfeited(terms: UUID, version: str) -> str:
    number = of_version(clause_of(terms, Rule.FORFEITURE), version)
    return _("forfeited, clause %(number)s") % {"number": number} if number else _("forfeited")


def _row(entry: str, *, amount: Decimal, at: datetime | None = None, clause: str = "", note: str = "") -> list[Cell]:
    return [entry, at, "", "", "", None, None, clause, amount, note]
