"""The admin of accounts: API keys, users, groups, second factors."""

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
from mail.models import Message
from tests.factories import NOW, make_affiliate, make_staff, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def root(client: Client) -> Client:
    client.force_login(make_staff(superuser=True))
    return client


def test_api_key_is_created_and_shown_once(root: Client) -> None:
    response = root.post(reverse("admin:accounts_apikey_make"), {"name": "shop", "scopes": ["orders:read"]})
    # Once to be seen, once to be copied.
    (secret,) = set(re.findall(r"accord_[\w-]{43}", response.content.decode()))
    assert "no-store" in response["Cache-Control"]
    key = ApiKey.objects.get(name="shop")
    assert api_keys.find(secret, NOW) == key
    assert key.scopes == ["orders:read"]
    page = root.get(reverse("admin:accounts_apikey_change", args=[key.pk])).content.decode()
    assert secret not in page
    assert key.prefix in page


def test_api_key_is_revoked_with_reason(root: Client) -> None:
    key, secret = api_keys.create(name="shop", now=NOW, by=None)
    root.post(reverse("admin:accounts_apikey_revoke", args=[key.pk]), {"confirmed": "1", "reason": "leaked"})
    assert api_keys.find(secret, NOW) is None


def test_api_key_without_permissions_is_rejected(root: Client) -> None:
    response = root.post(reverse("admin:accounts_apikey_make"), {"name": "shop"})
    assert response.status_code == 200
    assert not ApiKey.objects.exists()


def test_rotated_api_key_is_shown_once(root: Client) -> None:
    old, _secret = api_keys.create(name="shop", now=NOW, by=None)
    address = reverse("admin:accounts_apikey_rotate", args=[old.pk])
    assert root.get(address).status_code == 200
    until = timezone.now() + timedelta(days=3)
    response = root.post(address, {"until_0": f"{until:%Y-%m-%d}", "until_1": f"{until:%H:%M:%S}"})
    (secret,) = set(re.findall(r"accord_[\w-]{43}", response.content.decode()))
    assert "no-store" in response["Cache-Control"]
    new = ApiKey.objects.get(replaces=old)
    assert api_keys.find(secret, NOW) == new
    page = root.get(reverse("admin:accounts_apikey_change", args=[old.pk])).content.decode()
    assert secret not in page
    assert new.prefix in page


def test_rotation_errors_are_shown(root: Client) -> None:
    key, _secret = api_keys.create(name="shop", now=NOW, by=None)
    address = reverse("admin:accounts_apikey_rotate", args=[key.pk])
    assert (
        "within the next 90 days" in root.post(address, {"until_0": "2020-01-01", "until_1": "00:00"}).content.decode()
    )
    api_keys.revoke(key=key, reason="leaked", now=NOW, by=None)
    assert (
        "already been revoked or replaced"
        in root.post(address, {"until_0": format_tomorrow(), "until_1": "00:00"}).content.decode()
    )


def format_tomorrow() -> str:
    return f"{timezone.now() + timedelta(days=1):%Y-%m-%d}"


def test_change_of_permissions_is_audited(root: Client) -> None:
    user = make_user()
    group = Group.objects.get(name="payout approvers")
    data = {"email": user.email, "name": user.name, "is_active": "on", "is_staff": "on", "groups": [group.pk]}
    assert root.post(reverse("admin:accounts_user_change", args=[user.pk]), data).status_code == 200
    assert not AuditRecord.objects.exists()
    data["audit_reason"] = "She approves payouts now."
    response = root.post(reverse("admin:accounts_user_change", args=[user.pk]), data)
    assert response.status_code == 302, response.content.decode()
    record = AuditRecord.objects.get(action="user changed")
    assert (record.subject_id, record.reason) == (str(user.pk), "She approves payouts now.")
    assert record.before == {"is_staff": "False", "groups": ""}
    assert record.after == {"is_staff": "True", "groups": "payout approvers"}


def test_new_user_gets_lowercase_email(root: Client) -> None:
    secret = "a long enough pass phrase"
    data = {
        "email": "New.Person@Example.com",
        "name": "New",
        "usable_password": "true",
        "audit_reason": "Joins the team.",
    }
    response = root.post(reverse("admin:accounts_user_add"), data | {"password1": secret, "password2": secret})
    assert response.status_code == 302, response.content.decode()
    user = User.objects.get(email="new.person@example.com")
    assert user.check_password(secret)
    record = AuditRecord.objects.get(action="user added")
    assert secret not in str(record.after)
    assert "Example" not in str(record.after)


def test_page_of_a_user_says_whether_there_is_a_password_not_how_it_is_stored(root: Client) -> None:
    user = make_staff()
    address = reverse("admin:accounts_user_change", args=[user.pk])
    user.set_password("correct horse battery")
    user.save(update_fields=["password"])
    page = root.get(address).content.decode()
    assert "A password is set." in page
    assert "salt" not in page
    user.set_unusable_password()
    user.save(update_fields=["password"])
    assert "No password is set." in root.get(address).content.decode()


