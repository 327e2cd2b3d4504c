"""All of PERFORMANCE 3: runs each part in a process of its own, prints every row and writes RESULTS.md.

    python -m benchmarks [PART ...]

A part that is named alone replaces its own rows; the others stay as they are.
"""

import json
import os
import platform
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
PARTS = ("redirect", "drain", "outage", "orders", "close", "pages", "targets", "rehearsal", "rollups")
RESULTS, ROWS = HERE / "RESULTS.md", HERE / "results.json"
Row = dict[str, Any]


def main() -> None:
    wanted = sys.argv[1:] or list(PARTS)
    if unknown := set(wanted) - set(PARTS):
        raise SystemExit(f"no such part: {', '.join(sorted(unknown))}; there are {', '.join(PARTS)}")
    found: dict[str, list[Row]] = json.loads(ROWS.read_text(encoding="utf-8")) if ROWS.exists() else {}
    for part in wanted:
        found[part] = run(part)
        ROWS.write_text(json.dumps(found, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
        RESULTS.write_text(page(found), encoding="utf-8")
    missed = [row["work"] for rows in found.values() for row in rows if reached(row) == "no"]
    if missed:
        raise SystemExit("not reached: " + "; ".join(missed))


def run(part: str) -> list[Row]:
    """The rows that a part prints, each shown as it comes."""
    process = subprocess.Popen(
        [sys.executable, "-m", f"benchmarks.{part}"], cwd=HERE.parent, stdout=subprocess.PIPE, text=True
    )
    rows: list[Row] = []
    for line in process.stdout or ():
        if line.startswith("{"):
            rows.append(json.loads(line) | {"on": f"{datetime.now(UTC):%Y-%m-%d}"})
            print(said(rows[-1]), flush=True)
    if process.wait():
        raise SystemExit(f"{part} failed")
    return rows


def page(found: dict[str, list[Row]]) -> str:
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
    lines += [said(row) for part in PARTS for row in found.get(part, ())]
    return "\n".join(lines) + "\n"


def said(row: Row) -> str:
    low, high = row.get("spread", ("", ""))
    spread = f"{number(low)} to {number(high)}" if low != "" else ""
    bound = next((f"{name} {row[name]}" for name in ("at least", "at most") if name in row), "")
    known = {"work", "value", "spread", "at least", "at most", "on"}
    more = "; ".join(f"{name} {number(value)}" for name, value in row.items() if name not in known)
    work = row["work"] + (f" ({more})" if more else "")
    return f"| {work} | {number(row.get('value', ''))} | {spread} | {bound} | {reached(row)} | {row['on']} |"


def reached(row: Row) -> str:
    """Whether the row is within its bound; "" where it has none."""
    if "at least" in row:
        return "yes" if row["value"] >= row["at least"] else "no"
    if "at most" in row:
        return "yes" if row["value"] <= row["at most"] else "no"
    return ""


def number(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.3g}" if abs(value) < 100 else f"{value:,.0f}"
    return str(value)


if __name__ == "__main__":
    main()
