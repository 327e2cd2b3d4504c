"""The page of results."""

import tomllib
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from tests.mutants.python_changes import Mutant

HERE = Path(__file__).parent
MIN_SHARE = 0.9
NOT_YET = "not yet tested"

HEAD = """# Mutants

What `make mutants` found: each small change of the code that decides about money is made alone, and the quick tests of the
module run until one fails. *Caught* is a mutant at which one did (or that did not run at all, or hung).
"""


def write(every: Sequence[Mutant], tried: Sequence[Mutant], survivors: Sequence[Mutant], *, complete: bool) -> float:
    """Write the page, if all modules were asked, or print it; returns the share that was caught."""
    page = _page(every, tried, survivors)
    if complete:
        (HERE / "RESULTS.md").write_text(page)
    print(page)
    return 1 - len(survivors) / len(tried)


def _page(every: Sequence[Mutant], tried: Sequence[Mutant], survivors: Sequence[Mutant]) -> str:
    there, run, lived = (Counter(mutant.module for mutant in some) for some in (every, tried, survivors))
    rows = [_row(module, there[module], run[module], lived[module]) for module in there]
    table = ["| module | mutants | run | caught | share |", "| --- | ---: | ---: | ---: | ---: |", *rows]
    table.append(_row("**all**", len(every), len(tried), len(survivors)))
    return "\n".join([HEAD, *table, "", *_survivors(survivors)]) + "\n"


def _row(name: str, there: int, run: int, lived: int) -> str:
    share = f"{100 * (run - lived) / run:.1f} %" if run else ""
    return f"| {name} | {there} | {run} | {run - lived} | {share} |"


def _survivors(survivors: Sequence[Mutant]) -> list[str]:
    if not survivors:
        return ["Nobody survived."]
    reasons = tomllib.loads((HERE / "reasons.toml").read_text())
    rows = [
        f"| {mutant.module}:{mutant.line} | {_cell(mutant.change)} | "
        f"{_cell(reasons.get(mutant.module, {}).get(mutant.change, NOT_YET))} |"
        for mutant in survivors
    ]
    return ["## Who survives, and why", "", "| where | change | why |", "| --- | --- | --- |", *rows]


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
