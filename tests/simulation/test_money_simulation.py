"""Any life of money ..."""

import os

import pytest
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.simulation.money import Money
from tests.simulation.orders import Orders
from tests.simulation.simulation import Scenario, build_scenario
from tests.simulation.terms import Terms

# So many lives of so many steps each, in all parts together; the same ones each time.
SIMULATION_RUNS, STEPS, PARTS = int(os.environ.get("SIMULATION_RUNS", "100")), 50, 2
SEED = int(os.environ.get("SIMULATION_SEED", "1"))
# A look at a few, as `make mutants` takes: it need not know the shortest life that ends wrongly.
SHORT = SIMULATION_RUNS < 100
PHASES = [Phase.generate] if SHORT else [Phase.generate, Phase.shrink]


@pytest.fixture
def scenario(tmp_path) -> Scenario:
    return build_scenario(tmp_path)


# Committed, so that each life is a transaction of its own, which is undone; a short look commits nothing.
@pytest.mark.django_db(transaction=not SHORT)
@pytest.mark.slow
@pytest.mark.parametrize("part", range(PARTS))
def test_ends_in_the_balances_that_were_worked_out_by_hand(scenario, part):
    """SIMULATION_RUNS=10000 for more of them, SIMULATION_SEED=7 for others."""

    @seed(SEED * PARTS + part)
    class Lived(Orders, Terms, Money):
        def __init__(self) -> None:
            super().__init__(scenario)

    run_state_machine_as_test(
        Lived,
        settings=settings(
            max_examples=SIMULATION_RUNS // PARTS,
            stateful_step_count=STEPS,
            phases=PHASES,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
