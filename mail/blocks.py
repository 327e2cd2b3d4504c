"""From a mail's plain template to what it consists of: a subject, and blocks that text and HTML are both made from.

A template's first line is the subject; then, separated by blank lines, come paragraphs, lists (lines that begin with
"- ") and actions ("=> address | label"), each action a paragraph of its own. Whatever people wrote is taken as words: it
can begin no paragraph, no list and no action, so that nobody puts a button of their own into the program's mail.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

ACTION = "=> "
ITEM = "- "
# Stand for what a value brought along, from before the template is filled in until its blocks are known. Both are
# private characters, which values lose beforehand.
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
    """`value`, and all that it contains, so that no text in it can be read as the template's own marks."""
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
    """The mail that a template, filled in with shielded values, says."""
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
    """A paragraph, with the list that may follow its words directly."""
    if lines[0].startswith(ACTION):
        url, _bar, label = " ".join(lines).removeprefix(ACTION).partition(" | ")
        return [Block("action", [_strip_marks(label).strip()], _strip_marks(url).strip())]
    words = [line for line in lines if not line.startswith(ITEM)]
    items = [_strip_marks(line.removeprefix(ITEM)) for line in lines if line.startswith(ITEM)]
    blocks = [Block("p", [_strip_marks(" ".join(words))])] if words else []
    return [*blocks, Block("list", items)] if items else blocks


def _strip_marks(text: str) -> str:
    return text.replace(_PARAGRAPH_GUARD, "").replace(_LINE_BREAK, "\n")
