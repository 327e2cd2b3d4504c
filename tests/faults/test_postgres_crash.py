"""PostgreSQL that dies while a month is closed ...

`make faults` runs the long form, of which POSTGRES_CRASHES is the size.
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

pytestmark = pytest.mark.serial

DEATHS = int(os.environ.get("POSTGRES_CRASHES", "5"))
# A worker that finds no database asks again at the next beat; here that is at once.
PAUSE_SECONDS, PATIENCE_SECONDS = 0.02, 60


class Worker(threading.Thread):
    """Asks beat's question about the close until it has an answer, whatever happens meanwhile."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.begun_statements = 0
        # How many statements each asking had begun that failed.
        self.failures: list[int] = []
        self.begun, self.ended = threading.Event(), 0.0

    def run(self) -> None:
        until = time.monotonic() + PATIENCE_SECONDS
        self.begun.set()
        with connection.execute_wrapper(self.counting):
            while time.monotonic() < until and not self.asked_well():
                time.sleep(PAUSE_SECONDS)
        self.ended = time.monotonic()
        connections.close_all()

    def counting(self, execute, *given):
        self.begun_statements += 1
        return execute(*given)

    def asked_well(self) -> bool:
        self.begun_statements = 0
        result = run_task()
        if not result.successful():
            self.failures.append(self.begun_statements)
        return result.successful()


def usual_seconds() -> float:
    """How long an answer takes where nothing dies."""
    lives = []
    for _life in range(5):
        begun = time.monotonic()
        run_task()
        lives.append(time.monotonic() - begun)
        close_digest.undo_closes()
    return median(lives)


def test_leaves_the_next_asking_to_close_it_with_the_same_rows_and_no_hand_needed(scenario, report_line):
    drawn = random.Random(SEED)
    with time_machine.travel(sixty_affiliates.NOW, tick=False):
        reference, usual = get_undisturbed_digest(), usual_seconds()
        failed, began = [], time.monotonic()
        for _death in range(DEATHS):
            worker = Worker()
            worker.start()
            worker.begun.wait()
            time.sleep(drawn.uniform(0, usual))
            scenario.crash()
            scenario.postgres.start()
            worker.join(PATIENCE_SECONDS)
            failed += worker.failures[:1]
            connections.close_all()  # this thread's own went with the server
            assert close_digest.compute_digest() == reference, f"FAULT_SEED={SEED} POSTGRES_CRASHES={DEATHS} repeats it"
            close_digest.undo_closes()
        seconds = (time.monotonic() - began) / DEATHS
        assert run_task().result == "closed 2026-02"
    assert [finding.first for finding in verification.check_invariants() if finding.violations] == [
        "affiliate POISON1 is owed 1.00"
    ]
    report_line(
        f"{DEATHS} deaths of PostgreSQL (seed {SEED}, within {usual:.3f} s): {len(failed)} of them while it was asked and"
        f" closed, at {len(set(failed))} different statements, {DEATHS - len(failed)} after it; 0 with other rows, no hand"
        f" needed; {seconds:.2f} s each; digest {reference[:16]}"
    )
