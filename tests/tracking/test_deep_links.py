"""Deep links that the builder makes, and its page."""

from urllib.parse import parse_qs, urlsplit

import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from django.utils import timezone

from affiliates.models import Affiliate
from agreements.models import Program
from tests.factories import make_affiliate
from tracking.clicks.destinations import resolve_destination
from tracking.links import tracking_links
from tracking.links.deep_links import build_deep_link
from tracking.models import Link

pytestmark = pytest.mark.django_db
HOSTS = frozenset({"shop.example"})


@pytest.fixture
def signed_in(client: Client, link: Link) -> Client:
    client.force_login(link.affiliate.user)
    return client


@pytest.mark.parametrize(
    "page",
    [
        "https://shop.example/garden/hose?size=10&color=gr%C3%BCn#reviews",
        "https://shop.example/a b",
        "https://shop.example/für",
        " https://shop.example/x\n",
        "https://shop.example/?to=https://evil.example/&sub1=x&click_id=1",
    ],
)
def test_redirect_follows_what_the_builder_makes(link: Link, page: str) -> None:
    address = build_deep_link(link, page=page, sub_ids=("news letter", "", "50%&x"))
    found = resolve_destination(urlsplit(address).query, target=link.target, hosts=HOSTS, click_id_parameter="click_id")
    expected = page.strip().replace(" ", "%20").replace("ü", "%C3%BC").replace("&click_id=1", "")
    assert (found.address, found.failed_deep_link) == (expected, "")
    assert found.sub_ids == ("news letter", "", "50%&x", "", "")


def test_page_of_the_link_itself_needs_no_parameter(link: Link) -> None:
    assert build_deep_link(link, page=link.target) == tracking_links.build_short_url(link)


def test_deep_link_has_the_name_of_its_link(link: Link) -> None:
    tracking_links.update_link(link=link, target=link.target, own_name="anna-garden", now=timezone.now(), by=None)
    assert "/r/anna-garden?to=" in build_deep_link(link, page="https://shop.example/x")


@pytest.mark.parametrize("page", ["", "shop", "https://evil.example/", "https://shop.example@evil.example/"])
def test_other_page_is_refused(link: Link, page: str) -> None:
    with pytest.raises(ValidationError) as caught:
        build_deep_link(link, page=page)
    assert list(caught.value.message_dict) == ["url"]


def test_host_that_the_link_does_not_permit_yet_is_refused(link: Link) -> None:
    program = Program.current()
    program.shop_hosts = ["shop.example", "new.example"]
    program.save()
    with pytest.raises(ValidationError, match="Save the link again"):
        build_deep_link(link, page="https://new.example/")
    tracking_links.update_link(link=link, target=link.target, now=timezone.now(), by=None)
    assert "new.example" in build_deep_link(link, page="https://new.example/")


def test_builder_shows_deep_link_with_qr_code(signed_in: Client, link: Link) -> None:
    text = signed_in.get("/links/build/", {"url": "https://shop.example/p?a=1", "sub1": "news"}).content.decode()
    assert f"/r/{link.code}?to=https%3A%2F%2Fshop.example%2Fp%3Fa%3D1&amp;sub1=news" in text
    assert f"/links/{link.pk}/qr.svg?url=https%3A%2F%2Fshop.example%2Fp%3Fa%3D1&amp;sub1=news" in text
    assert "Get my affiliate link" in text


def test_builder_names_permitted_hosts_in_its_error(signed_in: Client) -> None:
    for parameters in ({}, {"result": "1"}):
        text = signed_in.get("/links/build/", {"url": "https://evil.example/"} | parameters).content.decode()
        assert "Enter a page on shop.example. Links to evil.example are not allowed." in text
        assert ("<html" in text) is not bool(parameters)


def test_bookmark_opens_the_builder_with_the_address_of_the_page(signed_in: Client) -> None:
    text = signed_in.get("/links/build/").content.decode()
    assert "/links/build/?url=&#x27;+encodeURIComponent(location.href)" in text
    assert "Your deep link" not in text


