"""Only some threads send the files of affiliates at once."""

import pytest
from django.test import Client

from affiliates.models import Affiliate
from tests.factories import make_affiliate
from tests.scenarios import create_program

pytestmark = pytest.mark.django_db


@pytest.fixture
def affiliates(settings) -> list[Affiliate]:
    """Three affiliates of a server that sends two files at once, of one affiliate one."""
    create_program()
    settings.WEB_THREADS = 8
    return [make_affiliate() for _number in range(3)]


def sign_in(affiliate: Affiliate) -> Client:
    client = Client()
    client.force_login(affiliate.user)
    return client


@pytest.mark.parametrize("address", ["/commissions/csv/", "/links/links.csv", "/reports/csv/"])
def test_affiliate_waits_until_their_other_download_is_sent(affiliates, address):
    client = sign_in(affiliates[0])
    begun = client.get("/commissions/csv/")
    refused = client.get(address)
    assert (begun.status_code, refused.status_code, refused["Retry-After"]) == (200, 429, "10")
    page = refused.content.decode()
    assert "Other files are being downloaded." in page
    assert f'href="{address}">Try again' in page
    assert client.get("/commissions/").status_code == 200
    begun.getvalue()
    assert client.get(address).status_code == 200


def test_downloads_of_many_affiliates_leave_threads_to_pages(affiliates):
    first, second, third = map(sign_in, affiliates)
    begun = [first.get("/commissions/csv/"), second.get("/commissions/csv/")]
    assert [response.status_code for response in begun] == [200, 200]
    assert third.get("/commissions/csv/").status_code == 429
    begun[1].getvalue()
    assert third.get("/commissions/csv/").status_code == 200


def test_download_that_is_refused_or_fails_holds_no_place(affiliates, monkeypatch):
    client = sign_in(affiliates[0])
    assert client.get("/commissions/csv/", {"state": "nonsense"}).status_code == 400
    monkeypatch.setattr("payouts.views.commissions.stream_csv_response", None)
    with pytest.raises(TypeError):
        client.get("/commissions/csv/")
    monkeypatch.undo()
    assert client.get("/commissions/csv/").status_code == 200
