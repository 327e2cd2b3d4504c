"""The placeholders in the words of a clause: which it has, and whether each stands for something."""

from collections.abc import Iterator

from django.utils.translation import gettext as _

from agreements import rendering
from agreements.errors import UnresolvedPlaceholder
from agreements.models import Clause

BLOCKS = ("rate_card", "prohibited_activities")
"""Those that stand for a table, and so must be a paragraph of their own."""


def find_problem(clause: Clause) -> Iterator[str]:
    """The first thing that keeps a clause from being rendered, in words; nothing where it can be."""
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
    """The names between braces in a clause; none where its braces don't match."""
    try:
        found = [
            pair for p in rendering.split_paragraphs(clause.body) for pair in rendering.parse_placeholders(clause, p)
        ]
    except UnresolvedPlaceholder:
        return set()
    return {name for _literal, name in found if name}
