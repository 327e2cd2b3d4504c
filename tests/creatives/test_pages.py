"""The affiliates' pages of creatives."""

import html
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from affiliates.models import Affiliate, State
from creatives import library
from creatives.models import Creative, CreativeLink
from tests.creatives.samples import build_image, upload_banner, upload_text
from tests.factories import make_affiliate
from tracking.links.tracking_links import build_short_url
from tracking.models import Link

pytestmark = pytest.mark.django_db


@pytest.fixture
def client(affiliate: Affiliate) -> Client:
    return sign_in(affiliate)


def sign_in(affiliate: Affiliate) -> Client:
    client = Client()
    client.force_login(affiliate.user)
    return client


def read(client: Client, path: str = "/creatives/", **query: Any) -> str:
    response = client.get(path, query)
    assert response.status_code == 200
    return response.content.decode()


def post_link(client: Client, creative: Creative) -> str:
    return client.post(f"/creatives/{creative.pk}/link/", follow=True).content.decode()


def test_list_without_creatives_says_when_it_fills(client):
    assert "has not published any banners or texts yet" in read(client)


def test_list_shows_what_is_available_now(client):
    now, day = timezone.now(), timedelta(days=1)
    upload_banner(now=now, active_until=now + day)
    upload_text(title="Tomorrow", active_from=now + day)
    upload_text(title="Yesterday", active_until=now - day, active_from=now - 2 * day)
    page = read(client)
    assert "Spring banner" in page
    assert 'alt="Garden tools, 20 % off"' in page
    assert "30 × 25" in page
    assert "Tomorrow" not in page
    assert "Yesterday" not in page


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ({"kind": "text"}, {"Letter"}),
        ({"channel": "blog"}, {"Small", "Wide"}),
        ({"channel": "newsletter", "kind": "text"}, {"Letter"}),
        ({"size": "728x90"}, {"Wide"}),
        ({"size": "1x1"}, {"Letter", "Small", "Wide"}),
        ({}, {"Letter", "Small", "Wide"}),
    ],
)
def test_list_is_filtered_by_kind_channel_and_size(client, query, shown):
    now = timezone.now()
    upload_banner(title="Small", now=now)
    upload_banner(title="Wide", now=now, image=build_image(size=(728, 90)))
    upload_text(title="Letter", now=now)
    page = read(client, **query)
    assert {title for title in ("Letter", "Small", "Wide") if f">{title}</a>" in page} == shown


def test_filter_that_finds_nothing_offers_to_clear_it(client):
    upload_text(now=timezone.now())
    page = read(client, kind="banner")
    assert "No creative matches these filters." in page
    assert "Clear filters" in page


def test_copying_a_banner_shows_code_with_the_affiliates_link(client, affiliate):
    banner = upload_banner(now=timezone.now())
    assert "Get the code" in read(client, f"/creatives/{banner.pk}/")
    page = html.unescape(post_link(client, banner))
    url = build_short_url(Link.objects.get(affiliate=affiliate))
    assert f'<a href="{url}" rel="sponsored"><img src="' in page
    assert 'alt="Garden tools, 20 % off" width="30" height="25"></a>' in page
    post_link(client, banner)
    assert Link.objects.count() == 1
    assert "Get the code" in read(client)


def test_copying_a_text_shows_it_with_the_link(client, affiliate):
    page = post_link(client, upload_text(now=timezone.now(), body="Pots & pans: {link}"))
    url = build_short_url(Link.objects.get(affiliate=affiliate))
    assert f'data-copy="Pots &amp; pans: {url}"' in page
    # Escaped once in the code, and once more on the page.
    assert 'data-copy="Pots &amp;amp; pans: &lt;a href=&quot;' in page


def test_opening_a_page_creates_no_link(client):
    banner = upload_banner(now=timezone.now())
    read(client, f"/creatives/{banner.pk}/")
    assert client.get(f"/creatives/{banner.pk}/link/").status_code == 405
    assert not Link.objects.exists()


def test_withdrawn_creative_is_explained_to_those_who_copied_it_and_missing_for_others(client, affiliate):
    banner = upload_banner(now=timezone.now())
    post_link(client, banner)
    library.withdraw_creative(creative=banner, reason="The offer is over.", now=timezone.now(), by=None)
    page = read(client, f"/creatives/{banner.pk}/")
    assert "The offer is over." in page
    assert "&lt;img" not in page
    assert build_short_url(Link.objects.get()) in page
    listed = read(client)
    assert "No longer available" in listed
    assert "The offer is over." in listed
    other = sign_in(make_affiliate())
    assert other.get(f"/creatives/{banner.pk}/").status_code == 404
    assert "The offer is over." not in read(other)
    assert "no longer available" in post_link(other, banner)
    assert CreativeLink.objects.count() == 1


@pytest.mark.parametrize("state", [State.APPROVED, State.SUSPENDED, State.LEAVING, State.TERMINATED])
def test_affiliate_who_may_not_promote_reads_why(shop, state):
    text = upload_text(now=timezone.now())
    client = sign_in(make_affiliate(state=state))
    for path in ("/creatives/", f"/creatives/{text.pk}/"):
        page = read(client, path)
        assert "Get the code" not in page
        assert "Accept the agreement to copy" in page or f"status of your account is: {state}" in page
    assert "Accept the agreement" in (page := post_link(client, text)) or "Only active affiliates" in page
    assert not Link.objects.exists()


def test_list_needs_few_queries_whatever_its_length(client, django_assert_max_num_queries):
    for number in range(14):
        post_link(client, upload_banner(title=f"Banner {number}", now=timezone.now()))
    with django_assert_max_num_queries(12):
        assert "Next" in read(client)
    assert "Banner 0" in read(client, page=2)
