"""Crashes of PostgreSQL during a close.

`make faults` runs more of them, as many as POSTGRES_CRASHES says.
"""

import os
import random
import threading
import time
from statistics import median

import pytest
import time_machine
from django.db import connection, connections

from payouts.closing import verification
from tests.faults import close_digest, sixty_affiliates
from tests.faults.kill_rounds import SEED, get_undisturbed_digest
from tests.faults.task_runner import run_task

pytestmark = pytest.mark.slow

CRASHES = int(os.environ.get("POSTGRES_CRASHES", "5"))
# In production the next beat runs the task again; here it is run again at once.
RETRY_SECONDS, TIMEOUT_SECONDS = 0.02, 60


class Worker(threading.Thread):
    """Run the close task until it succeeds, whatever happens meanwhile."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.statements = 0
        # The number of statements that each failed run had started.
        self.failures: list[int] = []
        self.started = threading.Event()

    def run(self) -> None:
        until = time.monotonic() + TIMEOUT_SECONDS
        self.started.set()
        with connection.execute_wrapper(self.count_statement):
            while time.monotonic() < until and not self.run_close_task():
                time.sleep(RETRY_SECONDS)
        connections.close_all()

    def count_statement(self, execute, *args):
        self.statements += 1
        return execute(*args)

    def run_close_task(self) -> bool:
        self.statements = 0
        result = run_task()
        if not result.successful():
            self.failures.append(self.statements)
        return result.successful()


def measure_usual_seconds() -> float:
    """Return the median duration of the task without a crash."""
    durations = []
    for _round in range(5):
        started = time.monotonic()
        run_task()
        durations.append(time.monotonic() - started)
        close_digest.undo_closes()
    return median(durations)


def test_close_interrupted_by_postgres_crash_is_repeated_with_same_rows(scenario, report_line):
    random_source = random.Random(SEED)
    with time_machine.travel(sixty_affiliates.NOW, tick=False):
        reference, usual_seconds = get_undisturbed_digest(), measure_usual_seconds()
        failed, started = [], time.monotonic()
        for _crash in range(CRASHES):
            worker = Worker()
            worker.start()
            worker.started.wait()
            time.sleep(random_source.uniform(0, usual_seconds))
            scenario.crash()
            scenario.postgres.start()
            worker.join(TIMEOUT_SECONDS)
            failed += worker.failures[:1]
            connections.close_all()  # this thread's connection was broken by the crash
            assert close_digest.compute_digest() == reference, f"repeat: FAULT_SEED={SEED} POSTGRES_CRASHES={CRASHES}"
            close_digest.undo_closes()
        seconds = (time.monotonic() - started) / CRASHES
        assert run_task().result == "closed 2026-02"
    assert [finding.first for finding in verification.check_invariants() if finding.violations] == [
        "affiliate BROKEN1 is owed 1.00"
    ]
    report_line(
        f"{CRASHES} crashes of PostgreSQL (seed {SEED}, within {usual_seconds:.3f} s): {len(failed)} during the task,"
        f" at {len(set(failed))} different statements, {CRASHES - len(failed)} after it; 0 with different rows, no"
        f" manual repair; {seconds:.2f} s each; digest {reference[:16]}"
    )
