"""A close of sixty affiliates of every kind ...

`make faults` runs the long form, of which KILLS and TIMES_AT_ONCE are the sizes.
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
from tests.faults import books
from tests.faults.harness import SEED, Killings, close_february, undisturbed
from tests.faults.killing import all_at_once, killed_at

pytestmark = pytest.mark.serial

KILLS = int(os.environ.get("KILLS", "20"))
TIMES_AT_ONCE = int(os.environ.get("TIMES_AT_ONCE", "3"))
# Enough for chance to find the broken one out.
TWINS_KILLED = max(20, KILLS // 5)


@pytest.fixture
def reference(world) -> str:
    return undisturbed()


def violations() -> list[str]:
    """Only those whom the world has put there: four affiliates with an amount that is on no statement."""
    return [f"{finding.violations} {finding.first}" for finding in verification.verify() if finding.violations]


def test_that_is_killed_at_a_random_moment_and_run_again_has_the_rows_of_one_left_alone(reference, told):
    killings = Killings(close_february, reference=reference)
    for _kill in range(KILLS):
        killings.round()
    told(killings)
    assert killings.off == 0, f"FAULT_SEED={SEED} KILLS={KILLS} repeats it"
    assert any(death.statements and not death.returned for death in killings.deaths)
    close_february()
    assert books.digest() == reference
    assert violations() == ["4 affiliate POISON1 is owed 1.00"]
    assert [difference for closed in Close.objects.all() for difference in replay(closed)] == []


def test_that_commits_between_its_steps_is_caught_by_the_same_kills(reference, told):
    """The harness bites: whoever breaks the one transaction is found out by it."""
    killings = Killings(careless, reference=reference)
    for _kill in range(TWINS_KILLED):
        killings.round()
    told(f"a broken twin, which commits between its steps: caught {killings.off} of {TWINS_KILLED} times; {killings}")
    assert killings.off > 0


@pytest.mark.parametrize("closers", [2, 5])
def test_by_several_at_once_happens_once(closers, reference, told):
    for _time in range(TIMES_AT_ONCE):
        all_at_once([close_february] * closers)
        assert books.digest() == reference
        books.forget()
    told(f"{closers} closers at once, {TIMES_AT_ONCE} times: one effect each time; digest {reference[:16]}")


def test_by_five_at_once_of_whom_one_is_killed_happens_once(reference, told):
    drawn = random.Random(SEED)
    for _time in range(TIMES_AT_ONCE):
        doomed = partial(killed_at, close_february, drawn.uniform(0, 0.1))
        all_at_once([doomed, *[close_february] * 4])
        assert books.digest() == reference
        books.forget()
    told(
        f"5 closers at once, one of them killed (seed {SEED}), {TIMES_AT_ONCE} times: one effect; digest {reference[:16]}"
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