def test_password_change_is_audited(root: Client) -> None:
    user, secret = make_user(), "a long enough pass phrase"
    address = reverse("admin:auth_user_password_change", args=[user.pk])
    assert root.get(address).status_code == 200
    passwords = {"password1": secret, "password2": secret}
    refused = root.post(address, passwords)
    assert refused.context["form"].errors.keys() == {"audit_reason"}
    assert 'name="audit_reason"' in refused.content.decode()
    assert not User.objects.get(pk=user.pk).check_password(secret)
    response = root.post(address, passwords | {"audit_reason": "They forgot it."})
    assert response.status_code == 302
    assert User.objects.get(pk=user.pk).check_password(secret)
    record = AuditRecord.objects.get(action="user password changed")
    assert (record.subject_id, record.reason) == (str(user.pk), "They forgot it.")


def test_password_change_by_staff_leaves_no_account_without_password(root: Client) -> None:
    user = make_user()
    address = reverse("admin:auth_user_password_change", args=[user.pk])
    for data in ({}, {"usable_password": "false", "unset-password": "1"}):
        assert root.post(address, {"audit_reason": "A test."} | data).context["form"].errors
        assert User.objects.get(pk=user.pk).password == user.password


def test_users_cannot_be_deleted(root: Client) -> None:
    user = make_user()
    assert root.post(reverse("admin:accounts_user_delete", args=[user.pk]), {"post": "yes"}).status_code == 403
    assert User.objects.filter(pk=user.pk).exists()


@pytest.mark.parametrize("model", ["accounts_user", "accounts_apikey", "auth_group", "account_emailaddress"])
@pytest.mark.parametrize("group", ["affiliate managers", "payout approvers"])
def test_admin_of_accounts_requires_superuser(client: Client, root: Client, model: str, group: str) -> None:
    assert root.get(reverse(f"admin:{model}_changelist")).status_code == 200
    other = Client()
    other.force_login(make_staff(group))
    assert other.get(reverse(f"admin:{model}_changelist")).status_code == 403


def test_second_factor_is_deleted_without_showing_its_secret(root: Client) -> None:
    secret = generate_totp_secret()
    factor = TOTP.activate(make_user(), secret).instance
    page = root.get(reverse("admin:mfa_authenticator_change", args=[factor.pk]))
    assert page.status_code == 200
    assert secret not in page.content.decode()
    root.post(
        reverse("admin:mfa_authenticator_delete", args=[factor.pk]), {"post": "yes", "audit_reason": "Lost phone."}
    )
    assert not Authenticator.objects.exists()
    assert AuditRecord.objects.get(action="authenticator deleted").subject_id == str(factor.pk)


def test_new_member_of_staff_gets_a_role_and_an_e_mail_to_confirm_the_address(root: Client, client: Client) -> None:
    group = Group.objects.get(name="affiliate managers")
    secret = "a long and unusual passphrase"
    data = {
        "email": "lea@shop.example", "name": "Lea", "groups": [group.pk], "usable_password": "true",
        "password1": secret, "password2": secret, "audit_reason": "New colleague.",
    }  # fmt: skip
    add = reverse("admin:accounts_user_add")
    page = root.get(add).content.decode()
    assert "affiliate managers: decide applications and channels" in page
    assert "a group has no effect" in root.post(add, data).content.decode()
    assert not User.objects.filter(email="lea@shop.example").exists()
    page = root.post(add, data | {"is_staff": "on"}, follow=True).content.decode()
    assert "lea@shop.example got an e-mail that asks to confirm the address." in page
    lea = User.objects.get(email="lea@shop.example")
    assert list(lea.groups.all()) == [group]
    mail = Message.objects.get(to="lea@shop.example")
    assert "You have an account as a member of staff" in str(mail.context)
    client.logout()
    page = client.post("/accounts/login/", {"login": lea.email, "password": secret}, follow=True).content.decode()
    assert "Open it to confirm your address; then you can sign in." in page
    assert "application" not in page[page.index("<main") : page.index("</main>")]


def test_list_of_users_shows_staff_at_first_and_affiliates_in_a_tab(root: Client) -> None:
    affiliate, reviewer = make_affiliate(), make_staff("compliance reviewers")
    address = reverse("admin:accounts_user_changelist")

    def read(**query: str) -> str:
        return root.get(address, query).content.decode()

    assert reviewer.email in read()
    assert affiliate.user.email not in read()
    assert affiliate.user.email in read(accounts="affiliates")
    assert reviewer.email not in read(accounts="affiliates")
    both = read(accounts="all")
    assert reviewer.email in both
    assert affiliate.user.email in both
    # A search looks everywhere.
    assert affiliate.user.email in read(q=affiliate.user.email)
    assert affiliate.user.email not in read(accounts="nonsense")


def test_button_that_adds_a_user_has_a_name(root: Client) -> None:
    page = root.get(reverse("admin:accounts_user_changelist")).content.decode()
    link = page[page.index('class="addlink') :]
    # Its text, not a title that only a mouse shows.
    assert "Add user" in link[link.index(">") : link.index("</a>")]
