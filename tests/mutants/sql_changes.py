"""Every small change of an SQL statement."""

import re
from collections.abc import Iterator

_IS_SQL = re.compile(r"\b(SELECT|UPDATE|INSERT INTO|DELETE)\b[\s\S]*\b(FROM|SET|VALUES)\b")
# Patterns and their replacements. The = of an assignment is not changed.
_RULES = [
    (r" <= ", " < "), (r" < ", " <= "), (r" >= ", " > "), (r" > ", " >= "), (r" <> ", " = "),
    (r"(?<!SET \w{12})(?<!SET statement_id)(?<!SET returned_statement_id) = (?!excluded|CASE|ANY)", " <> "),
    (r"\bAND\b", "OR"), (r"\bOR\b", "AND"),
    (r"IS NOT NULL", "IS NULL"), (r"IS NULL", "IS NOT NULL"),
    (r"NOT EXISTS", "EXISTS"), (r"(?<!NOT )EXISTS", "NOT EXISTS"),
    (r"(?<=\w|\)) \+ ", " - "), (r"(?<=\w|\)) - ", " + "), (r"(?<=[ (])-(?=[a-zA-Z])", ""),
    (r" DESC\b", ""), (r"\bDISTINCT (?!ON)", ""), (r"\bLEFT JOIN\b", "JOIN"), (r"\bFULL JOIN\b", "JOIN"),
    (r"\bMAX\(", "MIN("), (r"\bMIN\(", "MAX("),
    (r"<> ALL\(", "= ANY("), (r"= ANY\(", "<> ALL("), (r"\bNOT IN\b", "IN"),
    (r"(?<=[ ,])0(?=[ ,)\n])", "1"), (r"(?<=[ ,])(?<!SELECT )1(?=[ ,)\n])", "2"),
    (r"'([a-z_]+)'(?=[ ,)\n]|$)", r"'\1x'"),
    (r" FILTER \([^)]*\)", ""),
    # A condition on a line of its own, or at the start of one.
    (r"\n *(?:AND|OR) [^()\n]*(?:\([^()\n]*\)[^()\n]*)*(?=\n|$)", ""),
    # One of several assignments.
    (r"\w+ = (?:excluded|s)\.\w+, ", ""),
]  # fmt: skip


def is_sql(text: str) -> bool:
    return bool(_IS_SQL.search(text))


def list_changes(text: str) -> Iterator[tuple[int, str, str]]:
    """Yield each change as its offset, its description and the changed text."""
    for pattern, replacement in _RULES:
        for match in re.finditer(pattern, text):
            new = match.expand(replacement)
            changed = text[: match.start()] + new + text[match.end() :]
            offset = match.start() + len(match[0]) - len(match[0].lstrip("\n"))
            line = " ".join(text[text.rfind("\n", 0, offset) + 1 :].split("\n")[0].split())
            old = match[0].strip()
            description = f"`{old}` → {f'`{new.strip()}`' if new.strip() else 'removed'}"
            yield offset, description if old == line else f"{description} in `{line[:70]}`", changed
