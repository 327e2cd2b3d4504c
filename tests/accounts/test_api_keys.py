"""An API key ..."""

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


def test_is_found_by_its_secret_which_is_stored_nowhere() -> None:
    key, secret = api_keys.create(name="shop", now=NOW, by=make_staff())
    assert api_keys.find(secret, NOW) == key
    assert len(secret) == len("accord_") + 43
    stored = [str(value) for value in ApiKey.objects.values_list().get()]
    assert not any(secret in value for value in stored)
    assert secret.startswith(key.prefix)
    assert secret not in str(AuditRecord.objects.values_list("after", "before").get())


@pytest.mark.parametrize("bearer", ["", "accord_", "x" * 10_000, "sch\u00f6n", "a\x00b", "\ud800"])
def test_is_not_found_by_anything_else(bearer: str) -> None:
    api_keys.create(name="shop", now=NOW, by=None)
    assert api_keys.find(bearer, NOW) is None


def test_is_not_found_by_its_digest_or_beginning() -> None:
    key, _secret = api_keys.create(name="shop", now=NOW, by=None)
    assert api_keys.find(key.digest, NOW) is None
    assert api_keys.find(key.prefix, NOW) is None


def test_says_when_it_was_last_used_to_the_minute() -> None:
    _key, secret = api_keys.create(name="shop", now=NOW, by=None)
    for seconds, noted in [(0, 0), (59, 0), (60, 60), (119, 60), (600, 600)]:
        api_keys.find(secret, NOW + timedelta(seconds=seconds))
        assert ApiKey.objects.get().last_used_at == NOW + timedelta(seconds=noted)


def test_is_asked_for_once_a_second_and_so_works_no_longer_once_another_process_has_revoked_it(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    key, secret = api_keys.create(name="shop", now=NOW, by=None)
    assert api_keys.find(secret, NOW) == key
    ApiKey.objects.filter(pk=key.pk).update(revoked_at=NOW)
    with django_assert_num_queries(0):
        assert api_keys.find(secret, NOW + timedelta(microseconds=999_999)) == key
    assert api_keys.find(secret, NOW - timedelta(microseconds=1)) is None
    assert api_keys.find(secret, NOW + timedelta(seconds=1)) is None


def test_that_is_remembered_still_ends_when_it_was_to_end() -> None:
    key, secret = api_keys.create(name="shop", now=NOW, by=None)
    end = NOW + timedelta(milliseconds=500)
    api_keys.rotate(key=key, until=end, now=NOW, by=None)
    assert api_keys.find(secret, NOW) is not None
    assert api_keys.find(secret, end) is None


def test_is_revoked_once_with_a_reason_on_the_record() -> None:
    (key, secret), staff = api_keys.create(name="shop", now=NOW, by=None), make_staff()
    assert api_keys.find(secret, NOW) == key
    api_keys.revoke(key=key, reason="leaked", now=NOW, by=staff)
    assert api_keys.find(secret, NOW) is None
    assert AuditRecord.objects.get(action="API key revoked").reason == "leaked"
    with pytest.raises(NotAllowed):
        api_keys.revoke(key=key, reason="again", now=NOW, by=staff)


def test_may_do_all_unless_told_and_nothing_that_it_was_not_made_for() -> None:
    every, _secret = api_keys.create(name="shop", now=NOW, by=None)
    assert every.scopes == ["orders:write", "orders:read"]
    reader, _secret = api_keys.create(name="reports", scopes=["orders:read"], now=NOW, by=None)
    assert api_keys.has_scope(reader, Scope.ORDERS_READ)
    assert not api_keys.has_scope(reader, Scope.ORDERS_WRITE)


@pytest.mark.parametrize("scopes", [[], ["orders:delete"], ["orders:read", "x"]])
def test_has_a_scope_that_there_is(scopes: list[str]) -> None:
    with pytest.raises(ValidationError, match="orders:write, orders:read"):
        api_keys.create(name="shop", scopes=scopes, now=NOW, by=None)


def test_that_is_rotated_works_beside_the_new_one_until_the_date_and_no_longer() -> None:
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
def test_is_not_rotated_until_a_moment_that_is_past_or_far_off(until: timedelta) -> None:
    key, _secret = api_keys.create(name="shop", now=NOW, by=None)
    with pytest.raises(ValidationError):
        api_keys.rotate(key=key, until=NOW + until, now=NOW, by=None)


def test_is_rotated_once_and_not_when_it_is_revoked() -> None:
    key, _secret = api_keys.create(name="shop", now=NOW, by=None)
    new, _secret = api_keys.rotate(key=key, until=NOW + DAY, now=NOW, by=None)
    api_keys.revoke(key=new, reason="leaked", now=NOW, by=None)
    for old in (key, new):
        with pytest.raises(NotAllowed):
            api_keys.rotate(key=old, until=NOW + DAY, now=NOW, by=None)
    assert ApiKey.objects.count() == 2


def test_that_was_rotated_can_be_revoked_before_its_date() -> None:
    key, secret = api_keys.create(name="shop", now=NOW, by=None)
    api_keys.rotate(key=key, until=NOW + DAY, now=NOW, by=None)
    api_keys.revoke(key=key, reason="the shop has changed over", now=NOW, by=None)
    assert api_keys.find(secret, NOW) is None


def test_ends_when_it_is_replaced_and_only_then_whoever_writes() -> None:
    key, _secret = api_keys.create(name="shop", now=NOW, by=None)
    with pytest.raises(IntegrityError):
        ApiKey.objects.filter(pk=key.pk).update(expires_at=NOW)


@pytest.mark.parametrize("name", ["", "  ", "x" * 101, "a\nb"])
def test_has_a_name(name: str) -> None:
    with pytest.raises(ValidationError):
        api_keys.create(name=name, now=NOW, by=None)


def test_made_by_the_command_is_all_that_it_prints() -> None:
    out, err = StringIO(), StringIO()
    call_command("create_api_key", "shop", stdout=out, stderr=err)
    secret = out.getvalue().removesuffix("\n")
    assert api_keys.find(secret, NOW) == ApiKey.objects.get(name="shop")
    assert err.getvalue() == ""
    assert ApiKey.objects.get().scopes == ["orders:write", "orders:read"]


def test_made_by_the_command_may_what_it_is_told() -> None:
    out = StringIO()
    call_command("create_api_key", "shop", "--scope", "orders:write", stdout=out)
    assert ApiKey.objects.get().scopes == ["orders:write"]
    with pytest.raises(CommandError, match="orders:delete"):
        call_command("create_api_key", "shop", "--scope", "orders:delete")


def test_without_a_name_is_refused_by_the_command() -> None:
    with pytest.raises(CommandError, match="name"):
        call_command("create_api_key", " ")
