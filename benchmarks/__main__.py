"""All of PERFORMANCE 3: runs each part in a process of its own, prints every row and writes RESULTS.md.

    python -m benchmarks [PART ...]
    python -m benchmarks.close --sizes 1000000 5000000 --rounds 3 | python -m benchmarks --merge close

A part that is named alone replaces its own rows; the others stay as they are. `--merge` takes the rows of a part that was run
by itself, with other sizes or fewer rounds: those that it has replace the ones of the same work.
"""

import json
import os
import platform
import subprocess
import sys
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
PARTS = ("redirect", "drain", "outage", "orders", "bad_input", "close", "pages", "targets", "backtest", "rollups")
RESULTS, ROWS = HERE / "RESULTS.md", HERE / "results.json"
Row = dict[str, Any]


def main() -> None:
    taking = sys.argv[1:2] == ["--merge"]
    wanted = sys.argv[2 if taking else 1 :] or list(PARTS)
    if unknown := set(wanted) - set(PARTS):
        raise SystemExit(f"no such part: {', '.join(sorted(unknown))}; there are {', '.join(PARTS)}")
    found: dict[str, list[Row]] = json.loads(ROWS.read_text(encoding="utf-8")) if ROWS.exists() else {}
    for part in wanted:
        found[part] = merge_rows(found.get(part, []), sys.stdin) if taking else run_part(part)
        ROWS.write_text(json.dumps(found, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
        RESULTS.write_text(render_page(found), encoding="utf-8")
    missed = [row["work"] for rows in found.values() for row in rows if check_bound(row) == "no"]
    if missed:
        raise SystemExit("not reached: " + "; ".join(missed))


def run_part(part: str) -> list[Row]:
    """The rows that a part prints, each shown as it comes."""
    process = subprocess.Popen(
        [sys.executable, "-m", f"benchmarks.{part}"], cwd=HERE.parent, stdout=subprocess.PIPE, text=True
    )
    rows = list(read_rows(process.stdout or ()))
    if process.wait():
        raise SystemExit(f"{part} failed")
    return rows


def read_rows(lines: Iterable[str]) -> Iterator[Row]:
    """The rows among what a part prints."""
    for line in lines:
        if line.startswith("{"):
            row = json.loads(line) | {"on": f"{datetime.now(UTC):%Y-%m-%d}"}
            print(format_row(row), flush=True)
            yield row


def merge_rows(before: Iterable[Row], lines: Iterable[str]) -> list[Row]:
    """The rows of `before`, those of the same work replaced by the ones among `lines`."""
    fresh = {get_work(row): row for row in read_rows(lines)}
    return [*(row for row in before if get_work(row) not in fresh), *fresh.values()]


def get_work(row: Row) -> str:
    return str(row["work"])


def render_page(found: dict[str, list[Row]]) -> str:
    """The results as a page, made of the rows alone."""
    lines = [
        "# Results",
        "",
        "Written by `make bench`, never by hand. Only ratios within one run count: rounds of ours and of what it is measured",
        "against alternate, and the median is said, with the lowest and the highest beside it.",
        "",
        f"On {os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}.",
        "",
        "| work | value | spread | bound | reached | on |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    lines += [format_row(row) for part in PARTS for row in found.get(part, ())]
    return "\n".join(lines) + "\n"


def format_row(row: Row) -> str:
    low, high = row.get("spread", ("", ""))
    spread = f"{format_number(low)} to {format_number(high)}" if low != "" else ""
    bound = next((f"{name} {row[name]}" for name in ("at least", "at most") if name in row), "")
    known = {"work", "value", "spread", "at least", "at most", "on"}
    more = "; ".join(f"{name} {format_number(value)}" for name, value in row.items() if name not in known)
    work = row["work"] + (f" ({more})" if more else "")
    return f"| {work} | {format_number(row.get('value', ''))} | {spread} | {bound} | {check_bound(row)} | {row['on']} |"


def check_bound(row: Row) -> str:
    """Whether the row is within its bound; "" where it has none."""
    if "at least" in row:
        return "yes" if row["value"] >= row["at least"] else "no"
    if "at most" in row:
        return "yes" if row["value"] <= row["at most"] else "no"
    return ""


def format_number(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.3g}" if abs(value) < 100 else f"{value:,.0f}"
    return str(value)


if __name__ == "__main__":
    main()
