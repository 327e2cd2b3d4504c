"""The redirect view, and the links that are loaded for it."""

from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import pytest
from django.db import OperationalError
from django.test import Client
from django.utils import timezone

from affiliates import status_history
from affiliates.models import Affiliate, State
from agreements.models import Acceptance, AgreementVersion, Program
from tests.factories import make_affiliate
from tracking.clicks import click_ids, link_loader, rollups, service
from tracking.clicks.flood_limit import FloodLimit
from tracking.links import tracking_links
from tracking.links.pauses import PauseReason
from tracking.models import Click, Link, Rollup
from tracking.views import follow

BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


@pytest.fixture
def affiliate(db: None) -> Affiliate:
    program = Program.current()
    program.shop_hosts = ["shop.example"]
    program.save()
    affiliate = make_affiliate()
    accept(affiliate, publish("1", datetime(2026, 1, 1, tzinfo=UTC)))
    return affiliate


@pytest.fixture
def link(affiliate: Affiliate) -> Link:
    return tracking_links.create_link(
        affiliate=affiliate, target="https://shop.example/p", sub_ids=("own",), now=timezone.now(), by=affiliate.user
    )


def publish(name: str, effective_at: datetime, *, detriment: bool = False) -> AgreementVersion:
    return AgreementVersion.objects.create(
        name=name,
        number=int(name),
        drafted_at=effective_at,
        published_at=effective_at,
        effective_at=effective_at,
        detriment=detriment,
    )


def accept(affiliate: Affiliate, agreement: AgreementVersion) -> None:
    assert agreement.effective_at is not None
    Acceptance.objects.create(
        sequence=Acceptance.objects.count() + 1,
        affiliate=affiliate,
        agreement=agreement,
        method="online",
        accepted_at=agreement.effective_at,
        recorded_at=agreement.effective_at,
        box_ticked=True,
        hash=uuid4().hex,
    )


def test_view_redirects_and_records_click(client: Client, link: Link) -> None:
    response = client.get(f"/r/{link.code}?sub2=mail", headers={"user-agent": BROWSER}, REMOTE_ADDR="198.51.100.9")
    assert response.status_code == 302
    token = click_ids.verify_click_id(parse_qs(urlsplit(response["Location"]).query)["click_id"][0])
    click = Click.objects.get()
    assert token is not None
    assert (token.link_id, token.nonce) == (link.pk, click.pk)
    assert (click.link_id, click.kind, click.sub1, click.sub2, click.address) == (
        link.pk,
        "counted",
        "own",
        "mail",
        "198.51.100.0",
    )
    assert click.device == "desktop"
    assert response["Cache-Control"] == "no-store"


def test_failed_deep_link_is_recorded_with_a_click_that_counts(client: Client, link: Link) -> None:
    response = client.get(f"/r/{link.code}?to=https://evil.example/p?x=1", headers={"user-agent": BROWSER})
    assert response["Location"].startswith("https://shop.example/p?utm_source=affiliate&click_id=")
    assert response["Cross-Origin-Opener-Policy"] == "unsafe-none"
    assert Click.objects.values_list("kind", "failed_deep_link").get() == ("counted", "https://evil.example/p")


@pytest.mark.parametrize(
    ("headers", "kind"),
    [
        ({"user-agent": BROWSER, "sec-fetch-dest": "image"}, "subresource"),
        ({"user-agent": BROWSER, "sec-fetch-dest": "empty"}, "subresource"),
        ({}, "no_agent"),
        ({"user-agent": ""}, "no_agent"),
        ({"user-agent": "facebookexternalua"}, "bot"),
        ({"user-agent": BROWSER, "x-moz": "prefetch"}, "prefetch"),
    ],
)
def test_visit_without_a_click_is_recorded_and_not_counted(
    client: Client, link: Link, headers: dict[str, str], kind: str
) -> None:
    response = client.get(f"/r/{link.code}", headers=headers)
    assert ("click_id=" in response["Location"]) == (kind != "subresource")
    assert Click.objects.get().kind == kind
    rollups.update_click_rollups()
    assert not Rollup.objects.exists()


def test_target_that_names_a_click_id_is_replaced(client: Client, link: Link) -> None:
    Link.objects.update(target="https://shop.example/p?click_id=OLD&x=1")
    response = client.get(f"/r/{link.code}", headers={"user-agent": BROWSER})
    assert response["Location"].startswith("https://shop.example/p?x=1&utm_source=affiliate&click_id=")
    assert response["Location"].count("click_id") == 1


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete", "options"])
def test_other_methods_are_refused_and_not_recorded(client: Client, link: Link, method: str) -> None:
    response = getattr(client, method)(f"/r/{link.code}", headers={"user-agent": BROWSER})
    assert response.status_code == 405
    assert not Click.objects.exists()


