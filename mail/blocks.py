"""Parsing of filled e-mail templates into a subject and blocks, from which both text and HTML are made.

The first line of a template is the subject. Then follow, separated by blank lines, paragraphs, lists (lines that start
with "- "), tables and actions ("=> URL | label", each a paragraph of its own). A table is rows that start with "| ", its
cells separated by " | "; a first row that starts with "|| " is its header. Cells beyond the header's are notes on the
row. Values written by users are escaped: they cannot start a paragraph, a list, a cell or an action, so that no one can
put their own button into the program's e-mail.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from django.utils.text import Truncator

ACTION = "=> "
ITEM = "- "
HEADER = "|| "
ROW = "| "
PREHEADER_LENGTH = 110
# Private-use characters that mark line breaks, leading markers and bars in values until the blocks are parsed. They are
# removed from values beforehand.
_LINE_BREAK = "\ue000"
_PARAGRAPH_GUARD = "\ue001"
_BAR = "\ue002"
# A negative amount is no item.
_MARKED = re.compile(rf"\s*(?:{ACTION.strip()}|{ITEM.strip()}(?:\s|$))")
_REMOVED = str.maketrans("", "", _LINE_BREAK + _PARAGRAPH_GUARD + _BAR)


class Row(NamedTuple):
    """A row of a table: what it is about, its values by column, and notes on it."""

    label: str
    values: list[tuple[str, str]]
    notes: list[str]


class Block(NamedTuple):
    """A paragraph (`kind` "p", one line), a "list" (its items), a "table" or an "action" (one label, with its `url`).

    The lines of a table are its header, and empty if it has none: its rows are then pairs of label and value.
    """

    kind: str
    lines: list[str]
    url: str = ""
    rows: Sequence[Row] = ()


class Mail(NamedTuple):
    subject: str
    blocks: list[Block]

    @property
    def preheader(self) -> str:
        """Return the news in one line, which mail programs show beside the subject: what follows the greeting."""
        parts: list[str] = []
        for block in self.blocks:
            is_greeting = not parts and block.kind == "p" and block.lines[0].endswith(",")
            if block.kind == "action" and parts:
                break
            if not is_greeting:
                parts.append(_summarize(block))
            if parts and not parts[-1].endswith(":"):
                break
        return Truncator(" ".join(" ".join(parts).split())).chars(PREHEADER_LENGTH)


def escape_markers(value: Any) -> Any:
    """Return `value` with all contained text escaped, so that none is parsed as markup of the template."""
    if isinstance(value, str):
        text = value.translate(_REMOVED).replace("\r\n", "\n").replace("\r", "\n")
        text = text.replace("\n", _LINE_BREAK).replace(ROW.strip(), _BAR)
        return _PARAGRAPH_GUARD + text if _MARKED.match(text) else text
    if isinstance(value, Mapping):
        return {key: escape_markers(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [escape_markers(item) for item in value]
    return value


def parse_mail(filled: str) -> Mail:
    """Parse a template that was filled with escaped values."""
    subject, _newline, body = filled.strip().partition("\n")
    paragraphs: list[list[str]] = [[]]
    for line in body.split("\n"):
        if line.strip():
            paragraphs[-1].append(line.strip())
        elif paragraphs[-1]:
            paragraphs.append([])
    blocks = [block for lines in paragraphs if lines for block in _parse_blocks(lines)]
    return Mail(" ".join(_strip_marks(subject).split()), blocks)


def _parse_blocks(lines: list[str]) -> list[Block]:
    """Return the blocks of a paragraph, which may be followed directly by a list."""
    if lines[0].startswith(ACTION):
        url, _bar, label = " ".join(lines).removeprefix(ACTION).partition(" | ")
        return [Block("action", [_strip_marks(label).strip()], _strip_marks(url).strip())]
    words = [line for line in lines if not line.startswith((ITEM, HEADER, ROW))]
    items = [_strip_marks(line.removeprefix(ITEM)) for line in lines if line.startswith(ITEM)]
    blocks = [Block("p", [_strip_marks(" ".join(words))])] if words else []
    if items:
        blocks.append(Block("list", items))
    if any(line.startswith(ROW) for line in lines):
        blocks.append(_parse_table(lines))
    return blocks


def _parse_table(lines: list[str]) -> Block:
    header = next((_split_cells(line.removeprefix(HEADER)) for line in lines if line.startswith(HEADER)), [])
    rows = []
    for label, *cells in (_split_cells(line.removeprefix(ROW)) for line in lines if line.startswith(ROW)):
        columns = header[1:] or [""]
        values, notes = cells[: len(columns)], cells[len(columns) :]
        rows.append(Row(label, list(zip(columns, values, strict=False)), [note for note in notes if note]))
    return Block("table", header, rows=rows)


def _split_cells(line: str) -> list[str]:
    return [_strip_marks(cell).strip() for cell in line.split(ROW.strip())]


def _summarize(block: Block) -> str:
    if block.kind == "table":
        return "; ".join(f"{row.label}: {', '.join(value for _column, value in row.values)}" for row in block.rows)
    return "; ".join(block.lines)


def _strip_marks(text: str) -> str:
    return text.replace(_PARAGRAPH_GUARD, "").replace(_LINE_BREAK, "\n").replace(_BAR, ROW.strip())
