"""What the tests of agreements begin with."""

from datetime import UTC, datetime

import pytest

from agreements import seeding
from agreements.models import Agreement

START = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def first(db: None) -> Agreement:
    """The seed agreement, published and in effect since START."""
    return seeding.seed(effective_at=START, now=START, by=None)
