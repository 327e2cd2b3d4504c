"""The placeholders in a clause and their problems."""

from collections.abc import Iterator

from django.utils.translation import gettext as _

from agreements import rendering
from agreements.errors import UnresolvedPlaceholder
from agreements.models import Clause

BLOCKS = ("rate_card", "prohibited_activities")
"""Placeholders for a table, which must be a paragraph of their own."""


def find_problem(clause: Clause) -> Iterator[str]:
    """Yield the first reason why a clause cannot be rendered, if any."""
    try:
        for paragraph in rendering.split_paragraphs(clause.body):
            _check_paragraph(clause, paragraph)
    except UnresolvedPlaceholder as error:
        yield error.cause


def _check_paragraph(clause: Clause, paragraph: str) -> None:
    for _literal, name in rendering.parse_placeholders(clause, paragraph):
        if name in BLOCKS and paragraph != f"{{{name}}}":
            raise UnresolvedPlaceholder(clause.number, name, _("{%s} must be a paragraph of its own.") % name)


def list_placeholders(clause: Clause) -> set[str]:
    """Return the placeholders of a clause; none if its braces don't match."""
    try:
        pairs = [
            pair for p in rendering.split_paragraphs(clause.body) for pair in rendering.parse_placeholders(clause, p)
        ]
    except UnresolvedPlaceholder:
        return set()
    return {name for _literal, name in pairs if name}
