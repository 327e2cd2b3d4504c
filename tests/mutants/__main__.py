"""Mutation tests of the code that computes money: make every small change, one at a time, and run the tests.

`make mutants` tries all modules, `MODULES="payouts/commissions/rates.py" make mutants` only some; as many mutants as
MINUTES allow, in a random order given by SEED. Writes tests/mutants/RESULTS.md with every surviving mutant and its
reason from tests/mutants/reasons.toml.

This is not mutmut or cosmic-ray, because they do not change SQL statements, which hold half of this logic, and because
they start a new process for each mutant, which takes Django and its database three seconds. Here pytest collects once
and forks for each mutant.
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
from tests.mutants.python_changes import Mutant, list_mutants

ROOT = Path(__file__).parents[2]
# Seconds for the tests of one mutant; one that takes longer counts as caught.
LIMIT = 120
CAUGHT, SURVIVED = 1, 0
SIMULATION_TEST = "tests/simulation/test_money_simulation.py"
_PRICING = ("tests/payouts/test_pricing.py", "tests/payouts/test_rate_precedence.py")
_CLOSE = (
    "tests/payouts/test_close_boundaries.py",
    "tests/payouts/test_close_postings.py",
    "tests/payouts/test_email_change_hold.py",
    "tests/payouts/test_details_hold.py",
    "tests/payouts/test_final_closes.py",
    "tests/stories/test_small_orders.py",
    SIMULATION_TEST,
)
_STRIPE = ("tests/shops/connectors/stripe/test_snapshots.py", "tests/shops/connectors/stripe/test_events.py")
# The tests to run for the mutants of each module, the quickest first.
_APPEALS = ("tests/compliance/test_granted_appeals.py", "tests/compliance/test_granted_appeal_money.py")
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
        "tests/tracking/test_attribution_rules.py",
        "tests/tracking/test_attribution_version.py",
        "tests/tracking/test_attribution_data.py",
        "tests/shops/test_order_codes.py",
    ),
    "tracking/orders/reattribution.py": ("tests/tracking/test_reattribution.py", *_APPEALS),
    "payouts/commissions/reattribution.py": ("tests/payouts/test_reattribution.py", *_APPEALS),
    "affiliates/status_history.py": (
        "tests/affiliates/test_status_history.py",
        "tests/portal/test_affiliate_import.py",
        *_APPEALS,
    ),
    "tracking/orders/attribution_data.py": (
        "tests/tracking/test_attribution_data.py",
        "tests/payouts/test_forfeiture.py",
        "tests/stories/test_attribution.py",
        "tests/shops/test_order_codes.py",
    ),
    "payouts/commissions/writer.py": (
        "tests/payouts/test_commission_writer.py",
        "tests/payouts/test_rate_precedence.py",
        "tests/payouts/test_ledger.py",
        "tests/payouts/test_forfeiture.py",
        "tests/shops/test_api.py",
        "tests/stories/test_small_orders.py",
        *_APPEALS,
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
    "payouts/payout_details/email_change.py": ("tests/payouts/test_email_change_hold.py",),
    "payouts/closing/close_sql.py": (
        "tests/payouts/test_close_without_orders.py",
        "tests/payouts/test_preflight.py",
        *_CLOSE,
    ),
    "shops/connectors/stripe/currencies.py": _STRIPE,
    "shops/connectors/stripe/events.py": _STRIPE,
    "shops/connectors/stripe/orders.py": _STRIPE,
}


class MutantLoop:
    """A pytest plugin that replaces the test loop: it runs the tests of each mutant in a process of its own."""

    def __init__(self, planned: Sequence[Mutant], seconds: float) -> None:
        self.planned, self.seconds = planned, seconds
        self.tried, self.survivors = list[Mutant](), list[Mutant]()

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        items = {path: [item for item in session.items if str(item.path) == str(ROOT / path)] for path in _list_paths()}
        # One passing test sets up the database and the other session fixtures.
        _run(items[TESTS["lib/money.py"][0]][-2:-1], next_item=session)
        used = {path for mutant in self.planned for path in TESTS[mutant.module]}
        if self._try(None, [item for path in used for item in items[path]]) == CAUGHT:
            pytest.exit("Tests fail without any mutant.")
        loop_started = time.monotonic()
        for number, mutant in enumerate(self.planned, 1):
            started = time.monotonic()
            if started - loop_started > self.seconds:
                break
            self.tried.append(mutant)
            result = self._try(mutant, [item for path in TESTS[mutant.module] for item in items[path]])
            if result == SURVIVED:
                self.survivors.append(mutant)
            seconds = time.monotonic() - started
            outcome = "survived" if result == SURVIVED else "caught"
            place = f"{mutant.module}:{mutant.line}"
            print(f"{number}/{len(self.planned)} {outcome} {seconds:.1f} s {place} {mutant.change}", flush=True)
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
                os._exit(CAUGHT if _run(items, verbose=mutant is None) else SURVIVED)
            except BaseException:  # noqa: BLE001 -- any error catches the mutant
                os._exit(CAUGHT)
        return _wait(child, LIMIT if mutant else 10 * LIMIT)


def _wait(child: int, limit: float) -> int:
    """Return the child's result, CAUGHT if it takes longer than `limit` seconds."""
    deadline = time.monotonic() + limit
    while time.monotonic() < deadline:
        pid, status = os.waitpid(child, os.WNOHANG)
        if pid:
            return os.waitstatus_to_exitcode(status) and CAUGHT
        time.sleep(0.01)
    os.kill(child, 9)
    os.waitpid(child, 0)
    return CAUGHT


def _run(items: Sequence[pytest.Item], next_item: Any = None, *, verbose: bool = False) -> bool:
    """Run the tests up to the first failure and return whether there was one.

    With a `next_item`, pytest keeps the session fixtures after the last test.
    """
    failed: list[Any] = []

    class FailureRecorder:
        def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
            failed.extend([report] if report.failed else [])
            if report.failed and verbose:
                print(report.nodeid, report.longreprtext, flush=True)

    items[0].config.pluginmanager.register(FailureRecorder())
    for item, following in zip(items, [*items[1:], next_item], strict=True):
        item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
        if failed:
            return True
    return False


def _list_paths() -> list[str]:
    return sorted({path for paths in TESTS.values() for path in paths})


def main() -> int:
    modules = os.environ.get("MODULES", "").split() or list(TESTS)
    planned = [mutant for module in modules for mutant in list_mutants(module, (ROOT / module).read_text())]
    # In random order, so that the mutants tried within the time are a sample of all.
    random.Random(int(os.environ.get("SEED", "1"))).shuffle(planned)
    os.environ.setdefault("SIMULATION_RUNS", "6")
    loop = MutantLoop(planned, 60 * float(os.environ.get("MINUTES", "25")))
    status = pytest.main(
        ["-q", "-q", "-p", "no:cacheprovider", "--reuse-db", "-x", "--capture=no", *_list_paths()], plugins=[loop]
    )
    if status:
        return int(status)
    share = report.write(planned, loop.tried, loop.survivors, complete=not os.environ.get("MODULES"))
    return 0 if share >= report.MIN_SHARE else 1


if __name__ == "__main__":
    sys.exit(main())
