"""Closes of sixty affiliates that are killed at random times or run at once.

`make faults` runs more of them, as many as CLOSE_KILLS and CONCURRENT_CLOSES say.
"""

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
from tests.faults.no_transaction import LASTING_TABLES, NoTransaction

pytestmark = pytest.mark.slow

CLOSE_KILLS = int(os.environ.get("CLOSE_KILLS", "20"))
CONCURRENT_CLOSES = int(os.environ.get("CONCURRENT_CLOSES", "3"))
# Enough that a close without a transaction is detected by chance.
CONTROL_KILLS = max(20, CLOSE_KILLS // 5)


@pytest.fixture
def reference(scenario) -> str:
    return get_undisturbed_digest()


def list_violations() -> list[str]:
    """Return the violated invariants; the scenario has one: four affiliates with an amount that is on no statement."""
    return [
        f"{finding.violations} {finding.first}" for finding in verification.check_invariants() if finding.violations
    ]


def test_close_killed_at_random_time_and_repeated_has_rows_of_undisturbed_one(reference, report_line):
    rounds = KillRounds(close_february, reference=reference)
    for _kill in range(CLOSE_KILLS):
        rounds.run_round()
    report_line(rounds)
    assert rounds.mismatches == 0, f"repeat: FAULT_SEED={SEED} CLOSE_KILLS={CLOSE_KILLS}"
    assert any(kill.statements and not kill.returned for kill in rounds.kills)
    close_february()
    assert close_digest.compute_digest() == reference
    assert list_violations() == ["4 affiliate BROKEN1 is owed 1.00"]
    assert [difference for closed in Close.objects.all() for difference in replay(closed)] == []


def test_kills_detect_close_without_transaction(reference, report_line):
    """The control: a close that commits after each statement does not pass the test above."""
    rounds = KillRounds(close_without_transaction, reference=reference)
    for _kill in range(CONTROL_KILLS):
        rounds.run_round()
    report_line(f"close without a transaction: detected {rounds.mismatches} of {CONTROL_KILLS} times; {rounds}")
    assert rounds.mismatches > 0


@pytest.mark.parametrize("processes", [2, 5])
def test_concurrent_closes_close_once(processes, reference, report_line):
    for _time in range(CONCURRENT_CLOSES):
        run_at_once([close_february] * processes)
        assert close_digest.compute_digest() == reference
        close_digest.undo_closes()
    report_line(f"{processes} closes at once, {CONCURRENT_CLOSES} times: one effect; digest {reference[:16]}")


def test_concurrent_closes_close_once_when_one_is_killed(reference, report_line):
    random_source = random.Random(SEED)
    for _time in range(CONCURRENT_CLOSES):
        killed = partial(run_and_kill, close_february, random_source.uniform(0, 0.1))
        run_at_once([killed, *[close_february] * 4])
        assert close_digest.compute_digest() == reference
        close_digest.undo_closes()
    report_line(
        f"5 closes at once, one of them killed (seed {SEED}), {CONCURRENT_CLOSES} times: one effect;"
        f" digest {reference[:16]}"
    )


def close_without_transaction() -> None:
    without_drop = patch.object(close_sql, "TEMPORARY_TABLES", LASTING_TABLES)
    with patch.object(close, "transaction", NoTransaction()), without_drop:
        close_february()
