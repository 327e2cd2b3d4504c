"""Fixtures for tests of creatives."""

import pytest

from affiliates.models import Affiliate
from tests.creatives import samples
from tests.factories import make_affiliate


@pytest.fixture
def shop(db) -> None:
    """Set the shop's host, so that creatives can be uploaded."""
    samples.open_shop()


@pytest.fixture
def affiliate(shop: None) -> Affiliate:
    return make_affiliate()
