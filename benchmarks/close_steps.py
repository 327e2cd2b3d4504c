"""Where the time of a close goes: milliseconds of each statement, beside a bare INSERT of the rows that it writes.

    python -m benchmarks.close_steps [--size 1000000] [--affiliates 100000] [--rounds 3]

The figures are medians over the rounds. The bare INSERT copies the rows into tables with the same columns and indexes,
without triggers and foreign keys, and so is what the machine needs at least.
"""

import argparse
import json
import re
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from statistics import median
from typing import Any
from unittest.mock import patch

from benchmarks.close import MONTH, NOW, create_bare_tables, delete_round, fill_database, insert_bare
from benchmarks.own_database import own_database

# The first that is found in a statement names it.
STATEMENTS = {
    r"INTO closing_line\b": "collect differences",
    r"INTO closing_statement\b": "compute statements",
    r"'settlement'": "payouts_ledgertransaction and payouts_ledgerentry, of commissions",
    r"':drafted'": "payouts_ledgertransaction and payouts_ledgerentry, of payouts",
    r"INSERT INTO (payouts_\w+|mail_message)": "",
}


def measure_rows(size: int, affiliates: int, rounds: int) -> Iterator[dict[str, Any]]:
    """Yield a row for the close, each of its steps, and each of the bare statements, in milliseconds."""
    with own_database("accord_bench_close_steps"):
        fill_database(size, affiliates)
        measured = [_measure_round() for _round_number in range(rounds)]
    for kind, what in enumerate(("close", "bare")):
        seconds: dict[str, list[float]] = defaultdict(list)
        for one in measured:
            for step, value in one[kind].items():
                seconds[step].append(value)
        whole = median(sum(one[kind].values()) for one in measured)
        yield {"work": f"{what} of {size:,} commissions: ms", "value": round(1000 * whole)}
        for step, values in sorted(seconds.items(), key=lambda item: -median(item[1])):
            yield {
                "work": f"{what}: {step}",
                "value": round(1000 * median(values)),
                "share": round(median(values) / whole, 3),
            }


def _measure_round() -> tuple[dict[str, float], dict[str, float]]:
    """Return the seconds of each step of a close, and those of each bare statement."""
    from django.db.backends.utils import CursorWrapper

    from payouts.closing.close import close_month

    steps: dict[str, float] = defaultdict(float)

    def measure(execute: Callable[..., Any]) -> Callable[..., Any]:
        def run(cursor: Any, sql: Any, *parameters: Any) -> Any:
            started = time.perf_counter()
            try:
                return execute(cursor, sql, *parameters)
            finally:
                steps[_name_statement(str(sql))] += time.perf_counter() - started

        return run

    started = time.perf_counter()
    with patch.object(CursorWrapper, "execute", measure(CursorWrapper.execute)):
        close_month(month=MONTH, now=NOW, by=None)
    steps["the rest: commit with foreign keys checked then, Python"] = (
        time.perf_counter() - started - sum(steps.values())
    )
    create_bare_tables()
    bare = dict(insert_bare())
    delete_round()
    return steps, bare


def _name_statement(sql: str) -> str:
    for pattern, name in STATEMENTS.items():
        if found := re.search(pattern, sql):
            return name or found[1]
    return "other statements"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", type=int, default=1_000_000)
    parser.add_argument("--affiliates", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    for row in measure_rows(given.size, given.affiliates, given.rounds):
        print(json.dumps(row, ensure_ascii=False), flush=True)


if __name__ == "__main__":
    main()
