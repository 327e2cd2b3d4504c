"""The to-do list of staff in the admin and by e-mail, and the admin's sign-in."""

from datetime import UTC, datetime, timedelta

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from affiliates.models import State
from agreements import publishing, version_drafts
from agreements.models import Program
from compliance.reviews.open_review import open_review
from lib.formatting import format_short_date
from mail.models import Message
from payouts.commissions import rollups
from payouts.models import PayoutBatch
from portal import daily_list, staff_figures, staff_home
from portal.models import ErasureRequest
from portal.todo_entries import ENTRIES
from tests.factories import make_affiliate, make_staff
from tests.scenarios import build_order, send_orders
from tests.sessions import sign_in
from tracking.links import coupons
from tracking.models import Rollup

# Of the home of a superuser, who sees everything.
MAX_HOME_QUERIES = 12
MORNING = datetime(2026, 11, 22, 8, tzinfo=UTC)


def get_counts(user) -> dict[str, int]:
    return {item.label: item.count for item in staff_home.list_todo_items(user, timezone.now())}


def get_hint(user, label: str) -> str:
    return next(item.hint for item in staff_home.list_todo_items(user, timezone.now()) if item.label == label)


def test_staff_see_only_the_items_of_their_group(agreement):
    make_affiliate(state=State.APPLIED)
    make_affiliate(state=State.ACTIVE)
    expected = {"Applications": 1, "Channels": 0, "Messages to answer": 0, "Lost clicks": 0}
    assert get_counts(make_staff("affiliate managers")) == expected
    assert "Applications" not in get_counts(make_staff("payout approvers"))


def test_applications_are_only_rejected_once_the_end_is_announced(agreement):
    make_affiliate(state=State.APPLIED)
    manager = make_staff("affiliate managers")
    assert get_hint(manager, "Applications") == "to approve or reject"
    Program.current()
    Program.objects.update(end_announced_at=MORNING, ends_at=MORNING)
    assert get_hint(manager, "Applications") == "to reject: the program is ending"


def test_unconfirmed_applications_are_not_counted(agreement):
    from tests.factories import make_user

    make_affiliate(state=State.APPLIED, user=make_user(verified=False))
    assert get_counts(make_staff("affiliate managers"))["Applications"] == 0


def test_superuser_sees_every_item(agreement):
    permanent_entries = [entry for entry in ENTRIES if not entry.hide_if_none]
    assert len(get_counts(make_staff(superuser=True))) == len(permanent_entries)


def test_every_item_links_to_its_list(agreement, client_for):
    superuser = make_staff(superuser=True)
    client = client_for(superuser)
    for item in staff_home.list_todo_items(superuser, timezone.now()):
        assert item.link, item.label
        assert client.get(item.link).status_code == 200, item.link


def test_visitor_is_redirected_to_sign_in(agreement, client):
    response = client.get("/admin/")
    assert response.status_code == 302
    response = client.get(response.headers["Location"])
    assert response.headers["Location"].startswith("/accounts/login/")


@pytest.mark.parametrize("required", [True, False])
def test_admin_requires_two_step_verification_if_configured(agreement, client_for, settings, required):
    settings.STAFF_MFA_REQUIRED = required
    response = client_for(make_staff(superuser=True)).get("/admin/")
    assert response.status_code == (302 if required else 200)
    if required:
        assert response.headers["Location"] == "/accounts/2fa/totp/activate/"


def test_admin_opens_with_two_step_verification(agreement, settings):
    from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret

    settings.STAFF_MFA_REQUIRED = True
    superuser = make_staff(superuser=True)
    TOTP.activate(superuser, generate_totp_secret())
    assert sign_in(Client(), superuser, ("password", "mfa")).get("/admin/").status_code == 200


def test_daily_list_is_sent_once_a_day_to_staff_with_items(agreement):
    make_affiliate(state=State.APPLIED)
    manager = make_staff("affiliate managers")
    make_staff("payout approvers")
    assert daily_list.post_daily_lists(now=MORNING.replace(hour=6)) == 0
    # The task runs every half hour, until midnight in the program's time zone.
    for half_hour in range(34):
        daily_list.post_daily_lists(now=MORNING.replace(hour=7) + half_hour * timedelta(minutes=30))
    message = Message.objects.get(kind="staff_daily_list")
    assert message.to == manager.email
    assert message.context["items"][0].startswith("Applications: 1")
    daily_list.post_daily_lists(now=MORNING.replace(day=23))
    assert Message.objects.filter(kind="staff_daily_list").count() == 2


def get_page(user) -> str:
    client = Client()
    client.force_login(user)
    return client.get("/admin/").content.decode()


def test_open_work_is_sorted_by_the_day_it_is_due(agreement, affiliate_factory):
    now = timezone.now()
    superuser = make_staff(superuser=True)
    make_affiliate(state=State.APPLIED, at=now - timedelta(days=2))
    erased = make_affiliate(state=State.ACTIVE, at=now - timedelta(days=40))
    ErasureRequest.objects.create(affiliate=erased, requested_at=now - timedelta(days=9))
    affiliate = affiliate_factory(State.ACTIVE)
    review = open_review(affiliate=affiliate, activity="fraud", summary="Odd.", now=now, by=superuser)
    items = [item for item in staff_home.list_todo_items(superuser, now) if item.count and item.due_at != now]
    due = format_short_date(review.decide_by.date())
    waits = {item.label: item.waits for item in items}
    assert waits["Applications"] == "oldest 2 days"
    assert waits["Deletion requests"] == "oldest 9 days"
    assert waits["Reviews to decide"] == f"due {due}"
    assert items == sorted(items, key=lambda item: item.due_at or staff_home.NEVER)
    late = staff_home.list_todo_items(superuser, review.decide_by + timedelta(days=1))
    assert {item.label: (item.waits, item.is_late) for item in late}["Reviews to decide"] == (
        f"overdue since {due}",
        True,
    )


