"""API keys of the shop (accounts.api_keys)."""

from datetime import timedelta
from io import StringIO

import pytest
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command
from django.db import IntegrityError
from pytest_django import DjangoAssertNumQueries

from accounts import api_keys
from accounts.models import ApiKey, Scope
from audit.models import AuditRecord
from lib.errors import NotAllowed
from tests.factories import NOW, make_staff

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


def test_key_is_found_by_secret_which_is_not_stored() -> None:
    key, secret = api_keys.create(name="shop", now=NOW, by=make_staff())
    assert api_keys.find(secret, NOW) == key
    assert len(secret) == len("accord_") + 43
    stored = [str(value) for value in ApiKey.objects.values_list().get()]
    assert not any(secret in value for value in stored)
    assert secret.startswith(key.prefix)
    assert secret not in str(AuditRecord.objects.values_list("after", "before").get())


@pytest.mark.parametrize("bearer", ["", "accord_", "x" * 10_000, "sch\u00f6n", "a\x00b", "\ud800"])
def test_invalid_secret_finds_no_key(bearer: str) -> None:
    api_keys.create(name="shop", now=NOW, by=None)
    assert api_keys.find(bearer, NOW) is None


def test_digest_and_prefix_find_no_key() -> None:
    key, _secret = api_keys.create(name="shop", now=NOW, by=None)
    assert api_keys.find(key.digest, NOW) is None
    assert api_keys.find(key.prefix, NOW) is None


def test_last_use_is_stored_once_per_minute() -> None:
    _key, secret = api_keys.create(name="shop", now=NOW, by=None)
    for seconds, stored in [(0, 0), (59, 0), (60, 60), (119, 60), (600, 600)]:
        api_keys.find(secret, NOW + timedelta(seconds=seconds))
        assert ApiKey.objects.get().last_used_at == NOW + timedelta(seconds=stored)


def test_key_is_cached_for_one_second(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    key, secret = api_keys.create(name="shop", now=NOW, by=None)
    assert api_keys.find(secret, NOW) == key
    ApiKey.objects.filter(pk=key.pk).update(revoked_at=NOW)
    with django_assert_num_queries(0):
        assert api_keys.find(secret, NOW + timedelta(microseconds=999_999)) == key
    assert api_keys.find(secret, NOW - timedelta(microseconds=1)) is None
    assert api_keys.find(secret, NOW + timedelta(seconds=1)) is None


def test_cached_key_expires_on_time() -> None:
    key, secret = api_keys.create(name="shop", now=NOW, by=None)
    end = NOW + timedelta(milliseconds=500)
    api_keys.rotate(key=key, until=end, now=NOW, by=None)
    assert api_keys.find(secret, NOW) is not None
    assert api_keys.find(secret, end) is None


def test_key_is_revoked_once_with_audited_reason() -> None:
    (key, secret), staff = api_keys.create(name="shop", now=NOW, by=None), make_staff()
    assert api_keys.find(secret, NOW) == key
    api_keys.revoke(key=key, reason="leaked", now=NOW, by=staff)
    assert api_keys.find(secret, NOW) is None
    assert AuditRecord.objects.get(action="API key revoked").reason == "leaked"
    with pytest.raises(NotAllowed):
        api_keys.revoke(key=key, reason="again", now=NOW, by=staff)


def test_key_may_send_and_read_orders_by_default_or_has_only_given_scopes() -> None:
    unrestricted, _secret = api_keys.create(name="shop", now=NOW, by=None)
    assert unrestricted.scopes == ["orders:write", "orders:read"]
    reader, _secret = api_keys.create(name="reports", scopes=["orders:read"], now=NOW, by=None)
    assert api_keys.has_scope(reader, Scope.ORDERS_READ)
    assert not api_keys.has_scope(reader, Scope.ORDERS_WRITE)


@pytest.mark.parametrize("scopes", [[], ["orders:delete"], ["orders:read", "x"]])
def test_key_with_missing_or_unknown_scope_is_rejected(scopes: list[str]) -> None:
    with pytest.raises(ValidationError, match="orders:write, orders:read, reports:read"):
        api_keys.create(name="shop", scopes=scopes, now=NOW, by=None)


def test_rotated_key_works_until_its_expiry() -> None:
    (old, secret), until = api_keys.create(name="shop", scopes=["orders:write"], now=NOW, by=None), NOW + DAY
    new, new_secret = api_keys.rotate(key=old, until=until, now=NOW, by=make_staff())
    assert (new.name, new.scopes) == ("shop", ["orders:write"])
    last = until - timedelta(microseconds=1)
    assert (api_keys.find(secret, last), api_keys.find(new_secret, last)) == (old, new)
    assert (api_keys.find(secret, until), api_keys.find(new_secret, until)) == (None, new)
    record = AuditRecord.objects.get(action="API key rotated")
    assert record.after == {"works until": until.isoformat(), "replaced by": str(new.pk)}
    assert new_secret not in str(record.after)


@pytest.mark.parametrize("until", [-DAY, timedelta(0), timedelta(days=91)])
def test_rotation_requires_expiry_within_90_days(until: timedelta) -> None:
    key, _secret = api_keys.create(name="shop", now=NOW, by=None)
    with pytest.raises(ValidationError):
        api_keys.rotate(key=key, until=NOW + until, now=NOW, by=None)


def test_replaced_or_revoked_key_cannot_be_rotated() -> None:
    key, _secret = api_keys.create(name="shop", now=NOW, by=None)
    new, _secret = api_keys.rotate(key=key, until=NOW + DAY, now=NOW, by=None)
    api_keys.revoke(key=new, reason="leaked", now=NOW, by=None)
    for old in (key, new):
        with pytest.raises(NotAllowed):
            api_keys.rotate(key=old, until=NOW + DAY, now=NOW, by=None)
    assert ApiKey.objects.count() == 2


def test_rotated_key_can_be_revoked_early() -> None:
    key, secret = api_keys.create(name="shop", now=NOW, by=None)
    api_keys.rotate(key=key, until=NOW + DAY, now=NOW, by=None)
    api_keys.revoke(key=key, reason="the shop uses the new key", now=NOW, by=None)
    assert api_keys.find(secret, NOW) is None


def test_database_rejects_expiry_without_replacement() -> None:
    key, _secret = api_keys.create(name="shop", now=NOW, by=None)
    with pytest.raises(IntegrityError):
        ApiKey.objects.filter(pk=key.pk).update(expires_at=NOW)


@pytest.mark.parametrize("name", ["", "  ", "x" * 101, "a\nb"])
def test_invalid_name_is_rejected(name: str) -> None:
    with pytest.raises(ValidationError):
        api_keys.create(name=name, now=NOW, by=None)


def test_create_api_key_command_prints_only_the_secret() -> None:
    out, err = StringIO(), StringIO()
    call_command("create_api_key", "shop", stdout=out, stderr=err)
    secret = out.getvalue().removesuffix("\n")
    assert api_keys.find(secret, NOW) == ApiKey.objects.get(name="shop")
    assert err.getvalue() == ""
    assert ApiKey.objects.get().scopes == ["orders:write", "orders:read"]


def test_create_api_key_command_limits_scopes() -> None:
    out = StringIO()
    call_command("create_api_key", "shop", "--scope", "orders:write", stdout=out)
    assert ApiKey.objects.get().scopes == ["orders:write"]
    with pytest.raises(CommandError, match="orders:delete"):
        call_command("create_api_key", "shop", "--scope", "orders:delete")


def test_create_api_key_command_requires_name() -> None:
    with pytest.raises(CommandError, match="name"):
        call_command("create_api_key", " ")
