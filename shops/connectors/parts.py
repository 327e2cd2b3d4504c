"""The state of an order or product as a set of parts, each the newest that any event said (specification 11).

Pure. Merging is commutative and idempotent: events that arrive late, twice or in another order end in the same state.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

State = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Part:
    """One thing that an event says about an order, such as the order itself or one refund.

    Of two parts with the same name the one with the higher version stays, or the lower with `keeps_first`. A version is
    text that sorts by time: a moment of the platform, or of arrival, as `format_version` writes it.
    """

    name: str
    version: str
    data: Any
    keeps_first: bool = False


def merge(state: State, parts: Iterable[Part]) -> State:
    """Return `state` with the parts merged in; equal versions are decided by content, never by order of arrival."""
    merged = dict(state)
    for part in parts:
        new = {"version": part.version, "data": part.data}
        old = merged.get(part.name)
        if old is None or (_rank(new) > _rank(old)) is not part.keeps_first:
            merged[part.name] = new
    return merged


def _rank(entry: Mapping[str, Any]) -> tuple[str, str]:
    return entry["version"], json.dumps(entry["data"], sort_keys=True)


def get_data(state: State, name: str) -> Any:
    """Return what the part says, or None."""
    entry = state.get(name)
    return entry["data"] if entry else None


def list_data(state: State, prefix: str) -> list[Any]:
    """Return what all parts say whose names begin with `prefix`, by name."""
    return [entry["data"] for name, entry in sorted(state.items()) if name.startswith(prefix)]
