"""Killing a close at random moments, again and again, over the same scenario: how often it left other rows than undisturbed."""

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
# Of all that is drawn; it is printed with the figures, and FAULT_SEED=... draws the same again.
SEED = int(os.environ.get("FAULT_SEED", "0")) or random.randrange(1, 10**6)
# A machine is not equally fast all the time: so often it is measured anew how long a close takes.
MEASURE_INTERVAL = 50


def close_february() -> None:
    close.close_month(month=FEBRUARY, now=sixty_affiliates.NOW, by=None)


def get_undisturbed_digest() -> str:
    """The digest of a close that nothing happened to; the scenario is then as before."""
    close_digest.save_state()
    close_february()
    found = close_digest.compute_digest()
    close_digest.undo_closes()
    return found


class KillRounds:
    """Rounds of one kind of close that is killed at a random moment of its usual time and then run again, whole."""

    def __init__(self, doomed: Callable[[], object], *, reference: str) -> None:
        self.doomed, self.reference = doomed, reference
        self.drawn = random.Random(SEED)
        self.deaths: list[ChildResult] = []
        self.found: Counter[str] = Counter()
        self.begun = time.monotonic()
        self.usual = 0.0

    def _usual_seconds(self) -> float:
        """How long it takes a child that nobody kills, from being connected on."""
        lives = []
        for _life in range(5):
            lives.append(run_and_kill(self.doomed, None).seconds)
            close_digest.undo_closes()
        return median(lives)

    def run_round(self) -> None:
        """Kill one, close again, compare, and undo it all."""
        if len(self.deaths) % MEASURE_INTERVAL == 0:
            self.usual = self._usual_seconds()
        self.deaths.append(run_and_kill(self.doomed, self.drawn.uniform(0, self.usual)))
        close_february()
        self.found[close_digest.compute_digest()] += 1
        close_digest.undo_closes()

    @property
    def mismatches(self) -> int:
        """After how many the rows were others than the undisturbed close's."""
        return sum(number for digest, number in self.found.items() if digest != self.reference)

    def __str__(self) -> str:
        inside = [death for death in self.deaths if death.statements and not death.returned]
        number, seconds = len(self.deaths), time.monotonic() - self.begun
        return (
            f"{number} kills (seed {SEED}, each within {self.usual:.3f} s): {len(inside)} of them"
            f" ({100 * len(inside) / number:.0f} %) inside the close, at {len({death.statements for death in inside})}"
            f" different statements, {sum(not death.statements for death in self.deaths)} before it,"
            f" {sum(death.returned for death in self.deaths)} after it; {self.mismatches} with other rows;"
            f" {seconds / number:.2f} s each; digest {self.reference[:16]}"
        )
