"""Malformed, oversized and slow requests are refused before a view sees them; private pages are not cached."""

import io

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.handlers.wsgi import WSGIRequest
from django.http import HttpResponse, QueryDict
from django.test import Client, RequestFactory

from lib.request_body import BodyTooSlow, TimedBody
from portal import request_checks
from tests.factories import make_user
from tests.scenarios import create_program

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("path", ["/?next=%00", "/agreement/?x=1&y=a%00b", "/r/%00", "/page%00/"])
def test_nul_in_an_address_is_refused(client, path):
    response = client.get(path)
    assert response.status_code in (400, 404)


def test_nul_in_a_list_filter_is_a_bad_request(admin_client):
    response = admin_client.get("/admin/affiliates/affiliate/?state__exact=%00")
    assert (response.status_code, "NUL" in response.content.decode()) == (400, True)


def test_endless_number_in_an_address_is_a_bad_request(admin_client):
    assert admin_client.get(f"/admin/affiliates/affiliate/?p={'9' * 5000}").status_code == 400


def test_range_in_a_list_filter_is_a_bad_request(admin_client):
    assert admin_client.get("/admin/payouts/ledgertransaction/?kind__range=abc").status_code == 400


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ("a-TOTAL_FORMS=3&a-0-x=1&a-1-x=1&a-2-x=1", ""),
        ("a-TOTAL_FORMS=51&a-0-x=1", ""),
        ("a-TOTAL_FORMS=52&a-0-x=1", "a-TOTAL_FORMS"),
        ("a-TOTAL_FORMS=-1", "a-TOTAL_FORMS"),
        ("a-TOTAL_FORMS=", "a-TOTAL_FORMS"),
        ("a-TOTAL_FORMS=%D9%A3", "a-TOTAL_FORMS"),
        ("a-TOTAL_FORMS=" + "9" * 5000, "a-TOTAL_FORMS"),
        ("a-b-INITIAL_FORMS=1000&a-b-0-x=1", "a-b-INITIAL_FORMS"),
        ("TOTAL_FORMS=-1", ""),
    ],
)
def test_row_counts_must_match_the_rows(fields, wrong):
    assert request_checks.find_wrong_row_count(QueryDict(fields)) == wrong


@pytest.mark.parametrize("count", ["-1", "x", "999999999", "1000"])
def test_application_with_an_impossible_row_count_is_refused(client, count):
    create_program("2026-01-01")
    response = client.post("/apply/", {"channels-TOTAL_FORMS": count, "channels-INITIAL_FORMS": "0"})
    assert (response.status_code, "channels-TOTAL_FORMS" in response.content.decode()) == (400, True)


def test_application_without_rows_is_invalid(client):
    create_program("2026-01-01")
    response = client.post("/apply/", {"channels-TOTAL_FORMS": "0", "channels-INITIAL_FORMS": "0"})
    assert response.status_code == 200
    assert "Enter at least one channel." in response.content.decode()


def test_large_upload_of_a_visitor_is_refused_unread(client, monkeypatch):
    monkeypatch.setattr(WSGIRequest, "_load_post_and_files", lambda _self: pytest.fail("the body was read"))
    response = client.post("/accounts/login/", {"file": SimpleUploadedFile("a", b"x" * (1024**2 + 1))})
    assert (response.status_code, "1 MiB" in response.content.decode()) == (413, True)


def test_upload_of_an_affiliate_may_be_larger(client):
    client.force_login(make_user(email="ann@example.com"))
    assert client.post("/go/", {"file": SimpleUploadedFile("a", b"x" * (1024**2 + 1))}).status_code != 413
    monster = client.post("/go/", {"a": "b"}, CONTENT_LENGTH=str(33 * 1024**2))
    assert (monster.status_code, "32 MiB" in monster.content.decode()) == (413, True)


@pytest.mark.parametrize("length", ["9" * 5000, "-1", "1_0", "\u0663", "x"], ids=ascii)
def test_malformed_length_is_refused(client, length):
    assert client.post("/accounts/login/", {"a": "b"}, CONTENT_LENGTH=length).status_code == 413


def test_slow_form_is_refused(monkeypatch):
    def refuse(*_arguments):
        raise BodyTooSlow("it arrives too slowly")

    monkeypatch.setattr(TimedBody, "load", refuse)
    request = RequestFactory().post("/accounts/login/", {"login": "ann"})
    request.META["wsgi.input"] = TimedBody(io.BytesIO(b"login=ann"), 9)
    request.user = make_user(email="ann@example.com")
    response = request_checks.request_body_middleware(lambda _request: HttpResponse("reached"))(request)
    assert response.status_code == 408
    assert isinstance(response, HttpResponse)
    assert b"did not arrive in time" in response.content


@pytest.mark.parametrize("path", ["/accounts/login/", "/accounts/password/reset/", "/admin/"])
def test_sign_in_pages_are_not_cached(client, path):
    assert_private(client.get(path))


@pytest.mark.parametrize("path", ["/", "/agreement/", "/go/", "/admin/", "/nowhere/"])
def test_no_page_of_a_signed_in_person_is_cached(admin_client, path):
    create_program("2026-01-01")
    assert_private(admin_client.get(path))


def assert_private(response: HttpResponse) -> None:
    assert {"no-store", "private"} <= {part.strip() for part in response.headers["Cache-Control"].split(",")}


def test_answers_of_the_orders_api_have_the_same_headers():
    for response in (Client().put("/api/v1/orders/A1"), Client().get("/api/v1/orders/A1")):
        assert response.headers["X-Frame-Options"] == "DENY"
        assert response.headers["Cache-Control"] == "no-store, private"
