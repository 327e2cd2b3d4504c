"""Random runs of a small program, compared with a reference implementation.

SIMULATION_RUNS sets the number of runs, SIMULATION_SEED chooses others.
"""

import os

import pytest
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.simulation.money import MoneySteps
from tests.simulation.orders import OrderSteps
from tests.simulation.reviews import ReviewSteps
from tests.simulation.simulation import Scenario, build_scenario
from tests.simulation.terms import TermSteps

# The number of runs in all parts together, and of steps in each.
SIMULATION_RUNS, STEPS, PARTS = int(os.environ.get("SIMULATION_RUNS", "60")), 50, 2
SEED = int(os.environ.get("SIMULATION_SEED", "1"))
# With few runs, as in `make mutants`, failures are not shrunk.
SHORT = SIMULATION_RUNS < 60
PHASES = [Phase.generate] if SHORT else [Phase.generate, Phase.shrink]


@pytest.fixture
def scenario(tmp_path) -> Scenario:
    return build_scenario(tmp_path)


# The scenario is committed, so that each run is a transaction of its own; with few runs, nothing is committed.
@pytest.mark.django_db(transaction=not SHORT)
@pytest.mark.slow
@pytest.mark.parametrize("part", range(PARTS))
def test_balances_equal_reference_after_random_steps(scenario, part):
    @seed(SEED * PARTS + part)
    class Simulation(OrderSteps, TermSteps, ReviewSteps, MoneySteps):
        def __init__(self) -> None:
            super().__init__(scenario)

    run_state_machine_as_test(
        Simulation,
        settings=settings(
            max_examples=SIMULATION_RUNS // PARTS,
            stateful_step_count=STEPS,
            phases=PHASES,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
