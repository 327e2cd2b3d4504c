"""Pages of sign-in answer hostile input with 4xx or ignore it, and mail links of BASE_URL only."""

import re
from urllib.parse import urlencode, urlsplit

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.conf import settings as django_settings
from django.core.cache import cache
from django.test import Client

from mail import rendering
from mail.models import Message
from tests.factories import PASSWORD, make_user
from tests.portal.test_apply import FORM
from tests.sessions import confirm_identity, sign_in

pytestmark = pytest.mark.django_db
HOSTILE_NEXT = (
    "https://[::1",
    "http://[",
    "//[::1",
    "/\\[::1",
    "https://evil.example/",
    "//evil.example",
    "///evil.example",
    "\\\\evil.example",
    "https:evil.example",
    "javascript:alert(1)",
    "/\x00",
    "\x00",
    "/a\r\nSet-Cookie: x=1",
    "/" + "a" * 5000,
    "http://testserver:6666/",
    "https://user@evil.example/",
    "\ud800",
    "/" + "é" * 300,
)
FREE = ("/accounts/login/", "/accounts/password/reset/", "/apply/", "/accounts/confirm-email/", "/accounts/logout/")
SIGNED_IN = (
    "/accounts/login/",
    "/accounts/email/",
    "/accounts/password/change/",
    "/accounts/reauthenticate/",
    "/accounts/2fa/reauthenticate/",
    "/accounts/2fa/webauthn/reauthenticate/",
    "/accounts/2fa/webauthn/add/",
    "/accounts/2fa/totp/activate/",
    "/accounts/logout/",
)
ASSERTION = (
    '{"id": "x", "rawId": "x", "type": "public-key", "response": {"clientDataJSON": "e30", "authenticatorData": "AA",'
    ' "signature": "AA", "userHandle": %s}}'
)
HOSTILE_CREDENTIALS = (
    "",
    "{",
    "[]",
    "1",
    "null",
    '"text"',
    "[" * 20_000,
    '{"a":' * 4_000 + "1" + "}" * 4_000,
    '{"id": 1}',
    '{"id": "\\u0000", "rawId": "\\u0000"}',
    '{"id": "x", "rawId": "x", "type": "public-key", "response": {}}',
    '{"id": "x", "rawId": "!!", "type": "public-key", "response": {"clientDataJSON": "AA", "attestationObject": "AA"}}',
    ASSERTION % '"AA"',
    ASSERTION % "[]",
    ASSERTION % '"////"',
    '{"id": "x", "rawId": "x", "type": "public-key", "response": []}',
    "9" * 5_000,
    "NaN",
    "x" * 1_000_000,
)


@pytest.fixture(autouse=True)
def _no_limits(settings):
    settings.ACCOUNT_RATE_LIMITS = dict.fromkeys(settings.ACCOUNT_RATE_LIMITS)
    settings.MFA_RATE_LIMITS = {"webauthn_login": None}
    cache.clear()


def assert_harmless(response, label: object) -> None:
    assert response.status_code < 500, label
    location = response.headers.get("Location", "/")
    assert urlsplit(location).netloc in ("", "127.0.0.1:8000"), label
    assert "Set-Cookie: x" not in location


def send_hostile_next(client: Client, path: str, data: dict[str, str]) -> None:
    for value in HOSTILE_NEXT:
        query = urlencode({"next": value}, errors="surrogatepass")
        assert_harmless(client.get(f"{path}?{query}"), (path, value))
        body = urlencode({**data, "next": value}, errors="surrogatepass")
        assert_harmless(client.post(path, body, content_type="application/x-www-form-urlencoded"), (path, value))


@pytest.mark.parametrize("path", FREE)
def test_hostile_next_is_ignored(agreement, path):
    make_user(email="owner@example.com", password=PASSWORD)
    data = {"login": "owner@example.com", "password": "wrong", "email": "owner@example.com"}
    send_hostile_next(Client(raise_request_exception=False), path, data)


