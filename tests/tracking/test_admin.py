"""The admin of tracking."""

from datetime import UTC, datetime
from uuid import uuid4

import pytest
import time_machine
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from affiliates.models import Affiliate
from agreements.models import Program
from audit.models import AuditRecord
from lib.formatting import format_datetime
from tests.admin_confirmation import confirm_twice
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


def build_url(model: str, action: str, *args: object) -> str:
    return reverse(f"admin:tracking_{model}_{action}", args=args)


def test_assigning_coupon_writes_audit_record(manager: Client, affiliate: Affiliate) -> None:
    data = {
        "affiliate": affiliate.code.lower(),
        "code": "X-1",
        "assigned_from_0": "2026-03-01",
        "assigned_from_1": "12:00",
    }
    text = manager.post(build_url("coupon", "assign"), data | {"confirmed": "1"}).content.decode()
    assert "Enter a reason." in text
    response = manager.post(build_url("coupon", "assign"), data | {"confirmed": "1", "reason": "Printed in March."})
    assert response["Location"] == build_url("coupon", "changelist")
    coupon = Coupon.objects.get()
    assert (coupon.affiliate, coupon.code, coupon.assigned_from) == (affiliate, "X-1", NOW)
    assert AuditRecord.objects.get(action="coupon assigned", by__isnull=False).reason == "Printed in March."


@time_machine.travel(NOW, tick=False)
def test_coupon_is_assigned_from_now_if_no_start_is_entered(manager: Client, affiliate: Affiliate) -> None:
    page = manager.get(build_url("coupon", "assign")).content.decode()
    # An empty field means now, and so it is empty.
    assert f'value="{NOW:%Y-%m-%d}"' not in page
    data = {"affiliate": affiliate.code, "code": "FRESH", "confirmed": "1"}
    page = manager.post(build_url("coupon", "assign"), data, follow=True).content.decode()
    assert f"Coupon FRESH assigned to {affiliate} for orders placed from {format_datetime(NOW)}." in page
    assert Coupon.objects.get().assigned_from == NOW
    coupons.assign_coupon(affiliate=affiliate, code="IMPORTED", assigned_from=None, now=NOW, by=None)
    assert "the first acceptance" in manager.get(build_url("coupon", "changelist")).content.decode()


def test_coupon_conflict_is_shown_beside_field(manager: Client, affiliate: Affiliate, coupon: Coupon) -> None:
    data = {"affiliate": affiliate.code, "code": "spring", "confirmed": "1"}
    page = manager.post(build_url("coupon", "assign"), data).content.decode()
    assert f"is already assigned to {coupon.affiliate}." in page
    data["affiliate"] = "unknown"
    page = manager.post(build_url("coupon", "assign"), data).content.decode()
    assert "No affiliate has this code, name or e-mail address." in page
    assert Coupon.objects.count() == 1


def test_unassigning_coupon_needs_reason_and_works_once(manager: Client, coupon: Coupon) -> None:
    assert manager.post(build_url("coupon", "unassign", coupon.pk), {"confirmed": "1", "reason": ""}).status_code == 200
    confirm_twice(manager, build_url("coupon", "unassign", coupon.pk), {"reason": "Moved"})
    coupon.refresh_from_db()
    assert coupon.assigned_until is not None
    assert AuditRecord.objects.get(action="coupon unassigned").reason == "Moved"
    again = manager.post(build_url("coupon", "unassign", coupon.pk), {"confirmed": "1", "reason": "Again"})
    assert again.status_code in (302, 403)
    assert AuditRecord.objects.filter(action="coupon unassigned").count() == 1


def test_staff_create_edit_pause_and_resume_links(manager: Client, affiliate: Affiliate) -> None:
    invalid = {"affiliate": affiliate.code, "target": "https://evil.example/", "confirmed": "1"}
    assert "Enter a page on shop.example." in manager.post(build_url("link", "make"), invalid).content.decode()
    manager.post(build_url("link", "make"), invalid | {"target": "https://shop.example/a"})
    link = Link.objects.get()
    manager.post(
        build_url("link", "edit", link.pk), {"target": "https://shop.example/b", "name": "B", "confirmed": "1"}
    )
    assert Link.objects.get().target == "https://shop.example/b"
    manager.post(build_url("link", "pause", link.pk), {"confirmed": "1"})
    assert Link.objects.get().paused_at is not None
    manager.post(build_url("link", "resume", link.pk), {"confirmed": "1"})
    assert Link.objects.get().paused_at is None
    records = AuditRecord.objects.filter(action__startswith="link").order_by("id").values_list("action", flat=True)
    assert list(records) == ["link created", "link changed", "link paused", "link resumed"]
    assert manager.get(build_url("link", "change", link.pk)).status_code == 200


