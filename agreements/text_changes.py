"""Compare the text of clauses between two versions, word by word (specification 2)."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher

from django.utils.translation import gettext_lazy

from agreements.rendering import Section

KIND_LABELS = {"added": gettext_lazy("added"), "removed": gettext_lazy("removed"), "changed": gettext_lazy("changed")}


@dataclass(frozen=True)
class Piece:
    """A run of words; `kind` is "same", "removed" or "added"."""

    kind: str
    text: str


@dataclass(frozen=True)
class TextChange:
    """A clause whose text differs; `kind` is "added", "removed" or "changed"."""

    number: str
    heading: str
    kind: str
    pieces: tuple[Piece, ...]

    @property
    def kind_label(self) -> str:
        return str(KIND_LABELS[self.kind])


def compare_sections(old: tuple[Section, ...], new: tuple[Section, ...]) -> Iterator[TextChange]:
    """Yield the clauses whose text differs, in the order of the newer version."""
    for before, after in _pair_sections(old, new):
        if before and after and before.text == after.text:
            continue
        shown = after or before
        assert shown is not None
        kind = "changed" if before and after else "added" if after else "removed"
        pieces = tuple(_compare_words(before, after))
        yield TextChange(shown.number, shown.heading, kind, pieces)


def _compare_words(before: Section | None, after: Section | None) -> Iterator[Piece]:
    """Compare the text of a clause, with number and heading only if they differ."""
    if before and after and (before.number, before.heading) == (after.number, after.heading):
        return compare_texts(before.body, after.body)
    return compare_texts(before.text if before else "", after.text if after else "")


def _pair_sections(old: tuple[Section, ...], new: tuple[Section, ...]) -> list[tuple[Section | None, Section | None]]:
    """Pair clauses by heading, or else by number; removed clauses come last."""
    unpaired = list(old)
    by_heading = {after.number: _take_section(unpaired, "heading", after.heading) for after in new}
    kept = [(by_heading[after.number] or _take_section(unpaired, "number", after.number), after) for after in new]
    return [*kept, *((before, None) for before in unpaired)]


def _take_section(unpaired: list[Section], field: str, value: str) -> Section | None:
    match = next((section for section in unpaired if getattr(section, field) == value), None)
    if match:
        unpaired.remove(match)
    return match


def compare_texts(old: str, new: str) -> Iterator[Piece]:
    """Merge two texts word by word into kept, removed and added pieces."""
    before, after = re.findall(r"\s+|\S+", old), re.findall(r"\s+|\S+", new)
    for op, a, b, c, d in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if op == "equal":
            yield Piece("same", "".join(before[a:b]))
            continue
        if b > a:
            yield Piece("removed", "".join(before[a:b]))
        if d > c:
            yield Piece("added", "".join(after[c:d]))


def format_pieces(pieces: Iterable[Piece]) -> str:
    """Return the pieces as plain text: "[-three-]{+two+} days"."""
    marks = {"same": ("", ""), "removed": ("[-", "-]"), "added": ("{+", "+}")}
    return "".join(f"{marks[piece.kind][0]}{piece.text}{marks[piece.kind][1]}" for piece in pieces)
