"""Limits of sign-in: by account and by client address, also without Valkey."""

from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from django.conf import settings as django_settings
from django.core.cache import cache, caches
from django.test import Client
from django.utils import timezone
from redis.exceptions import ConnectionError as RedisConnectionError

from accounts.models import AttemptCounter, User
from lib import fallback_cache
from mail.models import Message
from portal import sign_in_limits
from tests.factories import PASSWORD, make_user

pytestmark = pytest.mark.django_db
OWNER, OTHER = "owner@example.com", "other@example.com"
PROXY = "10.0.0.1"


@pytest.fixture(autouse=True)
def _fresh_counters(settings, monkeypatch):
    settings.TRUSTED_PROXIES = 1
    monkeypatch.setattr(fallback_cache, "outage", fallback_cache.Outage())
    cache.clear()


@pytest.fixture
def owner() -> User:
    return make_user(email=OWNER, password=PASSWORD)


@pytest.fixture
def other() -> User:
    return make_user(email=OTHER, password=PASSWORD)


def try_password(address: str, email: str, password: str, client: Client | None = None, **headers):
    """Post the sign-in form from `address`, which the trusted proxy reports."""
    client = client or Client()
    headers = {"HTTP_X_FORWARDED_FOR": address} | headers
    return client.post("/accounts/login/", {"login": email, "password": password}, REMOTE_ADDR=PROXY, **headers)


def is_signed_in(response) -> bool:
    return response.status_code == 302 and "_auth_user_id" in response.client.session


def fail(times: int, address: str = "203.0.113.9", email: str = OWNER, **headers) -> None:
    for _time in range(times):
        assert not is_signed_in(try_password(address, email, "wrong", **headers))


def test_sixth_wrong_password_for_an_account_waits(owner):
    fail(5)
    response = try_password("203.0.113.9", OWNER, PASSWORD)
    assert response.status_code == 200
    assert "Too many failed attempts" in response.content.decode()


def test_sixth_wrong_password_waits_from_other_addresses_too(owner):
    for number in range(5):
        fail(1, f"198.51.100.{number}")
    assert not is_signed_in(try_password("198.51.100.77", OWNER, PASSWORD))


def test_five_wrong_passwords_leave_a_sixth_try(owner):
    fail(4)
    assert is_signed_in(try_password("203.0.113.9", OWNER, PASSWORD))
    fail(1)
    assert not is_signed_in(try_password("203.0.113.9", OWNER, PASSWORD))


def test_stranger_behind_the_same_proxy_locks_nobody_else_out(owner, other):
    fail(20)
    fail(20, email="nobody@example.com")
    assert is_signed_in(try_password("203.0.113.10", OTHER, PASSWORD))
    assert is_signed_in(try_password("203.0.113.9", OTHER, PASSWORD)), "people who share the address"


def test_forged_header_changes_nothing(owner, settings):
    for number in range(5):
        fail(1, f"192.0.2.{number}, 203.0.113.9")
    assert not is_signed_in(try_password("192.0.2.99, 203.0.113.9", OWNER, PASSWORD))
    settings.TRUSTED_PROXIES = 0
    cache.clear()
    for number in range(sign_in_limits.TRIES_BY_ADDRESS):
        fail(1, f"192.0.2.{number}", email=f"victim{number}@example.com")
    assert "Too many" in try_password("192.0.2.99", "new@example.com", "wrong").content.decode()


def test_host_header_with_a_port_is_no_new_counter(owner):
    for number in range(5):
        fail(1, HTTP_HOST=f"localhost:{6000 + number}")
    assert not is_signed_in(try_password("203.0.113.9", OWNER, PASSWORD, HTTP_HOST="localhost:7000"))


def test_right_password_does_not_count(owner):
    for _time in range(8):
        assert is_signed_in(try_password("203.0.113.9", OWNER, PASSWORD))


def test_browser_that_signed_in_before_is_not_locked_out(owner):
    browser = Client()
    assert is_signed_in(try_password("203.0.113.1", OWNER, PASSWORD, browser))
    browser.post("/accounts/logout/")
    fail(20)
    assert is_signed_in(try_password("203.0.113.1", OWNER, PASSWORD, browser))


def test_known_browser_has_a_limit_of_its_own_for_its_accounts_only(owner, other):
    browser = Client()
    assert is_signed_in(try_password("203.0.113.1", OWNER, PASSWORD, browser))
    browser.post("/accounts/logout/")
    for _time in range(5):
        assert not is_signed_in(try_password("203.0.113.1", OWNER, "wrong", browser))
    assert not is_signed_in(try_password("203.0.113.1", OWNER, PASSWORD, browser))
    assert is_signed_in(try_password("203.0.113.2", OWNER, PASSWORD)), "the tries of that browser only"
    for _time in range(5):
        try_password("203.0.113.1", OTHER, "wrong", browser)
    assert not is_signed_in(try_password("203.0.113.1", OTHER, PASSWORD, browser)), "it is a stranger to others"


def test_forged_cookie_is_no_known_browser(owner):
    browser = Client()
    browser.cookies[sign_in_limits.COOKIE] = "e30:1:forged"
    fail(5)
    assert not is_signed_in(try_password("203.0.113.1", OWNER, PASSWORD, browser))


