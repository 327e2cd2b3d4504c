"""A plain layout of SQL for the files in tests/payouts/sql: a line per clause, a block per subquery that needs one."""

import re
from collections.abc import Iterator
from typing import NamedTuple

WIDTH = 120
INDENT = "    "
TOKEN = re.compile(r"(\s*)(E?'(?:[^']|'')*'|\"[^\"]*\"|%\(\w+\)s|[(),]|(?:[^\s(),'\"%]|%(?!\())+)")
CLAUSES = {
    "WITH", "SELECT", "INSERT", "UPDATE", "SET", "DELETE", "FROM", "LEFT", "FULL", "CROSS", "JOIN", "WHERE", "GROUP",
    "HAVING", "WINDOW", "ORDER", "LIMIT", "OFFSET", "UNION", "RETURNING",
}  # fmt: skip
# Pairs of words that belong to one clause.
PHRASES = {
    ("LEFT", "JOIN"), ("FULL", "JOIN"), ("CROSS", "JOIN"), ("DELETE", "FROM"), ("DISTINCT", "FROM"), ("DO", "UPDATE"),
    ("UPDATE", "SET"),
}  # fmt: skip
# Before these, a clause may continue on the next line.
CONNECTIVES = ("AND", "OR", "ON")
CASE_WORDS = ("WHEN", "ELSE")


class Group(NamedTuple):
    """The content of a pair of parentheses."""

    nodes: list["Node"]


class Node(NamedTuple):
    """A word or a group, and whether a space precedes it."""

    space: bool
    part: str | Group


def format_sql(sql: str) -> str:
    """Return one statement in lines of at most WIDTH characters, as far as its words allow."""
    tokens = [(bool(space), text) for space, text in TOKEN.findall(sql)]
    nodes, rest = _parse(tokens)
    assert not rest, rest
    return "\n".join(_lay_out(nodes, ""))


def _parse(tokens: list[tuple[bool, str]]) -> tuple[list[Node], list[tuple[bool, str]]]:
    nodes: list[Node] = []
    while tokens:
        (space, text), tokens = tokens[0], tokens[1:]
        if text == ")":
            return nodes, tokens
        if text == "(":
            inner, tokens = _parse(tokens)
            nodes.append(Node(space, Group(inner)))
        else:
            nodes.append(Node(space and text != ",", text))
    return nodes, tokens


def _flatten(nodes: list[Node]) -> str:
    text = ""
    for space, part in nodes:
        word = part if isinstance(part, str) else f"({_flatten(part.nodes)})"
        text += f" {word}" if space and text else word
    return text


def _lay_out(nodes: list[Node], indent: str) -> list[str]:
    """Return the lines of a query: one for each clause that fits, else several."""
    return [line for clause in _split_clauses(nodes) for line in _lay_out_clause(clause, indent)]


def _split_clauses(nodes: list[Node]) -> Iterator[list[Node]]:
    clause: list[Node] = []
    previous = ""
    for node in nodes:
        word = node.part if isinstance(node.part, str) else ""
        if clause and word in CLAUSES and (previous, word) not in PHRASES:
            yield clause
            clause = []
        clause.append(node)
        previous = word
    yield clause


def _lay_out_clause(clause: list[Node], indent: str) -> list[str]:
    lines, line = [], indent
    for chunk in _split_chunks(clause):
        if _fits(line, chunk):
            line = _append(line, chunk)
        elif _fits(indent + INDENT, chunk):
            lines.append(line)
            line = _append(indent + INDENT, chunk)
        else:
            for node in chunk:
                if _fits(line, [node]) and not (node.part in CASE_WORDS and len(line) > WIDTH / 2):
                    line = _append(line, [node])
                elif (node.space or isinstance(node.part, str)) and _fits(indent + INDENT, [node]):
                    lines.append(line)
                    line = _append(indent + INDENT, [node])
                elif isinstance(node.part, Group):
                    lines += [_append(line, [Node(node.space, "(")]), *_lay_out(node.part.nodes, indent + INDENT)]
                    line = f"{indent})"
    return [*lines, line]


def _fits(line: str, nodes: list[Node]) -> bool:
    return len(_append(line, nodes)) <= WIDTH


def _append(line: str, nodes: list[Node]) -> str:
    return f"{line}{' ' if nodes[0].space and line.strip() else ''}{_flatten(nodes)}"


def _split_chunks(clause: list[Node]) -> Iterator[list[Node]]:
    """Split behind commas and before connectives, but not within CASE ... END."""
    chunk: list[Node] = []
    depth = 0
    for node in clause:
        if chunk and not depth and node.part in CONNECTIVES:
            yield chunk
            chunk = []
        depth += (node.part == "CASE") - (node.part == "END")
        chunk.append(node)
        if node.part == ",":
            yield chunk
            chunk = []
    if chunk:
        yield chunk
