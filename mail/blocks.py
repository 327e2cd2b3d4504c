"""Parsing of filled e-mail templates into a subject and blocks, from which both text and HTML are made.

The first line of a template is the subject. Then follow, separated by blank lines, paragraphs, lists (lines that start
with "- ") and actions ("=> URL | label", each a paragraph of its own). Values written by users are escaped: they cannot
start a paragraph, a list or an action, so that no one can put their own button into the program's e-mail.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

ACTION = "=> "
ITEM = "- "
# Private-use characters that mark line breaks and leading markers in values until the blocks are parsed. They are
# removed from values beforehand.
_LINE_BREAK = "\ue000"
_PARAGRAPH_GUARD = "\ue001"


class Block(NamedTuple):
    """A paragraph (`kind` "p", one line), a "list" (its items) or an "action" (one label, with its `url`)."""

    kind: str
    lines: list[str]
    url: str = ""


class Mail(NamedTuple):
    subject: str
    blocks: list[Block]


def escape_markers(value: Any) -> Any:
    """Return `value` with all contained text escaped, so that none is parsed as markup of the template."""
    if isinstance(value, str):
        text = value.replace(_LINE_BREAK, "").replace(_PARAGRAPH_GUARD, "")
        text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\n", _LINE_BREAK)
        return _PARAGRAPH_GUARD + text if text.lstrip().startswith((ACTION.strip(), ITEM.strip())) else text
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
    words = [line for line in lines if not line.startswith(ITEM)]
    items = [_strip_marks(line.removeprefix(ITEM)) for line in lines if line.startswith(ITEM)]
    blocks = [Block("p", [_strip_marks(" ".join(words))])] if words else []
    return [*blocks, Block("list", items)] if items else blocks


def _strip_marks(text: str) -> str:
    return text.replace(_PARAGRAPH_GUARD, "").replace(_LINE_BREAK, "\n")
