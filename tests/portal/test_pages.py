"""Every page opens for the right users, under a strict content policy; errors and unavailable stores have pages."""

import re

import pytest
from django.core.cache import cache
from django.db import OperationalError
from django.test import Client
from django.urls import reverse

from affiliates.models import State
from portal import middleware
from tests.factories import make_staff, make_user
from tests.portal.html_tree import assert_reads_in_order

PUBLIC = ("portal:landing", "portal:apply", "account_login", "account_reset_password", "account_reset_password_done",
          "account_email_verification_sent", "agreements:current", "agreements:versions", "compliance:report_abuse",
          "api_reference")  # fmt: skip
OWN = ("portal:home", "portal:profile", "portal:notifications", "portal:security", "portal:my_data", "portal:leave",
       "account_email", "account_change_password", "account_logout", "mfa_index")  # fmt: skip

INLINE = re.compile(r"""<[^>]+\s(?:style|on[a-z]+)\s*=\s*["']""")
SCRIPT = re.compile(r"<script(?![^>]*\b(?:src|nonce)=)(?![^>]*application/json)")


@pytest.fixture(autouse=True)
def _clear_rate_limits():
    cache.clear()


def assert_valid_page(response, status=200) -> None:
    assert response.status_code == status, response.content[:600]
    policy = response.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "camera=()" in response.headers["Permissions-Policy"]
    html = response.content.decode()
    assert not INLINE.findall(html), INLINE.findall(html)
    assert not SCRIPT.findall(html)
    assert "<style" not in html
    assert html.count("<main") == 1
    assert html.count("<h1") == 1
    assert_reads_in_order(html)


@pytest.mark.parametrize("name", PUBLIC)
def test_public_page_opens_for_a_visitor(agreement, name):
    assert_valid_page(Client().get(reverse(name)))


@pytest.mark.parametrize("name", [name for name in OWN if name != "account_logout"])
def test_private_page_redirects_a_visitor_to_sign_in(agreement, name):
    response = Client().get(reverse(name))
    assert response.status_code == 302
    assert response.headers["Location"].startswith(reverse("account_login"))


@pytest.mark.parametrize("state", list(State))
@pytest.mark.parametrize("name", OWN)
def test_private_page_opens_for_an_affiliate_in_every_state(affiliate_factory, client_for, state, name):
    client = client_for(affiliate_factory(state).user)
    response = client.get(reverse(name))
    assert_valid_page(response)


@pytest.mark.parametrize("state", list(State))
def test_home_has_no_broken_links(affiliate_factory, client_for, state):
    client = client_for(affiliate_factory(state).user)
    html = client.get(reverse("portal:home")).content.decode()
    addresses = {address.partition("#")[0] for address in re.findall(r'href="(/[^"]*)"', html)}
    for address in sorted(addresses - {"/static/accord.css", "/static/favicon.svg", ""}):
        response = client.get(address)
        assert response.status_code in (200, 302), address
        if response.status_code == 200 and response.headers["Content-Type"].startswith("text/html"):
            assert_reads_in_order(response.content.decode())


def test_home_redirects_staff_to_the_admin(agreement, client_for):
    client = client_for(make_staff(superuser=True))
    assert client.get(reverse("portal:home")).headers["Location"] == reverse("admin:index")
    assert client.get(reverse("portal:after_sign_in")).headers["Location"] == reverse("admin:index")


def test_account_without_a_role_gets_an_explanation(agreement, client_for):
    client = client_for(make_user())
    response = client.get(reverse("portal:home"), follow=True)
    assert_valid_page(response)
    assert "is not part of the program" in response.content.decode()


def test_admin_opens_for_every_group_with_its_own_policy(agreement, client_for):
    for group in ("affiliate managers", "compliance reviewers", "payout preparers", "payout approvers"):
        response = client_for(make_staff(group)).get(reverse("admin:index"))
        assert response.status_code == 200
        assert "'unsafe-eval'" in response.headers["Content-Security-Policy"]


@pytest.mark.parametrize(("status", "path"), [(404, "/nothing/here/"), (404, "/home/nothing/")])
def test_missing_page_is_404_without_a_database(settings, status, path):
    settings.DEBUG = False
    response = Client().get(path)
    assert response.status_code == status
    assert b"Page not found" in response.content
    assert b'style="' not in response.content


@pytest.mark.parametrize("template", ["400.html", "403.html", "403_csrf.html", "404.html", "500.html", "503.html"])
def test_error_page_renders_without_a_database(template):
    from django.template.loader import render_to_string

    assert "<h1>" in render_to_string(template)


def test_unavailable_postgresql_is_a_503(monkeypatch, settings):
    settings.DEBUG = False

    def raise_unavailable(*_args, **_kwargs):
        raise OperationalError("connection refused")

    monkeypatch.setattr("portal.frame.AgreementVersion.objects.published", raise_unavailable)
    client = Client(raise_request_exception=False)
    response = client.get("/")
    assert response.status_code == 503
    assert response.headers["Retry-After"] == "5"
    assert b"PostgreSQL is not available" in response.content
    assert b"Traceback" not in response.content


def test_unavailable_valkey_is_a_503(monkeypatch, agreement):
    import redis.exceptions

    def raise_unavailable(*_args, **_kwargs):
        raise redis.exceptions.ConnectionError("connection refused")

    monkeypatch.setattr("portal.views.public.is_open_for_applications", raise_unavailable)
    response = Client(raise_request_exception=False).get("/")
    assert response.status_code == 503
    assert b"Valkey is not available" in response.content


def test_unavailable_store_is_json_for_the_api(rf):
    response = middleware.build_unavailable_response(rf.get("/api/v1/orders/1"), "PostgreSQL")
    assert response.status_code == 503
    assert b'"code": "unavailable"' in response.content


def test_other_errors_are_no_missing_store():
    assert middleware.identify_missing_store(ValueError("x")) == ""
