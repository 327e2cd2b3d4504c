"""The table that `make scale` prints."""

from collections.abc import Iterable
from typing import NamedTuple


class Row(NamedTuple):
    """A figure; `expected` is what it must be, None if it is only reported."""

    part: str
    measure: str
    value: object
    expected: object = None


def print_rows(rows: Iterable[Row]) -> int:
    """Print the rows as they come, as a table in Markdown. Return 1 if one is not as expected."""
    print("| part | measure | value | expected |\n| --- | --- | --- | --- |", flush=True)
    failed = 0
    for row in rows:
        is_wrong = row.expected is not None and row.value != row.expected
        failed += is_wrong
        expected = "" if row.expected is None else f"{row.expected}{' **missed**' if is_wrong else ''}"
        value = f"{row.value:,}" if isinstance(row.value, int) else row.value
        print(f"| {row.part} | {row.measure} | {value} | {expected} |", flush=True)
    return 1 if failed else 0
