"""PostgreSQL that dies while a month is closed ...

`make faults` runs the long form, of which POSTGRES_DEATHS is the size.
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
from tests.faults import books, sixty
from tests.faults.asking import ask
from tests.faults.harness import SEED, undisturbed

pytestmark = pytest.mark.serial

DEATHS = int(os.environ.get("POSTGRES_DEATHS", "5"))
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
        result = ask()
        if not result.successful():
            self.failures.append(self.begun_statements)
        return result.successful()


def usual_seconds() -> float:
    """How long an answer takes where nothing dies."""
    lives = []
    for _life in range(5):
        begun = time.monotonic()
        ask()
        lives.append(time.monotonic() - begun)
        books.forget()
    return median(lives)


def test_leaves_the_next_asking_to_close_it_with_the_same_rows_and_no_hand_needed(world, told):
    drawn = random.Random(SEED)
    with time_machine.travel(sixty.NOW, tick=False):
        reference, usual = undisturbed(), usual_seconds()
        failed, began = [], time.monotonic()
        for _death in range(DEATHS):
            worker = Worker()
            worker.start()
            worker.begun.wait()
            time.sleep(drawn.uniform(0, usual))
            world.crash()
            world.postgres.start()
            worker.join(PATIENCE_SECONDS)
            failed += worker.failures[:1]
            connections.close_all()  # this thread's own went with the server
            assert books.digest() == reference, f"FAULT_SEED={SEED} POSTGRES_DEATHS={DEATHS} repeats it"
            books.forget()
        seconds = (time.monotonic() - began) / DEATHS
        assert ask().result == "closed 2026-02"
    assert [finding.first for finding in verification.verify() if finding.violations] == [
        "affiliate POISON1 is owed 1.00"
    ]
    told(
        f"{DEATHS} deaths of PostgreSQL (seed {SEED}, within {usual:.3f} s): {len(failed)} of them while it was asked and"
        f" closed, at {len(set(failed))} different statements, {DEATHS - len(failed)} after it; 0 with other rows, no hand"
        f" needed; {seconds:.2f} s each; digest {reference[:16]}"
    )