def test_one_address_cannot_keep_the_owner_out(owner):
    address = "203.0.113.9"
    fail(sign_in_limits.TRIES_BY_ACCOUNT, address)
    end_five_minutes(address)
    fail(sign_in_limits.TRIES_BY_ACCOUNT, address)
    end_five_minutes(address)
    # It has tried ten times in this hour. From now on its tries count for no one else.
    fail(10, address)
    assert is_signed_in(try_password("203.0.113.200", OWNER, PASSWORD))


def end_five_minutes(address: str) -> None:
    """Remove the counters that last five minutes."""
    request = Client().get("/", REMOTE_ADDR=PROXY, HTTP_X_FORWARDED_FOR=address).wsgi_request
    for limit in sign_in_limits.list_limits(request, OWNER):
        if limit.seconds == sign_in_limits.FIVE_MINUTES:
            cache.delete(limit.cache_key)


def test_new_password_ends_the_wait(owner):
    fail(5)
    client, password = Client(), "another pass phrase 7"
    client.post("/accounts/password/reset/", {"email": OWNER})
    link = urlsplit(Message.objects.get(to=OWNER).context["url"]).path
    form = client.get(link).headers["Location"]
    assert client.post(form, {"password1": password, "password2": password}).status_code == 302
    assert is_signed_in(try_password("203.0.113.2", OWNER, password))


def test_reauthentication_and_password_change_count_wrong_passwords(owner):
    client = Client()
    client.force_login(owner)
    for number in range(5):
        if number % 2:
            client.post("/accounts/reauthenticate/", {"password": "wrong"})
        else:
            client.post("/accounts/password/change/", {"oldpassword": "wrong", "password1": "x", "password2": "x"})
    response = client.post("/accounts/reauthenticate/", {"password": PASSWORD})
    assert response.status_code == 200
    assert "Too many failed attempts" in response.content.decode()


def test_every_limit_uses_the_client_address(rf):
    from allauth.core.internal import ratelimit

    request = rf.post("/", REMOTE_ADDR=PROXY, HTTP_X_FORWARDED_FOR="192.0.2.1, 203.0.113.9")
    assert ratelimit.get_ip(request) == "203.0.113.9"
    assert ratelimit.get_ip(rf.post("/", REMOTE_ADDR="")) == "unknown"


def test_second_factor_is_limited_by_account(owner):
    from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret

    TOTP.activate(owner, generate_totp_secret())
    texts = []
    for number in range(6):
        client = Client()
        try_password(f"198.51.100.{number}", OWNER, PASSWORD, client)
        texts.append(client.post("/accounts/2fa/authenticate/", {"code": "000000"}).content.decode())
    assert "Incorrect code" in texts[4]
    assert "Too many failed attempts" in texts[5]


@pytest.mark.parametrize("path", ["/accounts/login/", "/accounts/password/reset/"])
def test_without_valkey_limits_are_kept(owner, other, monkeypatch, path):
    def refuse(*_args, **_kwargs):
        calls.append(1)
        raise RedisConnectionError("refused")

    calls: list[int] = []
    monkeypatch.setattr("django.core.cache.backends.redis.RedisCacheClient.get_client", refuse)
    if "reset" in path:
        responses = [Client().post(path, {"email": OWNER}) for _time in range(6)]
        assert [response.status_code for response in responses] == [302] * 5 + [429]
    else:
        for number in range(5):
            fail(1)
            lose_memory_of_process()
            assert AttemptCounter.objects.count() == 3, number
        assert not is_signed_in(try_password("203.0.113.9", OWNER, PASSWORD))
        assert is_signed_in(try_password("203.0.113.9", OTHER, PASSWORD))
    assert len(calls) == 1, "an outage is noticed once, not waited for at every call"


def lose_memory_of_process() -> None:
    """Have the next try handled as by another process."""
    vars(caches["default"])["_memory"].clear()


def test_without_valkey_a_period_ends_and_a_new_password_ends_it(owner, monkeypatch):
    monkeypatch.setattr(fallback_cache.outage, "_until", float("inf"))
    fail(5)
    assert not is_signed_in(try_password("203.0.113.9", OWNER, PASSWORD))
    AttemptCounter.objects.update(ends_at=timezone.now() - timedelta(seconds=1))
    assert is_signed_in(try_password("203.0.113.9", OWNER, PASSWORD))
    fail(5)
    request = Client().get("/", REMOTE_ADDR=PROXY, HTTP_X_FORWARDED_FOR="203.0.113.9").wsgi_request
    sign_in_limits.forget_tries(request, OWNER)
    assert is_signed_in(try_password("203.0.113.9", OWNER, PASSWORD))


def test_counters_of_an_earlier_outage_are_deleted(owner, monkeypatch):
    monkeypatch.setattr(fallback_cache.outage, "_until", float("inf"))
    fail(1, email=OTHER)
    AttemptCounter.objects.update(ends_at=timezone.now() - timedelta(days=2))
    fail(1)
    assert AttemptCounter.objects.filter(ends_at__lt=timezone.now()).count() == 0


def test_production_uses_the_cache_with_a_fallback():
    assert django_settings.CACHES["default"]["BACKEND"] == "lib.fallback_cache.FallbackCache"
