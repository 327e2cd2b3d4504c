"""Tracking links: creation, changes, pause and resume."""

from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from pytest_django import Settings

from affiliates.errors import IllegalTransition
from affiliates.models import Affiliate, State
from agreements.models import Program
from audit.models import AuditRecord
from tests.factories import NOW, make_affiliate, make_staff
from tracking.links import tracking_links
from tracking.models import Link

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def shop() -> Program:
    program = Program.current()
    program.shop_url = "https://shop.example/"
    program.shop_hosts = ["shop.example", "www.shop.example", "dev.shop.example:8443"]
    program.save()
    return program


@pytest.fixture
def affiliate() -> Affiliate:
    return make_affiliate()


def create(affiliate: Affiliate, target: str = "https://shop.example/", **fields: Any) -> Link:
    return tracking_links.create_link(affiliate=affiliate, target=target, now=NOW, by=affiliate.user, **fields)


def test_link_gets_random_short_code(affiliate: Affiliate) -> None:
    codes = {create(affiliate).code for _ in range(20)}
    assert len(codes) == 20
    assert all(len(code) == 8 and code.isascii() and code.isalnum() for code in codes)


def test_taken_code_is_replaced(affiliate: Affiliate, monkeypatch: pytest.MonkeyPatch) -> None:
    letters = iter("a" * 8 + "a" * 8 + "b" * 8)
    monkeypatch.setattr("tracking.links.tracking_links.secrets.choice", lambda _all: next(letters))
    assert [create(affiliate).code, create(affiliate).code] == ["a" * 8, "b" * 8]


def test_link_stores_target_name_sub_ids_and_hosts(affiliate: Affiliate) -> None:
    link = create(affiliate, "https://www.shop.example/p?a=1&b=%20#top", name="Spring", sub_ids=("mail", "", "x"))
    link.refresh_from_db()
    assert link.target == "https://www.shop.example/p?a=1&b=%20#top"
    assert (link.name, link.sub1, link.sub2, link.sub3, link.sub5) == ("Spring", "mail", "", "x", "")
    assert link.permitted_hosts == ["dev.shop.example:8443", "shop.example", "www.shop.example"]
    assert (link.created_at, link.paused_at) == (NOW, None)


@pytest.mark.parametrize(
    "target",
    ["HTTPS://SHOP.example", "http://shop.example:80/x", "https://shop.example:443", "https://dev.shop.example:8443/"],
)
def test_link_may_lead_to_any_shop_host(affiliate: Affiliate, target: str) -> None:
    assert create(affiliate, target).target == target


def test_non_ascii_target_is_escaped(affiliate: Affiliate) -> None:
    assert create(affiliate, "https://shop.example/tische/für?q=grün").target == (
        "https://shop.example/tische/f%C3%BCr?q=gr%C3%BCn"
    )


@pytest.mark.parametrize(
    ("target", "stored"),
    [
        ("\thttps://shop.example/garden hose?q=a b\n", "https://shop.example/garden%20hose?q=a%20b"),
        ("https://shop.example/für", "https://shop.example/f%C3%BCr"),
        ("https://shop.example/?click_id=x&a=1#top", "https://shop.example/?a=1#top"),
        ("https://shop.example/?a=1&%63lick_id=x&CLICK_ID=y", "https://shop.example/?a=1"),
    ],
)
def test_target_is_cleaned(affiliate: Affiliate, target: str, stored: str) -> None:
    link = tracking_links.create_link(affiliate=affiliate, target=target, now=NOW, by=affiliate.user)
    assert link.target == stored
    tracking_links.update_link(link=link, target=target, now=NOW, by=affiliate.user)
    link.refresh_from_db()
    assert link.target == stored


@pytest.mark.parametrize(
    "target",
    [
        *(
            "",
            " ",
            "evil.example",
            "ſhop.example",
            "//shop.example",
            "/page",
            "ftp://shop.example/",
            "javascript:alert(1)",
        ),
        *("https://evil.example/", "https://shop.example.evil.example/", "https://evilshop.example/"),
        *("https://shop.example@evil.example/", "https://u:p@shop.example/", "https://shop.example:8443/"),
        *("https://shop.example\\@evil.example/", "https://shop.example/\x00"),
        *(
            "https://shop.example./",
            "https://sub.shop.example/",
            "https://ſhop.example/",
        ),
        *(
            "https://shop.example/" + "a" * 2000,
            "https://shop.example/" + "ü" * 700,
        ),
    ],
)
def test_other_target_is_rejected(affiliate: Affiliate, target: str) -> None:
    with pytest.raises(ValidationError) as caught:
        create(affiliate, target)
    assert list(caught.value.message_dict) == ["target"]
    assert not Link.objects.exists()


