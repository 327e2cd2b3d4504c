"""A close of sixty affiliates of every kind ...

`make faults` runs the long form, of which CLOSE_KILLS and CONCURRENT_CLOSES are the sizes.
"""

import contextlib
import os
import random
from functools import partial
from unittest.mock import patch

import pytest

from payouts.closing import close, close_sql, verification
from payouts.closing.replay import replay
from payouts.models import Close
from tests.faults import close_digest
from tests.faults.child_processes import run_and_kill, run_at_once
from tests.faults.kill_rounds import SEED, KillRounds, close_february, get_undisturbed_digest

pytestmark = pytest.mark.serial

CLOSE_KILLS = int(os.environ.get("CLOSE_KILLS", "20"))
CONCURRENT_CLOSES = int(os.environ.get("CONCURRENT_CLOSES", "3"))
# Enough for chance to find the broken one out.
TWINS_KILLED = max(20, CLOSE_KILLS // 5)


@pytest.fixture
def reference(scenario) -> str:
    return get_undisturbed_digest()


def violations() -> list[str]:
    """Only those whom the scenario has put there: four affiliates with an amount that is on no statement."""
    return [
        f"{finding.violations} {finding.first}" for finding in verification.check_invariants() if finding.violations
    ]


def test_that_is_killed_at_a_random_moment_and_run_again_has_the_rows_of_one_left_alone(reference, report_line):
    killings = KillRounds(close_february, reference=reference)
    for _kill in range(CLOSE_KILLS):
        killings.run_round()
    report_line(killings)
    assert killings.mismatches == 0, f"FAULT_SEED={SEED} CLOSE_KILLS={CLOSE_KILLS} repeats it"
    assert any(death.statements and not death.returned for death in killings.deaths)
    close_february()
    assert close_digest.compute_digest() == reference
    assert violations() == ["4 affiliate POISON1 is owed 1.00"]
    assert [difference for closed in Close.objects.all() for difference in replay(closed)] == []


def test_that_commits_between_its_steps_is_caught_by_the_same_kills(reference, report_line):
    """The harness bites: whoever breaks the one transaction is found out by it."""
    killings = KillRounds(careless, reference=reference)
    for _kill in range(TWINS_KILLED):
        killings.run_round()
    report_line(
        f"a broken twin, which commits between its steps: caught {killings.mismatches} of {TWINS_KILLED} times; {killings}"
    )
    assert killings.mismatches > 0


@pytest.mark.parametrize("closers", [2, 5])
def test_by_several_at_once_happens_once(closers, reference, report_line):
    for _time in range(CONCURRENT_CLOSES):
        run_at_once([close_february] * closers)
        assert close_digest.compute_digest() == reference
        close_digest.undo_closes()
    report_line(f"{closers} closers at once, {CONCURRENT_CLOSES} times: one effect each time; digest {reference[:16]}")


def test_by_five_at_once_of_whom_one_is_killed_happens_once(reference, report_line):
    drawn = random.Random(SEED)
    for _time in range(CONCURRENT_CLOSES):
        doomed = partial(run_and_kill, close_february, drawn.uniform(0, 0.1))
        run_at_once([doomed, *[close_february] * 4])
        assert close_digest.compute_digest() == reference
        close_digest.undo_closes()
    report_line(
        f"5 closers at once, one of them killed (seed {SEED}), {CONCURRENT_CLOSES} times: one effect; digest {reference[:16]}"
    )


def careless() -> None:
    """The close without its transaction: what each statement writes is there at once."""
    kept = close_sql.TEMPORARY_TABLES.replace(" ON COMMIT DROP", "")
    with patch.object(close, "transaction", Careless()), patch.object(close_sql, "TEMPORARY_TABLES", kept):
        close_february()


class Careless:
    """Stands for `django.db.transaction` in a close that forgot it."""

    @staticmethod
    def atomic(**_):
        return contextlib.nullcontext()