def test_hostile_next_is_ignored_after_signing_in(agreement):
    make_user(email="owner@example.com", password=PASSWORD)
    for value in HOSTILE_NEXT:
        client = Client(raise_request_exception=False)
        body = urlencode({"login": "owner@example.com", "password": PASSWORD, "next": value}, errors="surrogatepass")
        response = client.post("/accounts/login/", body, content_type="application/x-www-form-urlencoded")
        assert_harmless(response, value)
        assert_harmless(client.get("/admin/login/?" + urlencode({"next": value}, errors="surrogatepass")), value)


@pytest.mark.parametrize("path", SIGNED_IN)
def test_hostile_next_is_ignored_while_signed_in(agreement, path):
    user = make_user(password=PASSWORD)
    send_hostile_next(confirm_identity(sign_in(Client(raise_request_exception=False), user)), path, {})


def test_next_within_the_portal_is_followed(agreement):
    make_user(email="owner@example.com", password=PASSWORD)
    response = Client().post(
        "/accounts/login/", {"login": "owner@example.com", "password": PASSWORD, "next": "/payouts/?page=2"}
    )
    assert response.headers["Location"] == "/payouts/?page=2"


@pytest.mark.parametrize("value", ["\x00", "a\x00b", "x" * 1_000_000, "\ud800", "%00", "a@b\x00.c"])
def test_hostile_value_in_any_field_is_no_server_error(agreement, value):
    user = make_user(email="owner@example.com", password=PASSWORD)
    TOTP.activate(user, generate_totp_secret())
    waiting = Client(raise_request_exception=False)
    waiting.post("/accounts/login/", {"login": user.email, "password": PASSWORD})
    signed_in = confirm_identity(sign_in(Client(raise_request_exception=False), user, ("mfa",)), "mfa")
    fields = {
        "/accounts/login/": ("login", "password"),
        "/accounts/password/reset/": ("email",),
        "/apply/": ("name", "country", "email", "password1", "password2", "channels-0-address", "channels-0-kind"),
        "/accounts/email/": ("email", "action_add", "action_send"),
        "/accounts/password/change/": ("oldpassword", "password1", "password2"),
        "/accounts/reauthenticate/": ("password",),
        "/accounts/2fa/reauthenticate/": ("code",),
        "/accounts/2fa/webauthn/add/": ("name", "credential"),
    }
    forms = {
        "/accounts/login/": {"login": user.email, "password": "x"},
        "/apply/": FORM,
        "/accounts/email/": {"email": "b@example.com", "action_add": ""},
        "/accounts/password/change/": {"oldpassword": PASSWORD, "password1": "abc 77 abc", "password2": "abc 77 abc"},
    }
    for path, names in fields.items():
        client = Client(raise_request_exception=False) if path in FREE else signed_in
        for name in names:
            body = urlencode({**forms.get(path, {}), name: value}, errors="surrogatepass")
            response = client.post(path, body, content_type="application/x-www-form-urlencoded")
            assert response.status_code < 500, (path, name)
    for name in ("code", "credential"):
        body = urlencode({name: value}, errors="surrogatepass")
        response = waiting.post("/accounts/2fa/authenticate/", body, content_type="application/x-www-form-urlencoded")
        assert response.status_code < 500, name


@pytest.mark.parametrize("key", ["%00", "%00-%00", "0-%00", "a" * 5000, "%ED%A0%80-x", "1-set-password", "-", "x-y"])
def test_hostile_keys_in_links_are_no_server_error(agreement, key):
    client = Client(raise_request_exception=False)
    for path in (f"/accounts/password/reset/key/{key}/", f"/accounts/confirm-email/{key}/"):
        for response in (client.get(path), client.post(path), client.get(path, HTTP_ACCEPT="application/json")):
            assert response.status_code < 500, path


