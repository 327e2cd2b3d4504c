"""The pages of an affiliate's links and coupons."""

from datetime import UTC, datetime, timedelta
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
    return make_active_affiliate(agreement)


def make_active_affiliate(agreement: AgreementVersion) -> Affiliate:
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


def make_click(link: Link, at: datetime = DAY, **fields: Any) -> Click:
    return Click.objects.create(id=uuid4(), link=link, at=at, **({"kind": "counted", "sub1": link.sub1} | fields))


_orders = iter(range(1, 1000))


def make_order(
    affiliate: Affiliate,
    *lines: tuple[str, str, str],
    click: Click | None = None,
    at: datetime = DAY,
    link: Link | None = None,
    click_id: str = "",
    **fields: Any,
) -> Order:
    if click is not None:
        link, click_id = click.link, click_ids.sign_click_id(click.link_id, click.at, click.pk)
    order = Order.objects.create(
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
            order=order,
            line_id=str(number),
            position=number,
            category=category,
            quantity=1,
            amount=Decimal(amount),
            refunded=Decimal(refunded),
        )
    return order


def test_links_are_listed_with_counted_clicks_and_orders(signed_in: Client, affiliate: Affiliate, link: Link) -> None:
    click = make_click(link)
    make_click(link)
    make_click(link, kind="bot")
    make_order(affiliate, ("toys", "10.00", "0.00"), click=click)
    make_order(affiliate, ("toys", "10.00", "0.00"), click=click, status="cancelled")
    text = signed_in.get("/links/").content.decode()
    assert tracking_links.build_short_url(link) in text
    row = text[text.index("Spring") :]
    assert row.index('data-label="Clicks"') < row.index(">2<") < row.index('data-label="Orders"') < row.index(">1<")


def test_failed_deep_links_are_listed_by_day_and_address(signed_in: Client, affiliate: Affiliate, link: Link) -> None:
    now = timezone.now()
    other = make_link(affiliate, name="Other")
    for _number in range(3):
        make_click(link, at=now - timedelta(days=3), failed_deep_link="https://evil.example/<p>")
    make_click(link, at=now - timedelta(days=2), failed_deep_link="/relative", kind="bot")
    make_click(link, at=now - timedelta(days=31), failed_deep_link="https://too-old.example/")
    make_click(other, at=now, failed_deep_link="https://of-another-link.example/")
    for path in ("/links/", f"/links/{link.pk}/"):
        text = signed_in.get(path).content.decode()
        row = text[text.index("https://evil.example/&lt;p&gt;") :]
        assert row.index(">3<") < row.index("</tr>")
        assert text.index("/relative") < text.index("https://evil.example")
        assert "too-old" not in text
        assert ("of-another-link" in text) == (path == "/links/")


def test_pages_without_failed_deep_links_do_not_mention_them(signed_in: Client, link: Link) -> None:
    make_click(link, at=timezone.now())
    for path in ("/links/", f"/links/{link.pk}/"):
        assert "Failed deep links" not in signed_in.get(path).content.decode()


def test_link_page_says_why_visits_were_not_counted(signed_in: Client, link: Link) -> None:
    now = timezone.now()
    for kind in ("counted", "bot", "bot", "subresource", "no_agent", "no_agent", "no_agent"):
        make_click(link, at=now, kind=kind)
    make_click(link, at=now - timedelta(days=31), kind="flood")
    text = signed_in.get(f"/links/{link.pk}/").content.decode()
    assert "no User-Agent: 3, known bot: 2, image, frame or script: 1<" in text


def test_failed_deep_links_of_another_affiliate_are_not_shown(
    signed_in: Client, link: Link, agreement: AgreementVersion
) -> None:
    make_click(
        make_link(make_active_affiliate(agreement)), at=timezone.now(), failed_deep_link="https://secret.example/"
    )
    assert "secret.example" not in signed_in.get("/links/").content.decode()


def test_coupons_are_listed(signed_in: Client, affiliate: Affiliate) -> None:
    coupons.assign_coupon(affiliate=affiliate, code="SPRING-10", assigned_from=None, now=DAY, by=None)
    assert "SPRING-10" in signed_in.get("/links/").content.decode()


def test_page_without_coupons_says_how_to_ask_for_one(signed_in: Client) -> None:
    assert "ask the program for one" in signed_in.get("/links/").content.decode()


def test_new_link_page_shows_short_url(signed_in: Client, affiliate: Affiliate) -> None:
    response = signed_in.post(
        "/links/new/", {"target": "https://shop.example/x", "name": "Mine", "sub1": "a", "sub5": "e"}, follow=True
    )
    link = Link.objects.get()
    assert (link.affiliate, link.target, link.sub1, link.sub5) == (affiliate, "https://shop.example/x", "a", "e")
    assert tracking_links.build_short_url(link) in response.content.decode()


def test_invalid_target_is_explained(signed_in: Client) -> None:
    text = signed_in.post("/links/new/", {"target": "https://evil.example/"}).content.decode()
    assert "Enter a page on shop.example. Links to evil.example are not allowed." in text
    assert not Link.objects.exists()


def test_form_names_permitted_hosts(signed_in: Client) -> None:
    assert "Enter the full URL of any page on shop.example." in signed_in.get("/links/new/").content.decode()


