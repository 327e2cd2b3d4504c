"""Every small change of the text of an SQL statement."""

import re
from collections.abc import Iterator

_IS_SQL = re.compile(r"\b(SELECT|UPDATE|INSERT INTO|DELETE)\b[\s\S]*\b(FROM|SET|VALUES)\b")
# What is to be found, and what it becomes. An = of an assignment is none of a condition.
_RULES = [
    (r" <= ", " < "), (r" < ", " <= "), (r" >= ", " > "), (r" > ", " >= "), (r" <> ", " = "),
    (r"(?<!SET \w{12})(?<!SET statement_id)(?<!SET returned_statement_id) = (?!excluded|CASE|ANY)", " <> "),
    (r"\bAND\b", "OR"), (r"\bOR\b", "AND"),
    (r"IS NOT NULL", "IS NULL"), (r"IS NULL", "IS NOT NULL"), (r"NOT EXISTS", "EXISTS"), (r"(?<!NOT )EXISTS", "NOT EXISTS"),
    (r"(?<=\w|\)) \+ ", " - "), (r"(?<=\w|\)) - ", " + "), (r"(?<=[ (])-(?=[a-zA-Z])", ""),
    (r" DESC\b", ""), (r"\bDISTINCT (?!ON)", ""), (r"\bLEFT JOIN\b", "JOIN"), (r"\bFULL JOIN\b", "JOIN"),
    (r"\bMAX\(", "MIN("), (r"\bMIN\(", "MAX("), (r"<> ALL\(", "= ANY("), (r"= ANY\(", "<> ALL("), (r"\bNOT IN\b", "IN"),
    (r"(?<=[ ,])0(?=[ ,)\n])", "1"), (r"(?<=[ ,])(?<!SELECT )1(?=[ ,)\n])", "2"), (r"'([a-z_]+)'(?=[ ,)\n]|$)", r"'\1x'"),
    (r" FILTER \([^)]*\)", ""),
    # A condition that stands on a line of its own, or begins one.
    (r"\n *(?:AND|OR) [^()\n]*(?:\([^()\n]*\)[^()\n]*)*(?=\n|$)", ""),
    # One of several assignments.
    (r"\w+ = (?:excluded|s)\.\w+, ", ""),
]  # fmt: skip


def is_sql(text: str) -> bool:
    return bool(_IS_SQL.search(text))


def changes(text: str) -> Iterator[tuple[int, str, str]]:
    """(where it is, what changes, the changed text) for each."""
    for pattern, new in _RULES:
        for found in re.finditer(pattern, text):
            replaced = found.expand(new)
            changed = text[: found.start()] + replaced + text[found.end() :]
            where = found.start() + len(found[0]) - len(found[0].lstrip("\n"))
            line = " ".join(text[text.rfind("\n", 0, where) + 1 :].split("\n")[0].split())
            was = found[0].strip()
            shown = f"`{was}` → {f'`{replaced.strip()}`' if replaced.strip() else 'removed'}"
            yield where, shown if was == line else f"{shown} in `{line[:70]}`", changed
