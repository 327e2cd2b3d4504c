"""The channels page."""

import pytest
from django.contrib.messages import get_messages
from django.test import Client
from django.urls import reverse

from affiliates.models import Affiliate, Channel, State
from tests.factories import make_affiliate, make_staff

pytestmark = pytest.mark.django_db

PAGE = "/channels/"


@pytest.fixture
def affiliate() -> Affiliate:
    return make_affiliate(state=State.ACTIVE)


@pytest.fixture
def signed_in(client: Client, affiliate: Affiliate) -> Client:
    client.force_login(affiliate.user)
    return client


def test_page_shows_state_and_escaped_rejection_reason(signed_in: Client, affiliate: Affiliate) -> None:
    Channel.objects.filter(affiliate=affiliate).update(state="rejected", reason="Too much <b>spam</b>.")
    page = signed_in.get(PAGE).content.decode()
    assert affiliate.channels.get().address in page
    assert "rejected" in page
    assert "Too much &lt;b&gt;spam&lt;/b&gt;." in page


def test_channel_is_added(signed_in: Client, affiliate: Affiliate) -> None:
    response = signed_in.post(PAGE, {"kind": "blog", "address": "Example.com/blog"})
    assert response.status_code == 302
    assert affiliate.channels.get(kind="blog").address == "https://example.com/blog"


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"kind": "blog", "address": "ftp://example.com"}, "Enter a web address"),
        ({"kind": "blog", "address": "a\x00b"}, "Null characters are not allowed"),
        ({"kind": "", "address": "https://example.com"}, "This field is required"),
        ({"kind": "radio", "address": "https://example.com"}, "Select a valid choice"),
    ],
)
def test_invalid_channel_is_rejected_with_message(
    signed_in: Client, affiliate: Affiliate, data: dict[str, str], message: str
) -> None:
    response = signed_in.post(PAGE, data)
    assert response.status_code == 200
    assert message in response.content.decode()
    assert affiliate.channels.count() == 1


def test_duplicate_channel_is_rejected(signed_in: Client, affiliate: Affiliate) -> None:
    response = signed_in.post(PAGE, {"kind": "blog", "address": affiliate.channels.get().address})
    assert "You have already added this channel" in response.content.decode()


def test_only_pending_channel_can_be_withdrawn(signed_in: Client, affiliate: Affiliate) -> None:
    signed_in.post(PAGE, {"kind": "blog", "address": "https://example.com/blog"})
    pending, decided = affiliate.channels.get(kind="blog"), affiliate.channels.get(kind="website")
    signed_in.post(reverse("affiliates:channel_remove", args=[pending.pk]))
    response = signed_in.post(reverse("affiliates:channel_remove", args=[decided.pk]))
    assert response.status_code == 302
    assert list(affiliate.channels.all()) == [decided]
    assert "Only a pending channel" in [str(message) for message in get_messages(response.wsgi_request)][-1]


def test_withdrawal_of_a_channel_asks_for_confirmation(signed_in: Client, affiliate: Affiliate) -> None:
    signed_in.post(PAGE, {"kind": "blog", "address": "https://example.com/blog"})
    pending, decided = affiliate.channels.get(kind="blog"), affiliate.channels.get(kind="website")
    address = reverse("affiliates:channel_remove", args=[pending.pk])
    assert f'href="{address}"' in signed_in.get(PAGE).content.decode()
    page = signed_in.get(address).content.decode()
    assert "Withdraw this channel?" in page
    assert "https://example.com/blog" in page
    assert affiliate.channels.filter(pk=pending.pk).exists()
    page = signed_in.get(reverse("affiliates:channel_remove", args=[decided.pk])).content.decode()
    assert "can no longer be withdrawn" in page


def test_channel_of_another_affiliate_is_not_found(signed_in: Client) -> None:
    other = make_affiliate(state=State.APPLIED).channels.get()
    missing = "01890000-0000-7000-8000-000000000000"
    for pk in (other.pk, missing):
        assert signed_in.post(reverse("affiliates:channel_remove", args=[pk])).status_code == 404
    assert Channel.objects.filter(pk=other.pk).exists()


def test_visitors_and_staff_are_redirected(client: Client) -> None:
    assert client.get(PAGE)["Location"].startswith(reverse("account_login"))
    client.force_login(make_staff("affiliate managers"))
    assert client.get(PAGE)["Location"] == reverse("admin:index")
