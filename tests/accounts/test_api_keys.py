"""An API key ..."""

from datetime import timedelta
from io import StringIO

import pytest
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command

from accounts import api_keys
from accounts.errors import Refused
from accounts.models import ApiKey
from audit.models import AuditRecord
from tests.factories import NOW, make_staff

pytestmark = pytest.mark.django_db


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


def test_is_revoked_once_with_a_reason_on_the_record() -> None:
    (key, secret), staff = api_keys.create(name="shop", now=NOW, by=None), make_staff()
    api_keys.revoke(key=key, reason="leaked", now=NOW, by=staff)
    assert api_keys.find(secret, NOW) is None
    assert AuditRecord.objects.get(action="API key revoked").reason == "leaked"
    with pytest.raises(Refused):
        api_keys.revoke(key=key, reason="again", now=NOW, by=staff)


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


def test_without_a_name_is_refused_by_the_command() -> None:
    with pytest.raises(CommandError, match="name"):
        call_command("create_api_key", " ")
