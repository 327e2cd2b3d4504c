"""The staff's home"""

from datetime import UTC, datetime

import pytest
from django.utils import timezone

from affiliates.models import State
from agreements.models import Program
from mail.models import Message
from portal import daily_list, staff_home
from tests.factories import make_affiliate, make_staff

MORNING = datetime(2026, 11, 22, 8, tzinfo=UTC)


def counts(user) -> dict[str, int]:
    return {item.label: item.count for item in staff_home.list_todo_items(user, timezone.now())}


def hint(user, label: str) -> str:
    return next(item.hint for item in staff_home.list_todo_items(user, timezone.now()) if item.label == label)


def test_counts_what_waits_for_a_group_and_shows_nothing_else(agreement):
    make_affiliate(state=State.APPLIED)
    make_affiliate(state=State.ACTIVE)
    shown = {"Applications": 1, "Channels": 0, "Lost clicks": 0}
    assert counts(make_staff("affiliate managers")) == shown
    assert "Applications" not in counts(make_staff("payout approvers"))


def test_asks_only_to_reject_applications_once_the_end_is_announced(agreement):
    manager = make_staff("affiliate managers")
    assert hint(manager, "Applications") == "to approve or reject"
    Program.current()
    Program.objects.update(end_announced_at=MORNING, ends_at=MORNING)
    assert hint(manager, "Applications") == "to reject: the program is ending"


def test_leaves_out_applications_whose_address_is_not_confirmed(agreement):
    from tests.factories import make_user

    make_affiliate(state=State.APPLIED, user=make_user(verified=False))
    assert counts(make_staff("affiliate managers"))["Applications"] == 0


def test_shows_a_superuser_everything(agreement):
    always = [entry for entry in staff_home.ENTRIES if not entry.hide_if_none]
    assert len(counts(make_staff(superuser=True))) == len(always)


def test_links_to_the_list_of_each(agreement, client_for):
    boss = make_staff(superuser=True)
    client = client_for(boss)
    for item in staff_home.list_todo_items(boss, timezone.now()):
        assert item.link, item.label
        assert client.get(item.link).status_code == 200, item.link


def test_of_a_stranger_is_the_sign_in(agreement, client):
    response = client.get("/admin/")
    assert response.status_code == 302
    response = client.get(response.headers["Location"])
    assert response.headers["Location"].startswith("/accounts/login/")


@pytest.mark.parametrize("required", [True, False])
def test_opens_without_a_second_factor_only_where_none_is_required(agreement, client_for, settings, required):
    settings.STAFF_MFA_REQUIRED = required
    response = client_for(make_staff(superuser=True)).get("/admin/")
    assert response.status_code == (302 if required else 200)
    if required:
        assert response.headers["Location"] == "/accounts/2fa/totp/activate/"


def test_opens_with_a_second_factor(agreement, client_for, settings):
    from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret

    settings.STAFF_MFA_REQUIRED = True
    boss = make_staff(superuser=True)
    TOTP.activate(boss, generate_totp_secret())
    assert client_for(boss).get("/admin/").status_code == 200


def test_goes_out_by_mail_once_a_day_to_those_for_whom_something_waits(agreement):
    make_affiliate(state=State.APPLIED)
    manager = make_staff("affiliate managers")
    make_staff("payout approvers")
    assert daily_list.post_daily_lists(now=MORNING.replace(hour=6)) == 0
    for _again in range(2):
        daily_list.post_daily_lists(now=MORNING)
    message = Message.objects.get(kind="staff_daily_list")
    assert message.to == manager.email
    assert message.context["items"][0].startswith("Applications: 1")
    daily_list.post_daily_lists(now=MORNING.replace(day=23))
    assert Message.objects.filter(kind="staff_daily_list").count() == 2
