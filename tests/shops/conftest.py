"""Fixtures of the tests of shops."""

import pytest
from django.core.cache import cache

from accounts import api_keys
from accounts.models import User
from lib import rate_limits
from lib.rate_limits import Limiter
from tests.factories import make_staff
from tests.scenarios import NOW, create_program, import_affiliates
from tests.shops.api_client import ApiClient

COMPLETED = {"completed": "2026-01-12T12:00:00Z", "at": "2026-01-12T12:00:00Z", "coupon": "ANN"}


@pytest.fixture
def clerk(db) -> User:
    """A payout preparer, who may import orders and correct rejects."""
    create_program("2026-01-01")
    return make_staff("payout preparers")


@pytest.fixture
def shop(db, tmp_path, monkeypatch) -> ApiClient:
    """A client with a key, in a program with the affiliate ANN and the coupon ANN."""
    cache.clear()
    monkeypatch.setattr(rate_limits, "_limiter", Limiter())
    create_program("2026-01-01")
    import_affiliates(["ANN"], tmp_path)
    return ApiClient(api_keys.create(name="the shop", now=NOW, by=None)[1])