@pytest.mark.parametrize("credential", HOSTILE_CREDENTIALS, ids=lambda text: text[:20] or "empty")
def test_hostile_passkey_is_no_server_error(agreement, credential):
    user = make_user(email="owner@example.com", password=PASSWORD)
    signed_in = confirm_identity(sign_in(Client(raise_request_exception=False), user))
    visitor, waiting = Client(raise_request_exception=False), Client(raise_request_exception=False)
    visitor.get("/accounts/2fa/webauthn/login/", HTTP_ACCEPT="application/json")
    signed_in.get("/accounts/2fa/webauthn/add/")
    assert signed_in.post("/accounts/2fa/webauthn/add/", {"credential": credential}).status_code == 200
    assert visitor.post("/accounts/2fa/webauthn/login/", {"credential": credential}).status_code == 302
    TOTP.activate(user, generate_totp_secret())
    waiting.post("/accounts/login/", {"login": user.email, "password": PASSWORD})
    assert waiting.post("/accounts/2fa/authenticate/", {"credential": credential}).status_code == 200
    Authenticator.objects.create(user=user, type="webauthn", data={"name": "Key", "credential": {}})
    assert signed_in.post("/accounts/2fa/webauthn/reauthenticate/", {"credential": credential}).status_code < 500
    assert not Authenticator.objects.filter(user=user, type="webauthn", data__credential__has_key="id").exists()


HOST = "localhost:6666"


def test_links_in_mails_come_from_base_url(agreement, settings):
    settings.BASE_URL = "https://aff.example.com"
    user = make_user(email="owner@example.com", password=PASSWORD)
    client = Client(HTTP_HOST=HOST)
    client.post("/accounts/password/reset/", {"email": user.email})
    client.post("/accounts/password/reset/", {"email": "unknown@example.com"})
    client.post("/apply/", FORM)
    client.post("/apply/", FORM | {"email": user.email})
    signed_in = confirm_identity(sign_in(Client(HTTP_HOST=HOST), user))
    signed_in.post("/accounts/email/", {"email": "new@example.com", "action_add": ""})
    signed_in.post("/accounts/email/", {"email": "new@example.com", "action_send": ""})
    signed_in.post(
        "/accounts/password/change/",
        {"oldpassword": PASSWORD, "password1": "another pass 77", "password2": "another pass 77"},
    )
    messages = list(Message.objects.all())
    assert len(messages) >= 7
    links = 0
    for message in messages:
        mail = rendering.render(kind=message.kind, context=message.context)
        assert ":6666" not in mail.text + mail.html, message.context
        found = re.findall(r"https?://[^\s/]+", mail.text)
        links += len(found)
        assert set(found) <= {"https://aff.example.com"}, message.context
    assert links >= 5


@pytest.mark.parametrize("path", ["/", "/apply/", "/accounts/login/", "/accounts/password/reset/", "/agreement/"])
def test_pages_do_not_repeat_the_host(agreement, settings, path):
    settings.BASE_URL = "https://aff.example.com"
    assert ":6666" not in Client(HTTP_HOST=HOST).get(path).content.decode()


def test_no_code_builds_addresses_from_the_host_header():
    """Of our own code. django-allauth's addresses are replaced where its mails are queued (portal.sign_in)."""
    apps = ("accounts", "affiliates", "agreements", "audit", "compliance", "creatives", "lib", "mail", "payouts", "portal",
            "shops", "tracking", "config", "templates")  # fmt: skip
    pattern = re.compile(r"build_absolute_uri|get_host\(|HTTP_HOST|request\.scheme|get_current_site")
    # Of the host it only says whether that is an IP address, where no passkey works.
    harmless = ["portal/templatetags/accord.py"]
    found = [
        f"{path.relative_to(django_settings.BASE_DIR)}"
        for app in apps
        for path in (django_settings.BASE_DIR / app).rglob("*")
        if path.suffix in (".py", ".html", ".txt") and pattern.search(path.read_text())
    ]
    assert found == harmless
