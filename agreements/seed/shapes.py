"""The types of the parts of the seed agreement."""

from decimal import Decimal
from typing import Literal, NamedTuple

from agreements.rules import Rule

TermValue = Decimal | int | str | None
Consequence = Literal["warning", "suspension", "termination"]


class SeedRate(NamedTuple):
    """One row of the rate card: category code, display name, and rate in percent."""

    category: str
    name: str
    percent: Decimal


class ActivityText(NamedTuple):
    """A prohibited activity and the most severe consequence that a review may decide for it."""

    code: str
    title: str
    text: str
    gravest_consequence: Consequence


class ClauseText(NamedTuple):
    """A section ("3") or one of its clauses ("3.2"), with the rules that it states.

    The body is plain text. A blank line separates paragraphs; `{names}` are placeholders for terms.
    """

    number: str
    heading: str
    body: str
    rules: tuple[Rule, ...]


def build_clause(number: str, heading: str, body: str = "", *rules: Rule) -> ClauseText:
    """Return a clause; its body may be wrapped and indented like the code around it."""
    paragraphs = (" ".join(paragraph.split()) for paragraph in body.split("\n\n"))
    return ClauseText(number, heading, "\n\n".join(paragraphs), rules)
