"""Fixtures for the tests of whole programs."""

from collections.abc import Iterator
from copy import deepcopy

import pytest

from tests.scenarios import check_constraints, list_rollup_differences, roll_back
from tests.stories.attribution_program import ScriptedProgram


@pytest.fixture(scope="module")
def built_program(django_db_setup, django_db_blocker) -> Iterator[ScriptedProgram]:
    """Build the program once per module, because building it takes as long as many of its tests."""
    with django_db_blocker.unblock(), roll_back():
        program = ScriptedProgram()
        check_constraints()
        yield program


@pytest.fixture
def program(built_program: ScriptedProgram) -> Iterator[ScriptedProgram]:
    """Return a fresh copy of the program per test; afterwards its rollups must equal its rows."""
    with roll_back():
        yield deepcopy(built_program)
        assert list_rollup_differences() == []
