"""The to-do list of staff in the admin and by e-mail, and the admin's sign-in."""

from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client
from django.utils import timezone

from affiliates.models import State
from agreements.models import Program
from mail.models import Message
from portal import daily_list, staff_home
from tests.factories import make_affiliate, make_staff
from tests.sessions import sign_in

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
    permanent_entries = [entry for entry in staff_home.ENTRIES if not entry.hide_if_none]
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