def test_builder_offers_own_links_that_are_neither_paused_nor_archived(signed_in: Client, link: Link) -> None:
    now = timezone.now()
    rows = {
        name: tracking_links.create_link(
            affiliate=affiliate, target="https://shop.example/", name=name, now=now, by=affiliate.user
        )
        for name, affiliate in (("Paused", link.affiliate), ("Archived", link.affiliate), ("Foreign", make_affiliate()))
    }
    tracking_links.pause_link(link=rows["Paused"], now=now, by=None)
    tracking_links.archive_link(link=rows["Archived"], now=now, by=None)
    text = signed_in.get("/links/build/").content.decode()
    assert str(link.pk) in text
    assert [name for name, row in rows.items() if str(row.pk) in text] == []
    chosen = signed_in.get("/links/build/", {"link": str(rows["Archived"].pk)}).content.decode()
    assert str(rows["Archived"].pk) in chosen
    foreign = {"url": "https://shop.example/", "link": str(rows["Foreign"].pk)}
    assert "Choose one of your links." in signed_in.get("/links/build/", foreign).content.decode()


def test_affiliate_without_link_creates_one_first(client: Client, link: Link) -> None:
    client.force_login(make_affiliate().user)
    response = client.get("/links/build/", {"url": "https://shop.example/p"}, follow=True)
    assert response.redirect_chain == [("/links/new/?target=https%3A%2F%2Fshop.example%2Fp", 302)]
    assert 'value="https://shop.example/p"' in response.content.decode()


def test_qr_code_of_deep_link_is_refused_for_other_pages(signed_in: Client, link: Link) -> None:
    path = f"/links/{link.pk}/qr.png"
    assert signed_in.get(path, {"url": "https://shop.example/p", "sub1": "a"}).content.startswith(b"\x89PNG")
    for parameters in (
        {"url": "https://evil.example/"},
        {"url": "https://shop.example/p", "sub2": "x" * 101},
        {"url": "https://shop.example/" + "%20" * 600},
    ):
        assert signed_in.get(path, parameters).status_code == 404
    long = signed_in.get("/links/build/", {"url": "https://shop.example/" + "%20" * 600}).content.decode()
    assert "too long for a QR code" in long


def test_link_page_leads_to_the_builder(signed_in: Client, link: Link) -> None:
    text = signed_in.get(f"/links/{link.pk}/").content.decode()
    assert f"/links/build/?link={link.pk}" in text
    assert "to=" not in text


def test_query_of_the_deep_link_is_encoded(link: Link) -> None:
    address = build_deep_link(link, page="https://shop.example/?a=1&b=2")
    assert parse_qs(urlsplit(address).query) == {"to": ["https://shop.example/?a=1&b=2"]}


def test_suspended_affiliate_sees_the_builder(signed_in: Client, link: Link) -> None:
    Affiliate.objects.filter(pk=link.affiliate_id).update(state="suspended")
    text = signed_in.get("/links/build/", {"url": "https://shop.example/p"}).content.decode()
    assert "Create a link of its own" not in text


def test_builder_counts_for_no_link_that_was_not_chosen(signed_in: Client, link: Link) -> None:
    other = tracking_links.create_link(
        affiliate=link.affiliate, target="https://shop.example/cup", now=timezone.now(), by=link.affiliate.user
    )
    page = {"url": "https://shop.example/jug"}
    # From the bookmark, the address is filled in and a link is to be chosen.
    text = signed_in.get("/links/build/", page).content.decode()
    assert 'value="https://shop.example/jug"' in text
    assert "Your deep link" not in text
    assert "Choose the link that the clicks and orders count for." not in text
    assert "/links/new/?target=https%3A%2F%2Fshop.example%2Fjug" in text
    text = signed_in.get("/links/build/", page | {"link": ""}).content.decode()
    assert "Choose the link that the clicks and orders count for." in text
    text = signed_in.get("/links/build/", page | {"link": str(other.pk)}).content.decode()
    assert "Clicks and orders count for the link /cup." in text


@pytest.mark.parametrize(
    ("target", "label"),
    [
        ("https://shop.example/kitchen/cup", "/kitchen/cup"),
        ("https://shop.example/cup?color=red#top", "/cup?color=red"),
        ("https://shop.example/", "shop.example"),
        ("https://shop.example", "shop.example"),
    ],
)
def test_link_without_a_name_is_known_by_its_page(target: str, label: str) -> None:
    assert Link(code="abc1", target=target).label == label
    assert Link(code="abc1", target=target, name="Cups").label == "Cups"
    assert Link(code="abc1", target=target, own_name="anna-cups").label == "anna-cups"
