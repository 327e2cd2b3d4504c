"""Rounds of a close that is killed at a random time and run again, over the same scenario."""

import os
import random
import time
from collections import Counter
from collections.abc import Callable
from datetime import date
from statistics import median

from payouts.closing import close
from tests.faults import close_digest, sixty_affiliates
from tests.faults.child_processes import ChildResult, run_and_kill

FEBRUARY = date(2026, 2, 1)
# Seed of all random times. It is printed with the figures; FAULT_SEED=... repeats a run.
SEED = int(os.environ.get("FAULT_SEED", "0")) or random.randrange(1, 10**6)
# Rounds between measurements of the duration of a close, because the machine's speed varies.
MEASURE_INTERVAL = 50


def close_february() -> None:
    close.close_month(month=FEBRUARY, now=sixty_affiliates.NOW, by=None)


def get_undisturbed_digest() -> str:
    """Save the state, close without a fault, undo the close and return its digest."""
    close_digest.save_state()
    close_february()
    digest = close_digest.compute_digest()
    close_digest.undo_closes()
    return digest


class KillRounds:
    """Run rounds of `close`, killed at a random time within its usual duration, then repeated without a fault."""

    def __init__(self, close: Callable[[], object], *, reference: str) -> None:
        self.close, self.reference = close, reference
        self.random = random.Random(SEED)
        self.kills: list[ChildResult] = []
        self.digests: Counter[str] = Counter()
        self.started = time.monotonic()
        self.usual_seconds = 0.0

    def _measure_usual_seconds(self) -> float:
        """Return the median lifetime of a connected child that is not killed."""
        lifetimes = []
        for _round in range(5):
            lifetimes.append(run_and_kill(self.close, None).seconds)
            close_digest.undo_closes()
        return median(lifetimes)

    def run_round(self) -> None:
        """Kill one close, close again, record the digest, and undo both."""
        if len(self.kills) % MEASURE_INTERVAL == 0:
            self.usual_seconds = self._measure_usual_seconds()
        self.kills.append(run_and_kill(self.close, self.random.uniform(0, self.usual_seconds)))
        close_february()
        self.digests[close_digest.compute_digest()] += 1
        close_digest.undo_closes()

    @property
    def mismatches(self) -> int:
        """Return the number of rounds whose rows differ from those of an undisturbed close."""
        return sum(number for digest, number in self.digests.items() if digest != self.reference)

    def __str__(self) -> str:
        inside = [kill for kill in self.kills if kill.statements and not kill.returned]
        number, seconds = len(self.kills), time.monotonic() - self.started
        return (
            f"{number} kills (seed {SEED}, each within {self.usual_seconds:.3f} s): {len(inside)}"
            f" ({100 * len(inside) / number:.0f} %) during the close, at {len({kill.statements for kill in inside})}"
            f" different statements, {sum(not kill.statements for kill in self.kills)} before it,"
            f" {sum(kill.returned for kill in self.kills)} after it; {self.mismatches} with different rows;"
            f" {seconds / number:.2f} s each; digest {self.reference[:16]}"
        )