def test_own_name_is_set_and_changed_on_the_pages(signed_in: Client) -> None:
    data = {"target": "https://shop.example/x", "own_name": "Anna-Garden"}
    text = signed_in.post("/links/new/", data, follow=True).content.decode()
    link = Link.objects.get()
    assert 'data-copy="http' in text
    assert "/r/anna-garden" in text
    assert link.code in text
    text = signed_in.post(f"/links/{link.pk}/", data | {"own_name": "anna-kitchen"}, follow=True).content.decode()
    assert "anna-garden, which still lead here" in text
    text = signed_in.post("/links/new/", data).content.decode()
    assert "The name anna-garden is taken." in text
    assert "/r/anna-kitchen" in signed_in.get("/links/").content.decode()


def test_sub_ids_and_edit_form_open_on_demand(signed_in: Client, affiliate: Affiliate, link: Link) -> None:
    plain = make_link(affiliate, sub_ids=())
    texts = [
        signed_in.get("/links/new/").content.decode(),
        signed_in.get(f"/links/{plain.pk}/").content.decode(),
        signed_in.get(f"/links/{link.pk}/").content.decode(),
        signed_in.post(f"/links/{plain.pk}/", {"target": "https://evil.example/"}).content.decode(),
        signed_in.post("/links/new/", {"target": "https://shop.example/", "sub2": "x" * 101}).content.decode(),
    ]
    assert [text.count(" open>") for text in texts] == [0, 0, 1, 1, 1]


def test_link_is_edited_paused_and_resumed(signed_in: Client, link: Link) -> None:
    signed_in.post(f"/links/{link.pk}/", {"target": "https://shop.example/new", "name": "New"})
    link.refresh_from_db()
    assert (link.target, link.name, link.sub1) == ("https://shop.example/new", "New", "")
    text = signed_in.post(f"/links/{link.pk}/pause/", follow=True).content.decode()
    link.refresh_from_db()
    assert link.paused_at is not None
    assert "You paused this link." in text
    again = signed_in.post(f"/links/{link.pk}/pause/", follow=True)
    assert "is already paused" in again.content.decode()
    signed_in.post(f"/links/{link.pk}/resume/")
    link.refresh_from_db()
    assert link.paused_at is None


@pytest.mark.parametrize(("kind", "signature"), [("svg", b"<?xml"), ("png", b"\x89PNG\r\n\x1a\n")])
def test_qr_code_is_an_image(signed_in: Client, link: Link, kind: str, signature: bytes) -> None:
    response = signed_in.get(f"/links/{link.pk}/qr.{kind}")
    assert response["Content-Type"] == {"svg": "image/svg+xml", "png": "image/png"}[kind]
    assert response.content.startswith(signature)


def test_pages_explain_why_all_links_are_paused(signed_in: Client, affiliate: Affiliate, link: Link) -> None:
    status_history.change_status(affiliate=affiliate, to=State.SUSPENDED, now=timezone.now(), by=None, reason="a test")
    for path in ("/links/", f"/links/{link.pk}/"):
        assert "your account is not active" in signed_in.get(path).content.decode()
    text = signed_in.post("/links/new/", {"target": "https://shop.example/"}).content.decode()
    assert "Only active affiliates can create links" in text
    assert Link.objects.count() == 1


@pytest.mark.parametrize("path", ["", "pause/", "resume/", "qr.svg", "qr.png"])
def test_link_of_other_affiliate_is_not_found(signed_in: Client, agreement: AgreementVersion, path: str) -> None:
    other = make_link(make_active_affiliate(agreement))
    method = signed_in.post if path in ("pause/", "resume/") else signed_in.get
    responses = [method(f"/links/{pk}/{path}") for pk in (other.pk, uuid4())]
    assert [response.status_code for response in responses] == [404, 404]
    other.refresh_from_db()
    assert other.paused_at is None


def test_link_of_other_affiliate_cannot_be_changed(signed_in: Client, agreement: AgreementVersion) -> None:
    other = make_link(make_active_affiliate(agreement))
    assert signed_in.post(f"/links/{other.pk}/", {"target": "https://shop.example/mine"}).status_code == 404
    other.refresh_from_db()
    assert other.target == "https://shop.example/p"


@pytest.mark.parametrize("name", ["links", "link_new"])
def test_pages_are_for_signed_in_affiliates(client: Client, name: str) -> None:
    path = reverse(f"tracking:{name}")
    assert client.get(path)["Location"].startswith("/accounts/login/")
    client.force_login(make_staff())
    assert client.get(path)["Location"] == "/admin/"


@pytest.mark.parametrize("path", ["pause/", "resume/"])
def test_pause_and_resume_reject_get(signed_in: Client, link: Link, path: str) -> None:
    assert signed_in.get(f"/links/{link.pk}/{path}").status_code == 405


def test_link_name_is_escaped(signed_in: Client, affiliate: Affiliate) -> None:
    make_link(affiliate, name="<script>alert(1)</script>")
    assert "<script>alert(1)" not in signed_in.get("/links/").content.decode()


def test_number_of_queries_does_not_grow_with_links(
    signed_in: Client, affiliate: Affiliate, link: Link, django_assert_max_num_queries: Any
) -> None:
    for number in range(30):
        make_link(affiliate, name=f"Link {number}")
    for path in ("/links/", f"/links/{link.pk}/"):
        with django_assert_max_num_queries(12):
            signed_in.get(path)