def test_work_that_is_done_is_folded(agreement):
    make_affiliate(state=State.APPLIED)
    page = get_page(make_staff("affiliate managers"))
    assert "All clear (3)" in page
    opened, folded = page.split("<details")[0], page.split("<details")[1]
    assert "Applications" in opened
    assert "Lost clicks" in folded


def test_home_shows_figures_by_permission(agreement, affiliate_factory):
    affiliate = affiliate_factory(State.ACTIVE)
    at = timezone.now() - timedelta(days=2)
    coupons.assign_coupon(
        affiliate=affiliate, code="SALE", assigned_from=at, now=at, by=make_staff(superuser=True), reason="a test"
    )
    placed = f"{timezone.now() - timedelta(days=1):%Y-%m-%dT%H:%M:%SZ}"
    send_orders(build_order("F1", ("home-decor", "100.00"), coupon="SALE", placed=placed, at=placed))
    rollups.fold_rollups()
    cache.clear()

    def list_figures(user) -> dict[str, str]:
        return {figure.label: figure.value for figure in staff_figures.list_figures(user, timezone.now())}

    manager = list_figures(make_staff("affiliate managers"))
    assert manager["Sales"] == "100.00 USD"
    assert manager["Commission"] == "5.00 USD"
    assert manager["Active affiliates"] == "1"
    assert "Liability" not in manager
    approver = list_figures(make_staff("payout approvers"))
    assert approver["Liability"] == "0.00 USD"
    assert approver["Next month-end close"]
    assert list_figures(make_staff()) == {}
    assert "Upcoming agreement version" not in manager
    publish_next_version(timezone.now())
    assert list_figures(make_staff("affiliate managers"))["Upcoming agreement version"] == "2"


def test_figures_compare_thirty_days_with_the_thirty_before(agreement):
    affiliate = make_affiliate(state=State.ACTIVE)
    make_affiliate(state=State.SUSPENDED)
    today = MORNING.date()
    # The first and the last day of both spans, and the day before.
    for days, sales in ((0, 10), (29, 20), (30, 40), (59, 80), (60, 160)):
        Rollup.objects.create(
            affiliate=affiliate, dimension="total", value="", day=today - timedelta(days=days),
            clicks=sales, orders=1, clicked_orders=1, sales=sales, commission=sales, clicked_commission=sales,
        )  # fmt: skip
    cache.clear()
    figures = {one.label: one for one in staff_figures.list_figures(make_staff(superuser=True), MORNING)}
    assert figures["Sales"].value == "30.00 USD"
    # 10 + 20 after 40 + 80.
    assert "last 30 days" in figures["Sales"].note
    assert "75.0" in figures["Sales"].note
    assert figures["Conversion rate"].value == "6.67\u00a0%"
    assert figures["Active affiliates"].value == "1"
    assert figures["Active affiliates"].link.endswith("?state__exact=active")


def test_next_close_says_when_it_is_overdue(agreement):
    make_affiliate(state=State.ACTIVE)
    placed = f"{timezone.now() - timedelta(days=1):%Y-%m-%dT%H:%M:%SZ}"
    send_orders(build_order("F1", placed=placed, at=placed))
    user = make_staff("payout preparers")

    def get_note(now: datetime) -> str:
        figures = {one.label: one.note for one in staff_figures.list_figures(user, now)}
        return figures["Next month-end close"]

    assert "overdue" not in get_note(timezone.now())
    assert get_note(timezone.now() + timedelta(days=70)).endswith("overdue")


def publish_next_version(now: datetime) -> None:
    draft = version_drafts.start_draft(now=now, by=None)
    publishing.publish_version(agreement=draft, effective_at=now + timedelta(days=60), now=now, by=None)


def test_number_of_queries_does_not_grow_with_the_work(agreement):
    client = Client()
    client.force_login(make_staff(superuser=True))
    numbers = []
    for _round in range(2):
        make_affiliate(state=State.APPLIED)
        client.get("/admin/")
        with CaptureQueriesContext(connection) as queries:
            client.get("/admin/")
        numbers.append(len(queries))
    assert numbers[0] == numbers[1]
    assert numbers[0] <= MAX_HOME_QUERIES


def test_batches_wait_since_they_could_be_approved_or_exported(agreement):
    preparer, approver = make_staff("payout preparers"), make_staff("payout approvers")
    created = MORNING - timedelta(days=20)
    for state, approved in (("submitted", {}), ("approved", {"approved_by": approver, "approved_at": MORNING})):
        PayoutBatch.objects.create(
            name=state,
            state=state,
            created_at=created,
            submitted_by=preparer,
            submitted_at=MORNING,
            digest="x",
            **approved,
        )
    for user, label in ((approver, "Payouts to approve"), (preparer, "Payouts to export")):
        item = next(item for item in staff_home.list_todo_items(user, MORNING) if item.label == label)
        assert (item.count, item.due_at, item.is_late) == (1, MORNING + timedelta(days=7), False)
