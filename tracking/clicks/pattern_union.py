"""Many patterns searched as one, in microseconds: the lists of bots have thousands.

An alternation of thousands of patterns tries all of them at each character. Grouped by their first characters, as in a
trie, nearly all of them fail together at the first one.
"""

import re
from collections.abc import Iterable
from typing import Any

import regex

_QUANTIFIERS = "*+?{"
_META = frozenset("\\^$.|?*+()[]{}")
_ESCAPED_LITERAL = re.compile(r"\\[^A-Za-z0-9]")
_PIECE = re.compile(r"\\.|.", re.DOTALL)
# The patterns that a trie node ends with have this key. No character equals it.
_RESTS = ""


class PatternUnion:
    """Patterns of which any may match. With `ignore_case` the text to search must be lower-case."""

    def __init__(self, patterns: Iterable[str], *, ignore_case: bool) -> None:
        folded = [_lower(pattern) if ignore_case else pattern for pattern in patterns]
        alternatives = [alternative for pattern in folded for alternative in split_alternatives(pattern)]
        # The `re` module is faster, but knows less, such as no lookbehind of variable width.
        simple = {alternative for alternative in alternatives if _is_simple(alternative)}
        self._start = re.compile(build_trie_pattern(a.removeprefix("^") for a in simple if a.startswith("^")))
        self._anywhere = re.compile(build_trie_pattern(a for a in simple if not a.startswith("^")))
        self._rest = [regex.compile(alternative) for alternative in alternatives if alternative not in simple]

    def matches(self, text: str) -> bool:
        """Return whether any of the patterns is found in `text`."""
        return (
            self._anywhere.search(text) is not None
            or self._start.match(text) is not None
            or any(pattern.search(text) is not None for pattern in self._rest)
        )


def split_alternatives(pattern: str) -> list[str]:
    """Split `pattern` at each `|` that is in no group and no character class."""
    parts, depth, in_class = [""], 0, False
    for piece in _PIECE.findall(pattern):
        if in_class:
            in_class = piece != "]"
        elif piece == "[":
            in_class = True
        elif piece in "()":
            depth += 1 if piece == "(" else -1
        elif piece == "|" and not depth:
            parts.append("")
            continue
        parts[-1] += piece
    return parts


def build_trie_pattern(patterns: Iterable[str]) -> str:
    """Return one pattern that matches what any of `patterns` matches; nothing if there are none."""
    root: dict[str, Any] = {}
    for pattern in patterns:
        prefix, rest = _split_prefix(pattern)
        node = root
        for character in prefix:
            node = node.setdefault(character, {})
        node.setdefault(_RESTS, []).append(rest)
    return _write_node(root) if root else r"(?!)"


def _write_node(node: dict[str, Any]) -> str:
    rests = node.get(_RESTS, [])
    if "" in rests:
        return ""
    children = [re.escape(key) + _write_node(child) for key, child in node.items() if key != _RESTS]
    alternatives = [*children, *dict.fromkeys(rests)]
    return alternatives[0] if len(alternatives) == 1 else f"(?:{'|'.join(alternatives)})"


def _split_prefix(pattern: str) -> tuple[str, str]:
    """Return the literal characters that `pattern` starts with, and the rest of it."""
    prefix, position = "", 0
    while position < len(pattern):
        escaped = _ESCAPED_LITERAL.match(pattern, position)
        if escaped is None and pattern[position] in _META:
            break
        end = escaped.end() if escaped is not None else position + 1
        if pattern[end : end + 1] and pattern[end] in _QUANTIFIERS:
            break
        prefix += pattern[end - 1]
        position = end
    return prefix, pattern[position:]


def _lower(pattern: str) -> str:
    """Make the letters of `pattern` lower-case, but not escapes such as `\\W`."""
    return "".join(piece if piece.startswith("\\") else piece.lower() for piece in _PIECE.findall(pattern))


def _is_simple(pattern: str) -> bool:
    """Return whether the `re` module understands `pattern`."""
    if not _split_prefix(pattern)[1]:
        return True
    try:
        re.compile(pattern)
    except re.error:
        return False
    return True
