"""The path language of generic connections: where in a shop's JSON a value is (specification 11). Pure.

`order.id` is a key in an object, `lines[].amount` a key in each element of a list, `lines[0]` one element,
`attributes[name="click_id"].value` a key in the elements whose `name` is that. A key with other characters is quoted:
`"e-mail address"`. `="USD"` and `=19` are values themselves. `a | b` is the first that has a value, and a path that
begins with `-` has the opposite sign.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import Any

MAX_LENGTH = 300
MAX_STEPS = 20
# What one path may find, so that nested lists can't multiply without end.
MAX_VALUES = 100_000

_KEY = r'[^\W\d][\w-]*|\d+|"[^"]*"'
_STEP = re.compile(
    rf"""(?P<each>\[\s*\]) | \[\s*(?P<index>\d{{1,6}})\s*\]
    | \[\s*(?P<member>{_KEY})\s*=\s*(?P<equals>"[^"]*"|-?\d+)\s*\] | (?P<dot>\.?)(?P<key>{_KEY})""",
    re.VERBOSE,
)
_LITERAL = re.compile(r'=\s*("[^"]*"|-?\d{1,12}(?:\.\d{1,6})?)')


class InvalidPath(ValueError):
    """The text is no path. The message says where and why."""


@dataclass(frozen=True, slots=True)
class Key:
    """A key in an object."""

    name: str

    def apply(self, value: Any) -> Iterator[Any]:
        if isinstance(value, dict) and self.name in value:
            yield value[self.name]


@dataclass(frozen=True, slots=True)
class Index:
    """One element of a list, counted from 0."""

    number: int

    def apply(self, value: Any) -> Iterator[Any]:
        if isinstance(value, list) and self.number < len(value):
            yield value[self.number]


@dataclass(frozen=True, slots=True)
class Each:
    """Every element of a list, or every value of an object; any other value is its own element."""

    def apply(self, value: Any) -> Iterator[Any]:
        yield from value if isinstance(value, list) else value.values() if isinstance(value, dict) else [value]


@dataclass(frozen=True, slots=True)
class Matching:
    """The elements of which a member has a value."""

    member: str
    equals: str

    def apply(self, value: Any) -> Iterator[Any]:
        for element in Each().apply(value):
            if isinstance(element, dict) and str(element.get(self.member)) == self.equals:
                yield element


Step = Key | Index | Each | Matching
Steps = tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Alternative:
    """A chain of steps, or a literal."""

    steps: Steps = ()
    literal: Any = None


@dataclass(frozen=True, slots=True)
class Path:
    """A parsed path. `text` is as staff typed it."""

    text: str
    alternatives: tuple[Alternative, ...]
    is_negated: bool = False

    def is_within(self, prefix: Steps) -> bool:
        """Return whether the path leads through the elements that `prefix` names."""
        return any(_begins_with(each.steps, prefix) for each in self.alternatives)

    def find(self, root: Any, element: Any = None, prefix: Steps = ()) -> list[Any]:
        """Return the values found, without null and empty text.

        Alternatives that begin with `prefix` are searched in `element`, all others in `root`.
        """
        for each in self.alternatives:
            if each.literal is not None:
                found = [each.literal]
            elif prefix and _begins_with(each.steps, prefix):
                found = walk(element, each.steps[len(prefix) :])
            else:
                found = walk(root, each.steps)
            if found:
                return [_negate(value) for value in found] if self.is_negated else found
        return []


@lru_cache(maxsize=2048)
def parse_path(text: str) -> Path:
    """Return a parsed path. Raises InvalidPath."""
    if len(text) > MAX_LENGTH:
        raise InvalidPath(f"a path has at most {MAX_LENGTH} characters")
    source = text.strip()
    is_negated = source.startswith("-")
    alternatives = tuple(_parse_alternative(part) for part in _split(source[1:] if is_negated else source))
    return Path(source, alternatives, is_negated)


def get_steps_to_each(path: Path) -> Steps:
    """Return the steps of a path to a list, so that they end with its elements."""
    steps = path.alternatives[0].steps
    return steps if steps and isinstance(steps[-1], Each | Matching) else (*steps, Each())


def _split(source: str) -> list[str]:
    """Split at `|` outside quotes."""
    return re.split(r'\|(?=(?:[^"]*"[^"]*")*[^"]*$)', source)


def _parse_alternative(source: str) -> Alternative:
    source = source.strip()
    if source.startswith("="):
        match = _LITERAL.fullmatch(source)
        if not match:
            raise InvalidPath(f'{source} is no literal: write ="USD" or =19')
        written = match[1]
        return Alternative(literal=_unquote(written) if written.startswith('"') else Decimal(written))
    if not source:
        raise InvalidPath("the path is empty")
    return Alternative(_parse_steps(source))


def _parse_steps(source: str) -> Steps:
    steps: list[Step] = []
    at = 0
    while at < len(source):
        match = _STEP.match(source, at)
        if not match or (match["key"] and bool(match["dot"]) is not bool(steps)):
            raise InvalidPath(f"{source[at:][:40]!r} can't be read: write a path such as order.lines[].amount")
        steps.append(_build_step(match))
        at = match.end()
    if len(steps) > MAX_STEPS:
        raise InvalidPath(f"a path has at most {MAX_STEPS} steps")
    return tuple(steps)


def _build_step(match: re.Match[str]) -> Step:
    if match["each"]:
        return Each()
    if match["index"]:
        return Index(int(match["index"]))
    if match["member"]:
        return Matching(_unquote(match["member"]), _unquote(match["equals"]))
    return Key(_unquote(match["key"]))


def _unquote(text: str) -> str:
    return text[1:-1] if text.startswith('"') else text


def _begins_with(steps: Steps, prefix: Steps) -> bool:
    return bool(prefix) and steps[: len(prefix)] == prefix


def walk(value: Any, steps: Sequence[Step]) -> list[Any]:
    """Return the values at the end of the steps, without null and empty text."""
    found = [value]
    for step in steps:
        apply: Callable[[Any], Iterator[Any]] = step.apply
        found = [next_value for each in found for next_value in apply(each)][:MAX_VALUES]
    return [each for each in found if each is not None and each != ""]


def _negate(value: Any) -> Any:
    if isinstance(value, str):
        return value[1:] if value.startswith("-") else f"-{value}"
    return -value if isinstance(value, int | Decimal) and not isinstance(value, bool) else value
