"""What stories begin with."""

from collections.abc import Iterator
from copy import deepcopy

import pytest

from tests.scenarios import list_rollup_differences, roll_back
from tests.stories.attribution_program import ScriptedProgram


@pytest.fixture(scope="module")
def built_program(django_db_setup, django_db_blocker) -> Iterator[ScriptedProgram]:
    """Made once for all stories of a module: it takes as long as many of them."""
    with django_db_blocker.unblock(), roll_back():
        yield ScriptedProgram()


@pytest.fixture
def program(built_program: ScriptedProgram) -> Iterator[ScriptedProgram]:
    """The small program of `tests.stories.attribution_program`, as new for each story; its roll-ups equal its rows."""
    with roll_back():
        yield deepcopy(built_program)
        assert list_rollup_differences() == []