@pytest.mark.parametrize("model", ["link", "coupon", "click", "order"])
def test_reviewer_sees_list_without_add(reviewer: Client, model: str, link: Link, coupon: Coupon) -> None:
    assert reviewer.get(build_url(model, "changelist")).status_code == 200
    assert reviewer.get(build_url(model, "add")).status_code == 403


def test_reviewer_cannot_change_anything(reviewer: Client, affiliate: Affiliate, link: Link, coupon: Coupon) -> None:
    posts = [
        (build_url("coupon", "assign"), {"affiliate": affiliate.code, "code": "Y"}),
        (build_url("coupon", "unassign", coupon.pk), {"reason": "x"}),
        (build_url("link", "make"), {"affiliate": affiliate.code, "target": "https://shop.example/"}),
        (build_url("link", "pause", link.pk), {}),
    ]
    for path, data in posts:
        assert reviewer.post(path, data | {"confirmed": "1"}).status_code == 403, path
    assert (
        Coupon.objects.count(),
        Link.objects.count(),
        AuditRecord.objects.filter(action__startswith="link").count(),
    ) == (1, 1, 0)


def test_order_page_shows_reason_lines_and_all_snapshots(reviewer: Client, affiliate: Affiliate) -> None:
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
    text = reviewer.get(build_url("order", "change", order.pk)).content.decode()
    for expected in (
        "the coupon was assigned to this affiliate",
        "Lantern",
        "15.30",
        "&lt;b&gt;day 1",
        "&lt;b&gt;day 2",
    ):
        assert expected in text
    assert text.index("day 2") < text.index("day 1")


def test_superuser_sees_clicks_and_lost_clicks(client: Client, link: Link) -> None:
    click = Click.objects.create(id=link.pk, link=link, at=timezone.now(), kind="bot", address="203.0.113.0")
    ClickLoss.objects.create(count=17)
    client.force_login(make_staff(superuser=True))
    assert "203.0.113.0" in client.get(build_url("click", "changelist")).content.decode()
    assert client.get(build_url("click", "change", click.pk)).status_code == 200
    assert "17" in client.get(build_url("clickloss", "changelist")).content.decode()


def test_staff_see_failed_deep_links(manager: Client, link: Link) -> None:
    for number in range(3):
        requested = "https://evil.example/<p>" if number else ""
        Click.objects.create(id=uuid4(), link=link, at=timezone.now(), failed_deep_link=requested)
    assert "https://evil.example/&lt;p&gt; (2)" in manager.get(build_url("link", "change", link.pk)).content.decode()
    text = manager.get(build_url("click", "changelist"), {"failed_deep_link__isempty": "0"}).content.decode()
    assert text.count("https://evil.example/&lt;p&gt;") == 2


def test_staff_name_links_and_find_them_by_every_name(manager: Client, affiliate: Affiliate, link: Link) -> None:
    data = {"target": "https://shop.example/", "own_name": "anna-garden", "confirmed": "1"}
    manager.post(build_url("link", "edit", link.pk), data)
    response = manager.post(build_url("link", "edit", link.pk), data | {"own_name": "anna-kitchen"}, follow=True)
    assert "anna-garden" in response.content.decode()
    link.refresh_from_db()
    assert link.own_name == "anna-kitchen"
    for text in ("ANNA-garden", "anna-kitchen"):
        found = manager.get("/admin/tracking/link/", {"q": text}).content.decode()
        assert str(link.pk) in found
    assert str(link.pk) not in manager.get("/admin/tracking/link/", {"q": "anna-house"}).content.decode()
    refused = manager.post(build_url("link", "edit", link.pk), data | {"own_name": "admin"})
    assert "is reserved" in refused.content.decode()
