"""The second factor, required of the session."""

import pytest
from allauth.mfa.totp.internal.auth import (
    TOTP,
    format_hotp_value,
    generate_totp_secret,
    hotp_value,
    yield_hotp_counters_from_time,
)
from django.core.cache import cache
from django.test import Client

from tests.factories import PASSWORD, make_staff
from tests.sessions import sign_in

pytestmark = pytest.mark.django_db
ADMIN_PAGES = ("/admin/", "/admin/accounts/user/", "/admin/payouts/payoutbatch/")


@pytest.fixture(autouse=True)
def _fresh_limits():
    cache.clear()


@pytest.fixture
def root():
    user = make_staff(superuser=True)
    user.set_password(PASSWORD)
    user.save()
    return user


def build_code(secret: str) -> str:
    return format_hotp_value(hotp_value(secret, next(iter(yield_hotp_counters_from_time()))))


@pytest.mark.parametrize("required", [True, False])
def test_old_session_without_the_second_factor_opens_nothing(agreement, root, settings, required):
    settings.STAFF_MFA_REQUIRED = required
    client = Client()
    client.post("/accounts/login/", {"login": root.email, "password": PASSWORD})
    secret = generate_totp_secret()
    TOTP.activate(root, secret)
    for path in ADMIN_PAGES:
        for response in (client.get(path), client.post(path)):
            assert response.status_code == 302
            assert response.headers["Location"].startswith("/accounts/2fa/reauthenticate/?next="), path
    again = client.get("/admin/").headers["Location"]
    response = client.post(again, {"code": build_code(secret)})
    assert response.headers["Location"] == "/admin/"
    assert client.get("/admin/").status_code == 200


def test_password_of_an_old_session_does_not_open_the_admin(agreement, root):
    client = sign_in(Client(), root)
    TOTP.activate(root, generate_totp_secret())
    client.post("/accounts/reauthenticate/?next=/admin/", {"password": PASSWORD})
    assert client.get("/admin/").status_code == 302


def test_records_of_another_user_do_not_count(agreement, root):
    client = sign_in(Client(), root, ("password", "mfa"))
    session = client.session
    session["account_authentication_methods_user"] = str(make_staff().pk)
    session.save()
    TOTP.activate(root, generate_totp_secret())
    assert client.get("/admin/").status_code == 302


def test_sign_in_with_the_second_factor_opens_the_admin(agreement, root, settings):
    settings.STAFF_MFA_REQUIRED = True
    secret = generate_totp_secret()
    TOTP.activate(root, secret)
    client = Client()
    client.post("/accounts/login/", {"login": root.email, "password": PASSWORD})
    assert client.get("/admin/").status_code == 302, "not signed in yet"
    client.post("/accounts/2fa/authenticate/", {"code": build_code(secret)})
    assert client.get("/admin/").status_code == 200


def test_new_password_does_not_bypass_the_second_factor(agreement, root):
    from mail.models import Message

    TOTP.activate(root, generate_totp_secret())
    client, password = Client(), "another pass phrase 7"
    client.post("/accounts/password/reset/", {"email": root.email})
    path = "/" + Message.objects.get(to=root.email).context["url"].partition("://")[2].partition("/")[2]
    client.post(client.get(path).headers["Location"], {"password1": password, "password2": password})
    response = client.post("/accounts/login/", {"login": root.email, "password": password})
    assert response.headers["Location"] == "/accounts/2fa/authenticate/"
    assert client.get("/admin/").status_code == 302
