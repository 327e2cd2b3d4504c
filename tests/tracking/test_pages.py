"""The pages of links ..."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from affiliates import status_history
from affiliates.models import Affiliate, State
from agreements.models import Acceptance, AgreementVersion, Program
from tests.factories import make_affiliate, make_staff
from tracking.clicks import click_ids
from tracking.links import coupons, tracking_links
from tracking.models import Click, Link, Order, OrderLine

pytestmark = pytest.mark.django_db
DAY = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)


@pytest.fixture
def agreement() -> AgreementVersion:
    start = datetime(2026, 1, 1, tzinfo=UTC)
    return AgreementVersion.objects.create(
        name="1", number=1, drafted_at=start, published_at=start, effective_at=start, time_zone="America/New_York"
    )


@pytest.fixture
def affiliate(agreement: AgreementVersion) -> Affiliate:
    program = Program.current()
    program.shop_hosts = ["shop.example"]
    program.save()
    return accepted(agreement)


def accepted(agreement: AgreementVersion) -> Affiliate:
    affiliate = make_affiliate()
    at = datetime(2026, 1, 1, tzinfo=UTC)
    Acceptance.objects.create(
        sequence=Acceptance.objects.count() + 1,
        affiliate=affiliate,
        agreement=agreement,
        method="online",
        accepted_at=at,
        recorded_at=at,
        box_ticked=True,
        hash=uuid4().hex,
    )
    return affiliate


@pytest.fixture
def link(affiliate: Affiliate) -> Link:
    return make_link(affiliate)


@pytest.fixture
def signed_in(client: Client, affiliate: Affiliate) -> Client:
    client.force_login(affiliate.user)
    return client


def make_link(affiliate: Affiliate, name: str = "Spring", sub_ids: tuple[str, ...] = ("own",)) -> Link:
    return tracking_links.create_link(
        affiliate=affiliate, target="https://shop.example/p", name=name, sub_ids=sub_ids, now=timezone.now(), by=None
    )


def click(link: Link, at: datetime = DAY, **fields: Any) -> Click:
    return Click.objects.create(id=uuid4(), link=link, at=at, **({"kind": "counted", "sub1": link.sub1} | fields))


_orders = iter(range(1, 1000))


def order(
    affiliate: Affiliate,
    *lines: tuple[str, str, str],
    came: Click | None = None,
    at: datetime = DAY,
    link: Link | None = None,
    click_id: str = "",
    **fields: Any,
) -> Order:
    if came is not None:
        link, click_id = came.link, click_ids.sign_click_id(came.link_id, came.at, came.pk)
    row = Order.objects.create(
        order_id=f"A{next(_orders)}",
        status=fields.pop("status", "paid"),
        placed_at=at,
        currency="USD",
        affiliate=affiliate,
        link=link,
        click_id=click_id,
        **fields,
    )
    for number, (category, amount, refunded) in enumerate(lines, 1):
        OrderLine.objects.create(
            order=row,
            line_id=str(number),
            position=number,
            category=category,
            quantity=1,
            amount=Decimal(amount),
            refunded=Decimal(refunded),
        )
    return row


def test_list_the_links_with_the_clicks_that_count_and_their_orders(
    signed_in: Client, affiliate: Affiliate, link: Link
) -> None:
    came = click(link)
    click(link)
    click(link, kind="bot")
    order(affiliate, ("toys", "10.00", "0.00"), came=came)
    order(affiliate, ("toys", "10.00", "0.00"), came=came, status="cancelled")
    text = signed_in.get("/links/").content.decode()
    assert tracking_links.build_short_url(link) in text
    row = text[text.index("Spring") :]
    assert row.index('data-label="Clicks"') < row.index(">2<") < row.index('data-label="Orders"') < row.index(">1<")


def test_list_coupons(signed_in: Client, affiliate: Affiliate) -> None:
    coupons.assign_coupon(affiliate=affiliate, code="SPRING-10", assigned_from=None, now=DAY, by=None)
    assert "SPRING-10" in signed_in.get("/links/").content.decode()


def test_make_a_link_and_show_its_address(signed_in: Client, affiliate: Affiliate) -> None:
    answer = signed_in.post(
        "/links/new/", {"target": "https://shop.example/x", "name": "Mine", "sub1": "a", "sub5": "e"}, follow=True
    )
    link = Link.objects.get()
    assert (link.affiliate, link.target, link.sub1, link.sub5) == (affiliate, "https://shop.example/x", "a", "e")
    assert tracking_links.build_short_url(link) in answer.content.decode()


def test_show_beside_the_field_why_a_target_is_refused(signed_in: Client) -> None:
    text = signed_in.post("/links/new/", {"target": "https://evil.example/"}).content.decode()
    assert "Links may lead to shop.example only, not to evil.example." in text
    assert not Link.objects.exists()


def test_say_which_hosts_a_link_may_lead_to(signed_in: Client) -> None:
    assert "a whole address on shop.example." in signed_in.get("/links/new/").content.decode()


def test_change_pause_and_resume_a_link(signed_in: Client, link: Link) -> None:
    signed_in.post(f"/links/{link.pk}/", {"target": "https://shop.example/new", "name": "New"})
    link.refresh_from_db()
    assert (link.target, link.name, link.sub1) == ("https://shop.example/new", "New", "")
    text = signed_in.post(f"/links/{link.pk}/pause/", follow=True).content.decode()
    link.refresh_from_db()
    assert link.paused_at is not None
    assert "You paused this link." in text
    again = signed_in.post(f"/links/{link.pk}/pause/", follow=True)
    assert "paused already" in again.content.decode()
    signed_in.post(f"/links/{link.pk}/resume/")
    link.refresh_from_db()
    assert link.paused_at is None


@pytest.mark.parametrize(("kind", "begins"), [("svg", b"<?xml"), ("png", b"\x89PNG\r\n\x1a\n")])
def test_draw_a_qr_code(signed_in: Client, link: Link, kind: str, begins: bytes) -> None:
    answer = signed_in.get(f"/links/{link.pk}/qr.{kind}")
    assert answer["Content-Type"] == {"svg": "image/svg+xml", "png": "image/png"}[kind]
    assert answer.content.startswith(begins)


def test_say_why_all_links_are_paused(signed_in: Client, affiliate: Affiliate, link: Link) -> None:
    status_history.change_status(affiliate=affiliate, to=State.SUSPENDED, now=timezone.now(), by=None, reason="a test")
    for path in ("/links/", f"/links/{link.pk}/"):
        assert "your account is not active" in signed_in.get(path).content.decode()
    text = signed_in.post("/links/new/", {"target": "https://shop.example/"}).content.decode()
    assert "Only active affiliates can make links" in text
    assert Link.objects.count() == 1


@pytest.mark.parametrize("path", ["", "pause/", "resume/", "qr.svg", "qr.png"])
def test_answer_404_alike_for_anothers_link_and_for_none(
    signed_in: Client, agreement: AgreementVersion, path: str
) -> None:
    theirs = make_link(accepted(agreement))
    method = signed_in.post if path in ("pause/", "resume/") else signed_in.get
    answers = [method(f"/links/{pk}/{path}") for pk in (theirs.pk, uuid4())]
    assert [answer.status_code for answer in answers] == [404, 404]
    theirs.refresh_from_db()
    assert theirs.paused_at is None


def test_change_nobody_elses_link(signed_in: Client, agreement: AgreementVersion) -> None:
    theirs = make_link(accepted(agreement))
    assert signed_in.post(f"/links/{theirs.pk}/", {"target": "https://shop.example/mine"}).status_code == 404
    theirs.refresh_from_db()
    assert theirs.target == "https://shop.example/p"


@pytest.mark.parametrize("name", ["links", "link_new"])
def test_are_for_affiliates_who_signed_in(client: Client, name: str) -> None:
    path = reverse(f"tracking:{name}")
    assert client.get(path)["Location"].startswith("/accounts/login/")
    client.force_login(make_staff())
    assert client.get(path)["Location"] == "/admin/"


@pytest.mark.parametrize("path", ["pause/", "resume/"])
def test_change_nothing_by_a_get(signed_in: Client, link: Link, path: str) -> None:
    assert signed_in.get(f"/links/{link.pk}/{path}").status_code == 405


def test_show_a_name_as_text_and_never_as_markup(signed_in: Client, affiliate: Affiliate) -> None:
    make_link(affiliate, name="<script>alert(1)</script>")
    assert "<script>alert(1)" not in signed_in.get("/links/").content.decode()


def test_take_as_many_queries_for_many_links_as_for_one(
    signed_in: Client, affiliate: Affiliate, link: Link, django_assert_max_num_queries: Any
) -> None:
    for number in range(30):
        make_link(affiliate, name=f"Link {number}")
    for path in ("/links/", f"/links/{link.pk}/"):
        with django_assert_max_num_queries(12):
            signed_in.get(path)
