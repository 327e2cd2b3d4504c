"""Title and description of applicants' channels."""

from threading import Event

import pytest
from django.test import Client
from django.urls import reverse

from affiliates.models import Affiliate, ChannelPreview, State
from portal import channel_previews
from portal.channel_previews import fetch_previews, read_head
from shops.landing.page_fetch import FetchedPage, FetchFailed
from tests.factories import NOW, make_affiliate, make_staff, make_user

PAGE = '<head><title>Ada &amp; <b>co</b>\n</title><meta name="Description" content="Sums &lt;daily&gt;."></head>'


@pytest.fixture
def fetched(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Answer requests with a page, or by the host with a failure; return the addresses asked for."""
    addresses: list[str] = []

    def fetch(url: str) -> FetchedPage:
        addresses.append(url)
        if "private" in url:
            raise FetchFailed("its address is in a private network")
        return FetchedPage(url, 404 if "gone" in url else 200, (), PAGE)

    monkeypatch.setattr(channel_previews, "fetch_page", fetch)
    return addresses


def make_application(host: str, **values: object) -> Affiliate:
    state = values.pop("state", State.APPLIED)
    return make_affiliate(state=state, channels=(("blog", f"https://{host}/"),), **values)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("page", "expected"),
    [
        (PAGE, ("Ada & co", "Sums <daily>.")),
        ("<title>One</title><svg><title>Two</title></svg>", ("One", "")),
        ('<meta property="og:description" content="Shared."><title></title>', ("", "Shared.")),
        ("<title>a\x00b\u202e" + "x" * 300, ("a b" + "x" * 197, "")),
        ("<<<title", ("", "")),
        ("", ("", "")),
    ],
)
def test_title_and_description_are_read_as_plain_text(page: str, expected: tuple[str, str]) -> None:
    assert read_head(page) == expected


@pytest.mark.django_db
def test_pages_of_applications_are_fetched_once(fetched: list[str]) -> None:
    for host in ("ada.example", "private.example", "gone.example"):
        make_application(host)
    make_application("active.example", state=State.ACTIVE)
    make_application("unconfirmed.example", user=make_user(verified=False))
    assert fetch_previews(now=NOW) == 3
    assert fetch_previews(now=NOW) == 0
    assert len(fetched) == 3
    shown = {preview.channel.address: (preview.title, preview.problem) for preview in ChannelPreview.objects.all()}
    assert shown == {
        "https://ada.example/": ("Ada & co", ""),
        "https://private.example/": ("", "its address is in a private network"),
        "https://gone.example/": ("", "it answers with the status 404"),
    }


@pytest.mark.django_db
def test_server_that_never_ends_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    ended = Event()
    monkeypatch.setattr(channel_previews, "MAX_SECONDS", 0)
    monkeypatch.setattr(channel_previews, "fetch_page", lambda _url: ended.wait(10))
    make_application("slow.example")
    assert fetch_previews(now=NOW) == 1
    ended.set()
    assert ChannelPreview.objects.get().problem == "it takes longer than 0 seconds"


@pytest.mark.django_db
def test_nothing_is_fetched_if_switched_off(fetched: list[str], settings: object) -> None:
    settings.CHANNEL_PREVIEWS = False  # type: ignore[attr-defined]
    make_application("ada.example")
    assert (fetch_previews(now=NOW), fetched) == (0, [])


@pytest.mark.django_db
def test_staff_read_it_beside_the_channel(fetched: list[str], client: Client) -> None:
    affiliate = make_application("ada.example")
    fetch_previews(now=NOW)
    client.force_login(make_staff("affiliate managers"))
    page = client.get(reverse("admin:affiliates_affiliate_change", args=[affiliate.pk])).content.decode()
    assert "Ada &amp; co<br>Sums &lt;daily&gt;." in page