def test_host_of_shop_url_is_default(affiliate: Affiliate, shop: Program) -> None:
    shop.shop_hosts = []
    shop.save()
    assert create(affiliate).permitted_hosts == ["shop.example"]
    with pytest.raises(ValidationError):
        create(affiliate, "https://www.shop.example/")


def test_link_cannot_be_created_without_shop_address(affiliate: Affiliate, shop: Program) -> None:
    shop.shop_hosts, shop.shop_url = [], ""
    shop.save()
    with pytest.raises(ValidationError, match="not set the shop"):
        create(affiliate)


@pytest.mark.parametrize("state", [state for state in State if state is not State.ACTIVE])
def test_only_active_affiliates_create_links(state: State) -> None:
    with pytest.raises(ValidationError):
        create(make_affiliate(state=state))


@pytest.mark.parametrize(
    ("field", "sub_ids", "name"), [("sub2", ("", "x" * 101), ""), ("sub1", ("a\x00",), ""), ("name", (), "n" * 101)]
)
def test_name_and_sub_ids_must_be_short_and_printable(
    affiliate: Affiliate, field: str, sub_ids: tuple[str, ...], name: str
) -> None:
    with pytest.raises(ValidationError) as caught:
        create(affiliate, sub_ids=sub_ids, name=name)
    assert list(caught.value.message_dict) == [field]


def test_link_cannot_be_paused_or_resumed_twice(affiliate: Affiliate) -> None:
    link = create(affiliate)
    tracking_links.pause_link(link=link, now=NOW + timedelta(hours=1), by=affiliate.user)
    link.refresh_from_db()
    assert link.paused_at == NOW + timedelta(hours=1)
    with pytest.raises(IllegalTransition):
        tracking_links.pause_link(link=link, now=NOW, by=affiliate.user)
    tracking_links.resume_link(link=link, now=NOW, by=affiliate.user)
    with pytest.raises(IllegalTransition):
        tracking_links.resume_link(link=link, now=NOW, by=affiliate.user)
    link.refresh_from_db()
    assert link.paused_at is None


def test_code_stays_when_target_changes(affiliate: Affiliate) -> None:
    link = create(affiliate, sub_ids=("one", "two"))
    code = link.code
    tracking_links.update_link(
        link=link, target="https://www.shop.example/new", name="New", sub_ids=("three",), now=NOW, by=affiliate.user
    )
    link.refresh_from_db()
    assert (link.code, link.target, link.name) == (code, "https://www.shop.example/new", "New")
    assert (link.sub1, link.sub2) == ("three", "")
    with pytest.raises(ValidationError):
        tracking_links.update_link(link=link, target="https://evil.example/", now=NOW, by=affiliate.user)


def test_only_changes_by_staff_are_audited(affiliate: Affiliate) -> None:
    link, staff = create(affiliate), make_staff()
    tracking_links.pause_link(link=link, now=NOW, by=affiliate.user)
    assert not AuditRecord.objects.filter(subject_id=str(link.pk)).exists()
    tracking_links.resume_link(link=link, now=NOW, by=staff)
    tracking_links.update_link(link=link, target="https://shop.example/b", now=NOW, by=staff)
    records = AuditRecord.objects.filter(subject_id=str(link.pk)).order_by("id")
    assert [record.action for record in records] == ["link resumed", "link changed"]
    assert (records[1].before["target"], records[1].after["target"]) == (
        "https://shop.example/",
        "https://shop.example/b",
    )


def test_short_url_is_on_click_host(affiliate: Affiliate, settings: Settings) -> None:
    settings.CLICK_BASE_URL = "https://go.example"
    link = create(affiliate)
    assert tracking_links.build_short_url(link) == f"https://go.example/r/{link.code}"
