"""Changes the code that decides about money in every small way, one at a time, and asks the tests whether they notice.

`make mutants`; `MODULES="payouts/commissions/rates.py" make mutants` for some; as many as MINUTES allow, in an order by
SEED. Writes tests/mutants/RESULTS.md, with every mutant that nobody noticed; why, is written in tests/mutants/reasons.toml.

A driver of our own: mutmut and cosmic-ray change Python alone, where half of what decides is the text of SQL statements, and
both start each test run anew, which for Django and its database is three seconds a mutant. Here pytest collects once, and
forks for each mutant.
"""

import os
import random
import sys
import time
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from tests.mutants import report
from tests.mutants.grafting import graft
from tests.mutants.python_changes import Mutant, mutants

ROOT = Path(__file__).parents[2]
# So many seconds for the tests of one mutant: one that hangs is noticed, too.
LIMIT = 120
CAUGHT, SURVIVED = 1, 0
SIMULATION_TEST = "tests/simulation/test_money_simulation.py"
_PRICING = ("tests/payouts/test_pricing.py", "tests/payouts/test_rate_precedence.py")
_CLOSE = (
    "tests/payouts/test_close_boundaries.py",
    "tests/payouts/test_close_postings.py",
    "tests/stories/test_small_orders.py",
    SIMULATION_TEST,
)
# What each is tried with, the quickest first.
TESTS = {
    "lib/money.py": ("tests/lib/test_money.py",),
    "agreements/periods.py": ("tests/payouts/test_periods.py",),
    "payouts/commissions/rates.py": _PRICING,
    "payouts/commissions/pricing.py": _PRICING,
    "agreements/applicable_version.py": (
        "tests/agreements/test_applicable_version.py",
        "tests/agreements/test_applicable_version_queries.py",
    ),
    "tracking/orders/attribution.py": (
        "tests/tracking/test_attribution.py",
        "tests/tracking/test_attribution_version.py",
        "tests/tracking/test_attribution_data.py",
    ),
    "tracking/orders/attribution_data.py": (
        "tests/tracking/test_attribution_data.py",
        "tests/payouts/test_forfeiture.py",
        "tests/stories/test_attribution.py",
    ),
    "payouts/commissions/writer.py": (
        "tests/payouts/test_rate_precedence.py",
        "tests/payouts/test_ledger.py",
        "tests/payouts/test_forfeiture.py",
        "tests/shops/test_api.py",
        "tests/stories/test_small_orders.py",
        SIMULATION_TEST,
    ),
    "payouts/ledger/booking.py": (
        "tests/payouts/test_close_boundaries.py",
        "tests/payouts/test_ledger.py",
        SIMULATION_TEST,
    ),
    "payouts/closing/preflight.py": ("tests/payouts/test_preflight.py",),
    "payouts/closing/close.py": (
        "tests/payouts/test_close_months.py",
        "tests/payouts/test_close_without_orders.py",
        "tests/payouts/test_preflight.py",
        *_CLOSE,
    ),
    "payouts/closing/close_sql.py": (
        "tests/payouts/test_close_without_orders.py",
        "tests/payouts/test_preflight.py",
        *_CLOSE,
    ),
}


class Trial:
    """In the place of pytest's own loop: every mutant's tests, each in a process of its own."""

    def __init__(self, every: Sequence[Mutant], seconds: float) -> None:
        self.every, self.seconds = every, seconds
        self.tried, self.survivors = list[Mutant](), list[Mutant]()

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        items = {path: [item for item in session.items if str(item.path) == str(ROOT / path)] for path in _paths()}
        # The database and whatever else is made once.
        _run(items["tests/lib/test_money.py"][-2:-1], more=session)
        used = {path for mutant in self.every for path in TESTS[mutant.module]}
        if self._try(None, [item for path in used for item in items[path]]) == CAUGHT:
            pytest.exit("Tests fail as it is.")
        started = time.monotonic()
        for number, mutant in enumerate(self.every, 1):
            begun = time.monotonic()
            if begun - started > self.seconds:
                break
            self.tried.append(mutant)
            result = self._try(mutant, [item for path in TESTS[mutant.module] for item in items[path]])
            if result == SURVIVED:
                self.survivors.append(mutant)
            took = time.monotonic() - begun
            said = "survived" if result == SURVIVED else "caught"
            print(
                f"{number}/{len(self.every)} {said} {took:.1f} s {mutant.module}:{mutant.line} {mutant.change}",
                flush=True,
            )
        return True

    @staticmethod
    def _try(mutant: Mutant | None, items: Sequence[pytest.Item]) -> int:
        from django.db import connections

        connections.close_all()
        child = os.fork()
        if child == 0:
            try:
                if mutant:
                    graft(import_module(mutant.module.removesuffix(".py").replace("/", ".")), mutant.tree)
                os._exit(CAUGHT if _run(items, told=mutant is None) else SURVIVED)
            except BaseException:  # noqa: BLE001 -- whatever it is, it was noticed
                os._exit(CAUGHT)
        return _wait(child, LIMIT if mutant else 10 * LIMIT)


def _wait(child: int, limit: float) -> int:
    """The exit status; CAUGHT for one that takes too long."""
    ends = time.monotonic() + limit
    while time.monotonic() < ends:
        pid, status = os.waitpid(child, os.WNOHANG)
        if pid:
            return os.waitstatus_to_exitcode(status) and CAUGHT
        time.sleep(0.01)
    os.kill(child, 9)
    os.waitpid(child, 0)
    return CAUGHT


def _run(items: Sequence[pytest.Item], more: Any = None, *, told: bool = False) -> bool:
    """Run the tests up to the first that fails: whether one did. With `more` to come, what is made once stays."""
    failed: list[Any] = []

    class Watch:
        def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
            failed.extend([report] if report.failed else [])
            if report.failed and told:
                print(report.nodeid, report.longreprtext, flush=True)

    items[0].config.pluginmanager.register(Watch())
    for item, following in zip(items, [*items[1:], more], strict=True):
        item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
        if failed:
            return True
    return False


def _paths() -> list[str]:
    return sorted({path for paths in TESTS.values() for path in paths})


def main() -> int:
    modules = os.environ.get("MODULES", "").split() or list(TESTS)
    every = [mutant for module in modules for mutant in mutants(module, (ROOT / module).read_text())]
    # In an order by chance, so that those that come within the time are a sample of all.
    random.Random(int(os.environ.get("SEED", "1"))).shuffle(every)
    os.environ.setdefault("SIMULATION_RUNS", "6")
    trial = Trial(every, 60 * float(os.environ.get("MINUTES", "25")))
    status = pytest.main(
        ["-q", "-q", "-p", "no:cacheprovider", "--reuse-db", "-x", "--capture=no", *_paths()], plugins=[trial]
    )
    if status:
        return int(status)
    share = report.write(every, trial.tried, trial.survivors, complete=not os.environ.get("MODULES"))
    return 0 if share >= report.MIN_SHARE else 1


if __name__ == "__main__":
    sys.exit(main())
