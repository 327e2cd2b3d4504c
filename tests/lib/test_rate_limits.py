"""The rate limit of API keys (lib.rate_limits)."""

import logging
from datetime import datetime, timedelta

import pytest
from django.core.cache import cache
from pytest_django import Settings
from redis.exceptions import ConnectionError as RedisConnectionError

from accounts import api_keys
from accounts.models import ApiKey
from lib import rate_limits
from lib.rate_limits import Limiter
from tests.factories import NOW

pytestmark = pytest.mark.django_db
HALF_SECOND_BEFORE_NEXT_MINUTE = NOW.replace(second=59, microsecond=500_000)


@pytest.fixture(autouse=True)
def _fresh_limiter(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    cache.clear()
    monkeypatch.setattr(rate_limits, "_limiter", Limiter())
    settings.API_REQUESTS_PER_MINUTE = 3


def make_key(name: str = "shop") -> ApiKey:
    return api_keys.create(name=name, now=NOW, by=None)[0]


def count_requests(key: ApiKey, times: int, at: datetime = NOW) -> list[int]:
    return [rate_limits.count_request(key=key, now=at) for _ in range(times)]


def test_requests_beyond_the_limit_wait_for_the_next_minute() -> None:
    key = make_key()
    assert count_requests(key, 5) == [0, 0, 0, 60, 60]
    assert count_requests(key, 1, HALF_SECOND_BEFORE_NEXT_MINUTE) == [1]
    assert count_requests(key, 4, NOW + timedelta(seconds=60)) == [0, 0, 0, 60]


def test_each_key_has_its_own_limit() -> None:
    key, other = make_key("one"), make_key("other")
    assert count_requests(key, 4)[-1] == 60
    assert count_requests(other, 3) == [0, 0, 0]


def test_limit_of_zero_allows_everything(settings: Settings) -> None:
    settings.API_REQUESTS_PER_MINUTE = 0
    assert count_requests(make_key(), 10) == [0] * 10


def test_large_limit_needs_one_valkey_call_for_several_requests(
    monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    settings.API_REQUESTS_PER_MINUTE = 5_000
    calls, increment = [], rate_limits._increment

    def record_call(name: str, number: int) -> int:
        calls.append(number)
        return increment(name, number)

    monkeypatch.setattr(rate_limits, "_increment", record_call)
    key = make_key()
    assert count_requests(key, 5_000) == [0] * 5_000
    assert calls == [5] * 1_000
    assert count_requests(key, 1) == [60]


def test_processes_share_the_limit(monkeypatch: pytest.MonkeyPatch, settings: Settings) -> None:
    settings.API_REQUESTS_PER_MINUTE = 3_500
    key, processes, allowed = make_key(), [Limiter(), Limiter(), Limiter()], 0
    for number in range(4_000):
        monkeypatch.setattr(rate_limits, "_limiter", processes[number % 3])
        allowed += count_requests(key, 1) == [0]
    assert 3_490 <= allowed <= 3_500


def test_requests_are_allowed_while_valkey_is_unavailable_and_logged_once(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    calls = []

    def fail(name: str, _number: int) -> int:
        calls.append(name)
        raise RedisConnectionError("refused")

    monkeypatch.setattr(rate_limits, "_increment", fail)
    with caplog.at_level(logging.WARNING):
        assert count_requests(make_key(), 10) == [0] * 10
    assert len(calls) == 1, "an unavailable store is not retried at each request"
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert "not limited" in caplog.text


def test_limit_applies_again_when_valkey_is_back(monkeypatch: pytest.MonkeyPatch, settings: Settings) -> None:
    url = settings.REDIS_URL
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    key = make_key()
    assert count_requests(key, 5) == [0] * 5
    settings.REDIS_URL = url
    monkeypatch.setattr(rate_limits, "_limiter", Limiter())
    assert count_requests(key, 4) == [0, 0, 0, 60]
