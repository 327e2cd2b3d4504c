"""Changes of an account: authenticated again, announced to both addresses; a stolen session gets no money."""

import re
from datetime import timedelta

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from audit.models import AuditRecord
from mail import rendering
from mail.models import Message
from payouts.models import PayoutHold
from tests.factories import PASSWORD, make_staff, make_user
from tests.scenarios import create_program
from tests.sessions import confirm_identity, sign_in

pytestmark = pytest.mark.django_db
IBAN = "GB82 WEST 1234 5698 7654 32"


@pytest.fixture(autouse=True)
def _fresh_limits():
    cache.clear()


@pytest.fixture
def owner():
    return make_user(email="owner@example.com", password=PASSWORD)


def request_email_change(client: Client, address: str = "new@example.com"):
    return client.post("/accounts/email/", {"email": address, "action_add": ""})


def confirm_link(address: str) -> str:
    message = Message.objects.filter(to=address, kind="account").latest("created_at")
    return "/" + message.context["url"].partition("://")[2].partition("/")[2]


def test_email_change_asks_for_the_password(owner):
    client = sign_in(Client(), owner)
    response = request_email_change(client)
    assert response.status_code == 302
    assert "/reauthenticate/" in response.headers["Location"]
    assert EmailAddress.objects.get(user=owner).email == "owner@example.com"
    assert not Message.objects.exists()


def test_email_change_continues_after_the_password(owner):
    client = sign_in(Client(), owner)
    again = request_email_change(client).headers["Location"]
    client.post(again, {"password": PASSWORD})
    assert EmailAddress.objects.filter(user=owner, email="new@example.com", verified=False).exists()


def test_email_change_is_announced_to_both_addresses_and_holds_payouts(owner):
    create_program("2026-01-01")
    from tests.factories import make_affiliate

    affiliate = make_affiliate(user=owner)
    Message.objects.all().delete()
    client = confirm_identity(sign_in(Client(), owner))
    request_email_change(client)
    owner.refresh_from_db()
    assert owner.email == "owner@example.com", "not before it is confirmed"
    client.post(confirm_link("new@example.com"))
    owner.refresh_from_db()
    assert owner.email == "new@example.com"
    messages = Message.objects.filter(kind="account_email_changed")
    assert {message.to for message in messages} == {"owner@example.com", "new@example.com"}
    for message in messages:
        mail = rendering.render(kind=message.kind, context=message.context)
        assert "owner@example.com" in mail.text
        assert "new@example.com" in mail.text
    assert not Message.objects.filter(to="owner@example.com", kind="account").exists(), "one notice, not two"
    hold = PayoutHold.objects.get(affiliate=affiliate)
    assert hold.ends_at == hold.placed_at + timedelta(days=7)
    record = AuditRecord.objects.get(action="e-mail address changed")
    assert "example.com" not in f"{record.before}{record.after}"


def test_email_change_and_its_notices_are_one_transaction(owner, monkeypatch):
    def fail(*_args, **_options):
        raise RuntimeError("the payouts cannot be held")

    client = confirm_identity(sign_in(Client(raise_request_exception=False), owner))
    request_email_change(client)
    monkeypatch.setattr("portal.sign_in.announce_email_change", fail)
    assert client.post(confirm_link("new@example.com")).status_code == 500
    owner.refresh_from_db()
    assert owner.email == "owner@example.com"
    assert not EmailAddress.objects.filter(email="new@example.com", verified=True).exists()


def test_first_confirmation_is_no_change_of_address(owner):
    EmailAddress.objects.filter(user=owner).update(verified=False)
    client = Client()
    client.post("/accounts/login/", {"login": owner.email, "password": PASSWORD})
    client.post(confirm_link(owner.email))
    assert EmailAddress.objects.get(user=owner).verified
    assert not Message.objects.filter(kind="account_email_changed").exists()


def test_user_with_a_second_factor_can_change_the_address(owner):
    TOTP.activate(owner, generate_totp_secret())
    client = confirm_identity(sign_in(Client(), owner, ("password", "mfa")), "mfa")
    request_email_change(client)
    assert EmailAddress.objects.filter(email="new@example.com").exists()


def test_change_by_staff_is_announced_to_both_addresses(owner):
    root = sign_in(Client(), make_staff(superuser=True))
    data = {"email": "New@example.com", "name": owner.name, "is_active": "on", "audit_reason": "A test."}
    response = root.post(reverse("admin:accounts_user_change", args=[owner.pk]), data)
    assert response.status_code == 302, response.content.decode()
    owner.refresh_from_db()
    assert owner.email == "new@example.com"
    messages = Message.objects.filter(kind="account_email_changed")
    assert {message.to for message in messages} == {"owner@example.com", "new@example.com"}
    assert "by our staff" in rendering.render(kind="account_email_changed", context=messages[0].context).text
    address = EmailAddress.objects.get(user=owner)
    assert (address.email, address.verified, address.primary) == ("new@example.com", False, True)