@pytest.mark.parametrize(
    "path", ["/r/nosuchcode", "/r/x", "/r/ä", "/r/abcd%00ef", "/r/../admin", "/r/abcd/efgh", "/r/" + "a" * 41]
)
def test_unknown_code_is_not_found(client: Client, affiliate: Affiliate, path: str) -> None:
    assert client.get(path).status_code == 404
    assert not Click.objects.exists()


def test_post_is_not_allowed(client: Client, link: Link) -> None:
    response = client.post(f"/r/{link.code}")
    assert (response.status_code, response["Allow"]) == (405, "GET, HEAD")


def test_head_response_has_no_body(client: Client, link: Link) -> None:
    response = client.head(f"/r/{link.code}")
    assert (response.status_code, response.content) == (302, b"")
    assert Click.objects.get().kind == "head"


def get_pause_reason(link: Link, at: datetime | None = None) -> PauseReason | None:
    return link_loader.load_links([link.code], now=at or timezone.now())[link.code].pause_reason


def test_link_of_active_affiliate_is_tracked(link: Link) -> None:
    assert get_pause_reason(link) is None


@pytest.mark.parametrize("state", [State.SUSPENDED, State.LEAVING, State.TERMINATED])
def test_link_of_inactive_affiliate_is_not_tracked(link: Link, state: State) -> None:
    status_history.change_status(affiliate=link.affiliate, to=state, now=timezone.now(), by=None, reason="a test")
    assert get_pause_reason(link) == PauseReason.NOT_ACTIVE


def test_paused_link_is_not_tracked(link: Link) -> None:
    tracking_links.pause_link(link=link, now=timezone.now(), by=None)
    assert get_pause_reason(link) == PauseReason.LINK


def test_link_is_not_tracked_after_end_of_program(link: Link) -> None:
    end = timezone.now() + timedelta(days=1)
    Program.objects.update(end_announced_at=timezone.now(), ends_at=end)
    assert get_pause_reason(link) is None
    assert get_pause_reason(link, end - timedelta(microseconds=1)) is None
    assert get_pause_reason(link, end) == PauseReason.PROGRAM_ENDED


def test_link_is_not_tracked_without_accepted_agreement(link: Link) -> None:
    assert get_pause_reason(link, datetime(2025, 12, 31, tzinfo=UTC)) == PauseReason.NO_AGREEMENT


def test_link_is_not_tracked_until_new_version_is_accepted(link: Link) -> None:
    start = datetime(2026, 2, 1, tzinfo=UTC)
    version = publish("2", start, detriment=True)
    assert get_pause_reason(link, start - timedelta(microseconds=1)) is None
    assert get_pause_reason(link, start) == PauseReason.NOT_ACCEPTED
    accept(link.affiliate, version)
    assert get_pause_reason(link, start) is None


def test_host_removed_from_program_is_not_permitted(link: Link) -> None:
    Program.objects.update(shop_hosts=["new.example"])
    assert link_loader.load_links([link.code], now=timezone.now())[link.code].hosts == frozenset()


def test_invalid_target_in_table_is_not_served(link: Link) -> None:
    Link.objects.filter(pk=link.pk).update(target="https://shop.example/\r\nX: y")
    assert link_loader.load_links([link.code], now=timezone.now()) == {}


def test_number_of_queries_does_not_grow_with_links(
    affiliate: Affiliate, link: Link, django_assert_num_queries: Any
) -> None:
    more = [
        tracking_links.create_link(affiliate=affiliate, target="https://shop.example/", now=timezone.now(), by=None)
        for _ in range(9)
    ]
    with django_assert_num_queries(4):
        assert (
            len(link_loader.load_links([link.code, *(one.code for one in more), "unknown1"], now=timezone.now())) == 10
        )


def test_view_limits_floods(client: Client, link: Link, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(follow, "_flood_limit", FloodLimit(2))
    for _ in range(3):
        client.get(f"/r/{link.code}", headers={"user-agent": BROWSER})
    assert sorted(Click.objects.values_list("kind", flat=True)) == ["counted", "counted", "flood"]


def test_links_are_loaded_on_a_new_connection_if_the_server_has_closed_the_idle_one(monkeypatch):
    steps: list[object] = []

    def load(codes, *, now):
        steps.append(codes)
        if len(steps) == 1:
            raise OperationalError("the connection is closed")
        return {}

    monkeypatch.setattr(link_loader, "load_links", load)
    monkeypatch.setattr(service, "_close_connection", lambda: steps.append("closed"))
    assert service._load_links(["abc1"]) == {}
    assert steps == [["abc1"], "closed", ["abc1"]]
