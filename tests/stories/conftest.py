"""What stories begin with."""

from collections.abc import Iterator
from copy import deepcopy

import pytest

from tests.stories.attributing import Place
from tests.worlds import rolled_back, rollup_differences


@pytest.fixture(scope="module")
def built(django_db_setup, django_db_blocker) -> Iterator[Place]:
    """Made once for all stories of a module: it takes as long as many of them."""
    with django_db_blocker.unblock(), rolled_back():
        yield Place()


@pytest.fixture
def place(built: Place) -> Iterator[Place]:
    """The small program of `tests.stories.attributing`, as new for each story; its roll-ups equal its rows."""
    with rolled_back():
        yield deepcopy(built)
        assert rollup_differences() == []
