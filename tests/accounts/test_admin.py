"""The admin of accounts ..."""

import re
from datetime import timedelta

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.contrib.auth.models import Group
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts import api_keys
from accounts.models import ApiKey, User
from audit.models import AuditRecord
from tests.factories import NOW, make_staff, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def root(client: Client) -> Client:
    client.force_login(make_staff(superuser=True))
    return client


def test_makes_a_key_and_shows_it_once(root: Client) -> None:
    answer = root.post(reverse("admin:accounts_apikey_make"), {"name": "shop", "scopes": ["orders:read"]})
    (secret,) = re.findall(r"accord_[\w-]{43}", answer.content.decode())
    assert "no-store" in answer["Cache-Control"]
    key = ApiKey.objects.get(name="shop")
    assert api_keys.find(secret, NOW) == key
    assert key.scopes == ["orders:read"]
    page = root.get(reverse("admin:accounts_apikey_change", args=[key.pk])).content.decode()
    assert secret not in page
    assert key.prefix in page


def test_revokes_a_key_with_a_reason(root: Client) -> None:
    key, secret = api_keys.create(name="shop", now=NOW, by=None)
    root.post(reverse("admin:accounts_apikey_revoke", args=[key.pk]), {"confirmed": "1", "reason": "leaked"})
    assert api_keys.find(secret, NOW) is None


def test_makes_no_key_that_may_nothing(root: Client) -> None:
    answer = root.post(reverse("admin:accounts_apikey_make"), {"name": "shop"})
    assert answer.status_code == 200
    assert not ApiKey.objects.exists()


def test_rotates_a_key_and_shows_the_new_one_once(root: Client) -> None:
    old, _secret = api_keys.create(name="shop", now=NOW, by=None)
    address = reverse("admin:accounts_apikey_rotate", args=[old.pk])
    assert root.get(address).status_code == 200
    until = timezone.now() + timedelta(days=3)
    answer = root.post(address, {"until_0": f"{until:%Y-%m-%d}", "until_1": f"{until:%H:%M:%S}"})
    (secret,) = re.findall(r"accord_[\w-]{43}", answer.content.decode())
    assert "no-store" in answer["Cache-Control"]
    new = ApiKey.objects.get(replaces=old)
    assert api_keys.find(secret, NOW) == new
    page = root.get(reverse("admin:accounts_apikey_change", args=[old.pk])).content.decode()
    assert secret not in page
    assert new.prefix in page


def test_says_why_a_key_is_not_rotated(root: Client) -> None:
    key, _secret = api_keys.create(name="shop", now=NOW, by=None)
    address = reverse("admin:accounts_apikey_rotate", args=[key.pk])
    assert "within the next 90 days" in root.post(address, {"until_0": "2020-01-01", "until_1": "00:00"}).content.decode()
    api_keys.revoke(key=key, reason="leaked", now=NOW, by=None)
    assert (
        "already been revoked or replaced"
        in root.post(address, {"until_0": tomorrow(), "until_1": "00:00"}).content.decode()
    )


def tomorrow() -> str:
    return f"{timezone.now() + timedelta(days=1):%Y-%m-%d}"


def test_records_a_change_of_rights(root: Client) -> None:
    user = make_user()
    group = Group.objects.get(name="payout approvers")
    sent = {"email": user.email, "name": user.name, "is_active": "on", "is_staff": "on", "groups": [group.pk]}
    answer = root.post(reverse("admin:accounts_user_change", args=[user.pk]), sent)
    assert answer.status_code == 302, answer.content.decode()
    record = AuditRecord.objects.get(action="user changed")
    assert record.subject_id == str(user.pk)
    assert record.before == {"is_staff": "False", "groups": ""}
    assert record.after == {"is_staff": "True", "groups": "payout approvers"}


def test_adds_a_user_by_e_mail_in_small_letters(root: Client) -> None:
    secret = "a long enough pass phrase"
    sent = {"email": "New.Person@Example.com", "name": "New", "usable_password": "true"}
    answer = root.post(reverse("admin:accounts_user_add"), sent | {"password1": secret, "password2": secret})
    assert answer.status_code == 302, answer.content.decode()
    user = User.objects.get(email="new.person@example.com")
    assert user.check_password(secret)
    record = AuditRecord.objects.get(action="user added")
    assert secret not in str(record.after)
    assert "Example" not in str(record.after)


def test_sets_a_password_on_the_record(root: Client) -> None:
    user, secret = make_user(), "a long enough pass phrase"
    address = reverse("admin:auth_user_password_change", args=[user.pk])
    assert root.get(address).status_code == 200
    answer = root.post(address, {"usable_password": "true", "password1": secret, "password2": secret})
    assert answer.status_code == 302
    assert User.objects.get(pk=user.pk).check_password(secret)
    assert AuditRecord.objects.get(action="user password changed").subject_id == str(user.pk)


def test_deletes_nobody(root: Client) -> None:
    user = make_user()
    assert root.post(reverse("admin:accounts_user_delete", args=[user.pk]), {"post": "yes"}).status_code == 403
    assert User.objects.filter(pk=user.pk).exists()


@pytest.mark.parametrize("model", ["accounts_user", "accounts_apikey", "auth_group", "account_emailaddress"])
@pytest.mark.parametrize("group", ["affiliate managers", "payout approvers"])
def test_is_for_superusers_alone(client: Client, root: Client, model: str, group: str) -> None:
    assert root.get(reverse(f"admin:{model}_changelist")).status_code == 200
    other = Client()
    other.force_login(make_staff(group))
    assert other.get(reverse(f"admin:{model}_changelist")).status_code == 403


def test_removes_a_lost_second_factor_on_the_record_and_shows_no_secret(root: Client) -> None:
    secret = generate_totp_secret()
    factor = TOTP.activate(make_user(), secret).instance
    page = root.get(reverse("admin:mfa_authenticator_change", args=[factor.pk]))
    assert page.status_code == 200
    assert secret not in page.content.decode()
    root.post(reverse("admin:mfa_authenticator_delete", args=[factor.pk]), {"post": "yes"})
    assert not Authenticator.objects.exists()
    assert AuditRecord.objects.get(action="authenticator deleted").subject_id == str(factor.pk)
