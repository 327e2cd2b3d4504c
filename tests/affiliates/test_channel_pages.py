"""The page of channels ..."""

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


def test_shows_each_with_its_state_and_the_reason_of_a_rejection(signed_in: Client, affiliate: Affiliate) -> None:
    Channel.objects.filter(affiliate=affiliate).update(state="rejected", reason="Too much <b>spam</b>.")
    page = signed_in.get(PAGE).content.decode()
    assert affiliate.channels.get().address in page
    assert "rejected" in page
    assert "Too much &lt;b&gt;spam&lt;/b&gt;." in page


def test_takes_a_new_one(signed_in: Client, affiliate: Affiliate) -> None:
    answer = signed_in.post(PAGE, {"kind": "blog", "address": "Example.com/blog"})
    assert answer.status_code == 302
    assert affiliate.channels.get(kind="blog").address == "https://example.com/blog"


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        ({"kind": "blog", "address": "ftp://example.com"}, "Enter a web address"),
        ({"kind": "blog", "address": "a\x00b"}, "Null characters are not allowed"),
        ({"kind": "", "address": "https://example.com"}, "This field is required"),
        ({"kind": "radio", "address": "https://example.com"}, "Select a valid choice"),
    ],
)
def test_says_what_is_wrong_with_it(signed_in: Client, affiliate: Affiliate, sent: dict[str, str], said: str) -> None:
    answer = signed_in.post(PAGE, sent)
    assert answer.status_code == 200
    assert said in answer.content.decode()
    assert affiliate.channels.count() == 1


def test_refuses_the_same_again(signed_in: Client, affiliate: Affiliate) -> None:
    answer = signed_in.post(PAGE, {"kind": "blog", "address": affiliate.channels.get().address})
    assert "You have already added this channel" in answer.content.decode()


def test_takes_back_one_that_waits_and_no_other(signed_in: Client, affiliate: Affiliate) -> None:
    signed_in.post(PAGE, {"kind": "blog", "address": "https://example.com/blog"})
    waiting, decided = affiliate.channels.get(kind="blog"), affiliate.channels.get(kind="website")
    signed_in.post(reverse("affiliates:channel_remove", args=[waiting.pk]))
    answer = signed_in.post(reverse("affiliates:channel_remove", args=[decided.pk]))
    assert answer.status_code == 302
    assert list(affiliate.channels.all()) == [decided]
    assert "Only a pending channel" in [str(message) for message in get_messages(answer.wsgi_request)][-1]


def test_answers_another_affiliates_channel_like_one_that_does_not_exist(signed_in: Client) -> None:
    other = make_affiliate(state=State.APPLIED).channels.get()
    missing = "01890000-0000-7000-8000-000000000000"
    for pk in (other.pk, missing):
        assert signed_in.post(reverse("affiliates:channel_remove", args=[pk])).status_code == 404
    assert Channel.objects.filter(pk=other.pk).exists()


def test_is_not_for_visitors_and_not_for_staff(client: Client) -> None:
    assert client.get(PAGE)["Location"].startswith(reverse("account_login"))
    client.force_login(make_staff("affiliate managers"))
    assert client.get(PAGE)["Location"] == reverse("admin:index")
