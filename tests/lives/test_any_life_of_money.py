"""Any life of money ..."""

import os

import pytest
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.lives.life import World, build
from tests.lives.money import Money
from tests.lives.orders import Orders
from tests.lives.terms import Terms

# So many lives of so many steps each, in all parts together; the same ones each time.
LIVES, STEPS, PARTS = int(os.environ.get("LIVES", "500")), 50, 2
SEED = int(os.environ.get("LIVES_SEED", "1"))
# A look at a few, as `make mutants` takes: it need not know the shortest life that ends wrongly.
SHORT = LIVES < 100
PHASES = [Phase.generate] if SHORT else [Phase.generate, Phase.shrink]


@pytest.fixture
def world(tmp_path) -> World:
    return build(tmp_path)


# Committed, so that each life is a transaction of its own, which is undone; a short look commits nothing.
@pytest.mark.django_db(transaction=not SHORT)
@pytest.mark.slow
@pytest.mark.parametrize("part", range(PARTS))
def test_ends_in_the_balances_that_were_worked_out_by_hand(world, part):
    """LIVES=10000 for more of them, LIVES_SEED=7 for others."""

    @seed(SEED * PARTS + part)
    class Lived(Orders, Terms, Money):
        def __init__(self) -> None:
            super().__init__(world)

    run_state_machine_as_test(
        Lived,
        settings=settings(
            max_examples=LIVES // PARTS,
            stateful_step_count=STEPS,
            phases=PHASES,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