def test_change_of_a_name_by_staff_is_no_change_of_address(owner):
    root = sign_in(Client(), make_staff(superuser=True))
    data = {"email": owner.email, "name": "Another Name", "is_active": "on"}
    root.post(reverse("admin:accounts_user_change", args=[owner.pk]), data)
    assert EmailAddress.objects.get(user=owner).verified
    assert not Message.objects.exists()


def test_password_and_second_factor_changed_by_staff_are_announced(owner):
    root, secret = sign_in(Client(), make_staff(superuser=True)), "a long enough pass phrase"
    address = reverse("admin:auth_user_password_change", args=[owner.pk])
    root.post(address, {"password1": secret, "password2": secret, "audit_reason": "They forgot it."})
    factor = TOTP.activate(owner, generate_totp_secret()).instance
    root.post(
        reverse("admin:mfa_authenticator_delete", args=[factor.pk]), {"post": "yes", "audit_reason": "Lost phone."}
    )
    texts = [
        rendering.render(kind=message.kind, context=message.context).text
        for message in Message.objects.filter(to=owner.email).order_by("created_at", "pk")
    ]
    assert len(texts) == 2
    assert "changed the password" in texts[0]
    assert "removed a second factor" in texts[1]


def test_own_change_of_the_password_is_announced(owner):
    client = sign_in(Client(), owner)
    new = {"password1": "another pass phrase 7", "password2": "another pass phrase 7"}
    client.post("/accounts/password/change/", {"oldpassword": PASSWORD} | new)
    message = Message.objects.get(to=owner.email)
    assert str(owner.pk) in message.key, "erasure finds it after a change of address"
    assert "password" in message.context["subject"].lower()


def test_admin_has_no_form_of_its_own_for_the_password(owner):
    staff = sign_in(Client(), make_staff(superuser=True))
    for response in (staff.get("/admin/password_change/"), staff.post("/admin/password_change/")):
        assert response.headers["Location"] == "/accounts/password/change/"


def list_refusals(factor_path: str) -> dict[str, tuple[str, dict]]:
    return {
        "change e-mail": ("/accounts/email/", {"email": "thief@example.com", "action_add": ""}),
        "change password": (
            "/accounts/password/change/",
            {"oldpassword": "", "password1": "thief pass 77 x", "password2": "thief pass 77 x"},
        ),
        "change payout details": (
            reverse("payouts:change_details"),
            {"method": "bank", "account": IBAN, "holder": "Thief"},
        ),
        "remove app": ("/accounts/2fa/totp/deactivate/", {}),
        "new recovery codes": ("/accounts/2fa/recovery-codes/generate/", {}),
        "see recovery codes": ("/accounts/2fa/recovery-codes/", {}),
        "add passkey": ("/accounts/2fa/webauthn/add/", {"name": "x", "credential": "{}"}),
        "remove passkey": (factor_path, {}),
        "download data": (reverse("portal:download_data"), {}),
    }


@pytest.mark.parametrize("methods", [("password",), ("password", "mfa")], ids=["old session", "with second factor"])
def test_stolen_session_gets_no_money(affiliate_factory, methods):
    """The thief has the cookie of a session, but neither the password nor the second factor."""
    affiliate = affiliate_factory()
    user = affiliate.user
    TOTP.activate(user, generate_totp_secret())
    RecoveryCodes.activate(user)
    passkey = Authenticator.objects.create(user=user, type="webauthn", data={"name": "Key", "credential": {}})
    thief = sign_in(Client(), user, methods, seconds_ago=3600)
    before = (user.email, user.password, Authenticator.objects.count(), affiliate.payout_details.count())
    for name, (path, data) in list_refusals(reverse("mfa_remove_webauthn", args=[passkey.pk])).items():
        for response in (thief.post(path, data), thief.get(path)):
            refused = response.status_code == 405 or "/reauthenticate/" in response.headers.get("Location", "")
            harmless = path in ("/accounts/email/", "/accounts/password/change/") and response.status_code == 200
            assert refused or harmless, (name, response.status_code)
    thief.post("/accounts/password/reset/", {"email": user.email})
    user.refresh_from_db()
    assert before == (user.email, user.password, Authenticator.objects.count(), affiliate.payout_details.count())
    assert set(Message.objects.filter(kind="account").values_list("to", flat=True)) == {user.email}
    assert not EmailAddress.objects.filter(email="thief@example.com").exists()


def test_bank_account_posted_without_the_password_is_not_kept_in_the_session(affiliate_factory):
    client = sign_in(Client(), affiliate_factory().user, seconds_ago=3600)
    client.post(reverse("payouts:change_details"), {"method": "bank", "account": IBAN, "holder": "Someone"})
    assert not re.search("WEST|Someone", str(dict(client.session)))


def test_password_alone_does_not_remove_the_second_factor(owner):
    TOTP.activate(owner, generate_totp_secret())
    thief = sign_in(Client(), owner)
    response = thief.post("/accounts/reauthenticate/?next=/accounts/2fa/totp/deactivate/", {"password": PASSWORD})
    assert response.headers["Location"].startswith("/accounts/2fa/reauthenticate/")
    assert "/reauthenticate/" in thief.post("/accounts/2fa/totp/deactivate/").headers["Location"]
    assert Authenticator.objects.filter(user=owner, type="totp").exists()
