"""The admin of tracking ..."""

from datetime import UTC, datetime

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from affiliates.models import Affiliate
from agreements.models import Program
from audit.models import AuditRecord
from tests.factories import NOW, make_affiliate, make_staff
from tracking.links import coupons, tracking_links
from tracking.models import Click, ClickLoss, Coupon, Link, Order, OrderLine, OrderSnapshot

pytestmark = pytest.mark.django_db


@pytest.fixture
def affiliate() -> Affiliate:
    program = Program.current()
    program.shop_hosts = ["shop.example"]
    program.save()
    return make_affiliate()


@pytest.fixture
def link(affiliate: Affiliate) -> Link:
    return tracking_links.create_link(
        affiliate=affiliate, target="https://shop.example/p", name="Spring", now=NOW, by=affiliate.user
    )


@pytest.fixture
def coupon(affiliate: Affiliate) -> Coupon:
    return coupons.assign_coupon(affiliate=affiliate, code="SPRING", assigned_from=NOW, now=NOW, by=None)


@pytest.fixture
def manager(client: Client) -> Client:
    client.force_login(make_staff("affiliate managers"))
    return client


@pytest.fixture
def reviewer(client: Client) -> Client:
    client.force_login(make_staff("compliance reviewers"))
    return client


def at(model: str, action: str, *args: object) -> str:
    return reverse(f"admin:tracking_{model}_{action}", args=args)


def test_binds_a_coupon_and_puts_it_on_record(manager: Client, affiliate: Affiliate) -> None:
    given = {
        "affiliate": affiliate.code.lower(),
        "code": "X-1",
        "assigned_from_0": "2026-03-01",
        "assigned_from_1": "12:00",
    }
    asked = manager.post(at("coupon", "assign"), given | {"confirmed": "1"}).content.decode()
    assert "It begins in the past: say why." in asked
    done = manager.post(at("coupon", "assign"), given | {"confirmed": "1", "reason": "Printed in March."})
    assert done["Location"] == at("coupon", "changelist")
    coupon = Coupon.objects.get()
    assert (coupon.affiliate, coupon.code, coupon.assigned_from) == (affiliate, "X-1", NOW)
    assert AuditRecord.objects.get(action="coupon assigned", by__isnull=False).reason == "Printed in March."


def test_says_beside_the_field_why_a_coupon_is_not_bound(manager: Client, affiliate: Affiliate, coupon: Coupon) -> None:
    given = {"affiliate": affiliate.code, "code": "spring", "confirmed": "1"}
    assert "is bound to" in manager.post(at("coupon", "assign"), given).content.decode()
    given["affiliate"] = "nobody"
    assert "No affiliate has this code." in manager.post(at("coupon", "assign"), given).content.decode()
    assert Coupon.objects.count() == 1


def test_unbinds_a_coupon_with_a_reason_once(manager: Client, coupon: Coupon) -> None:
    assert manager.post(at("coupon", "unassign", coupon.pk), {"confirmed": "1", "reason": ""}).status_code == 200
    manager.post(at("coupon", "unassign", coupon.pk), {"confirmed": "1", "reason": "Moved"})
    coupon.refresh_from_db()
    assert coupon.assigned_until is not None
    assert AuditRecord.objects.get(action="coupon unassigned").reason == "Moved"
    again = manager.post(at("coupon", "unassign", coupon.pk), {"confirmed": "1", "reason": "Again"})
    assert again.status_code in (302, 403)
    assert AuditRecord.objects.filter(action="coupon unassigned").count() == 1


def test_makes_changes_and_pauses_links_by_the_rules_of_affiliates(manager: Client, affiliate: Affiliate) -> None:
    evil = {"affiliate": affiliate.code, "target": "https://evil.example/", "confirmed": "1"}
    assert "Links may lead to" in manager.post(at("link", "make"), evil).content.decode()
    manager.post(at("link", "make"), evil | {"target": "https://shop.example/a"})
    link = Link.objects.get()
    manager.post(at("link", "edit", link.pk), {"target": "https://shop.example/b", "name": "B", "confirmed": "1"})
    assert Link.objects.get().target == "https://shop.example/b"
    manager.post(at("link", "pause", link.pk), {"confirmed": "1"})
    assert Link.objects.get().paused_at is not None
    manager.post(at("link", "resume", link.pk), {"confirmed": "1"})
    assert Link.objects.get().paused_at is None
    records = AuditRecord.objects.filter(action__startswith="link").order_by("id").values_list("action", flat=True)
    assert list(records) == ["link created", "link changed", "link paused", "link resumed"]
    assert manager.get(at("link", "change", link.pk)).status_code == 200


@pytest.mark.parametrize("model", ["link", "coupon", "click", "order"])
def test_lists_to_whoever_may_see(reviewer: Client, model: str, link: Link, coupon: Coupon) -> None:
    assert reviewer.get(at(model, "changelist")).status_code == 200
    assert reviewer.get(at(model, "add")).status_code == 403


def test_lets_those_who_only_see_change_nothing(
    reviewer: Client, affiliate: Affiliate, link: Link, coupon: Coupon
) -> None:
    posts = [
        (at("coupon", "assign"), {"affiliate": affiliate.code, "code": "Y"}),
        (at("coupon", "unassign", coupon.pk), {"reason": "x"}),
        (at("link", "make"), {"affiliate": affiliate.code, "target": "https://shop.example/"}),
        (at("link", "pause", link.pk), {}),
    ]
    for path, given in posts:
        assert reviewer.post(path, given | {"confirmed": "1"}).status_code == 403, path
    assert (
        Coupon.objects.count(),
        Link.objects.count(),
        AuditRecord.objects.filter(action__startswith="link").count(),
    ) == (1, 1, 0)


def test_shows_an_order_with_its_reason_lines_and_every_snapshot(reviewer: Client, affiliate: Affiliate) -> None:
    order = Order.objects.create(
        order_id="536365",
        status="paid",
        placed_at=NOW,
        currency="USD",
        affiliate=affiliate,
        reason="coupon",
        clause="3.5",
    )
    OrderLine.objects.create(
        order=order,
        line_id="1",
        position=1,
        category="toys",
        quantity=1,
        title="Lantern",
        amount="15.30",
        refunded="0.00",
    )
    for day in (1, 2):
        OrderSnapshot.objects.create(
            order_id="536365",
            updated_at=datetime(2026, 3, day, tzinfo=UTC),
            sha256="0" * 64,
            content={"note": f"<b>day {day}"},
        )
    text = reviewer.get(at("order", "change", order.pk)).content.decode()
    for shown in ("the coupon names this affiliate", "Lantern", "15.30", "&lt;b&gt;day 1", "&lt;b&gt;day 2"):
        assert shown in text
    assert text.index("day 2") < text.index("day 1")


def test_shows_clicks_and_losses_to_superusers(client: Client, link: Link) -> None:
    click = Click.objects.create(id=link.pk, link=link, at=timezone.now(), kind="bot", address="203.0.113.0")
    ClickLoss.objects.create(count=17)
    client.force_login(make_staff(superuser=True))
    assert "203.0.113.0" in client.get(at("click", "changelist")).content.decode()
    assert client.get(at("click", "change", click.pk)).status_code == 200
    assert "17" in client.get(at("clickloss", "changelist")).content.decode()
