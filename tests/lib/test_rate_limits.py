"""One API key asks ..."""

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
SHORTLY_BEFORE = NOW.replace(second=59, microsecond=500_000)


@pytest.fixture(autouse=True)
def _as_at_the_start(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    cache.clear()
    monkeypatch.setattr(rate_limits, "_limiter", Limiter())
    settings.API_REQUESTS_PER_MINUTE = 3


def make(name: str = "shop") -> ApiKey:
    return api_keys.create(name=name, now=NOW, by=None)[0]


def asks(key: ApiKey, times: int, at: datetime = NOW) -> list[int]:
    return [rate_limits.count_request(key=key, now=at) for _ in range(times)]


def test_so_often_a_minute_then_waits_for_the_next() -> None:
    key = make()
    assert asks(key, 5) == [0, 0, 0, 60, 60]
    assert asks(key, 1, SHORTLY_BEFORE) == [1]
    assert asks(key, 4, NOW + timedelta(seconds=60)) == [0, 0, 0, 60]


def test_without_regard_to_other_keys() -> None:
    one, other = make("one"), make("other")
    assert asks(one, 4)[-1] == 60
    assert asks(other, 3) == [0, 0, 0]


def test_as_often_as_it_likes_where_no_limit_is_set(settings: Settings) -> None:
    settings.API_REQUESTS_PER_MINUTE = 0
    assert asks(make(), 10) == [0] * 10


def test_within_a_wide_limit_without_a_question_to_valkey_for_each(
    monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    settings.API_REQUESTS_PER_MINUTE = 5_000
    questions, count = [], rate_limits._increment

    def counted(name: str, number: int) -> int:
        questions.append(number)
        return count(name, number)

    monkeypatch.setattr(rate_limits, "_increment", counted)
    key = make()
    assert asks(key, 5_000) == [0] * 5_000
    assert questions == [5] * 1_000
    assert asks(key, 1) == [60]


def test_of_several_processes_together_no_more_often_than_the_limit(
    monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    settings.API_REQUESTS_PER_MINUTE = 3_500
    key, processes, answered = make(), [Limiter(), Limiter(), Limiter()], 0
    for number in range(4_000):
        monkeypatch.setattr(rate_limits, "_limiter", processes[number % 3])
        answered += asks(key, 1) == [0]
    assert 3_490 <= answered <= 3_500


def test_freely_while_valkey_is_away_which_the_log_says_once(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    tried = []

    def away(name: str, _number: int) -> int:
        tried.append(name)
        raise RedisConnectionError("refused")

    monkeypatch.setattr(rate_limits, "_increment", away)
    with caplog.at_level(logging.WARNING):
        assert asks(make(), 10) == [0] * 10
    assert len(tried) == 1, "a store that is away is not waited for at each request"
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert "not limited" in caplog.text


def test_within_limits_again_once_valkey_is_back(monkeypatch: pytest.MonkeyPatch, settings: Settings) -> None:
    address = settings.REDIS_URL
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    key = make()
    assert asks(key, 5) == [0] * 5
    settings.REDIS_URL = address
    monkeypatch.setattr(rate_limits, "_limiter", Limiter())
    assert asks(key, 4) == [0, 0, 0, 60]
