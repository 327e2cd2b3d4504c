"""The admin of affiliates ..."""

import pytest
from django.test import Client
from django.urls import reverse

from affiliates.models import Affiliate, Channel, State
from audit.models import AuditRecord
from mail.models import Message
from tests.factories import make_affiliate, make_staff, make_user

pytestmark = pytest.mark.django_db

LIST = reverse("admin:affiliates_affiliate_changelist")
CHANNELS = reverse("admin:affiliates_channel_changelist")


def page_of(affiliate: Affiliate, action: str = "change") -> str:
    change = reverse("admin:affiliates_affiliate_change", args=[affiliate.pk])
    return change if action == "change" else reverse(f"admin:affiliates_affiliate_{action}", args=[affiliate.pk])


@pytest.fixture
def manager(client: Client) -> Client:
    client.force_login(make_staff("affiliate managers"))
    return client


@pytest.fixture
def application() -> Affiliate:
    return make_affiliate(state=State.APPLIED, name="Ada Lovelace")


def test_lists_applications_with_their_channels_as_links(manager: Client, application: Affiliate) -> None:
    page = manager.get(LIST, {"state__exact": "applied", "q": "lovelace"}).content.decode()
    address = application.channels.get().address
    assert "Ada Lovelace" in page
    assert f'href="{address}" target="_blank" rel="noopener noreferrer nofollow">' in page


def test_shows_an_affiliate_with_channels_and_history(manager: Client, application: Affiliate) -> None:
    page = manager.get(page_of(application)).content.decode()
    for shown in (application.code, application.email, application.channels.get().address, "applied"):
        assert shown in page


def test_asks_before_it_approves_and_then_approves(manager: Client, application: Affiliate) -> None:
    asked = manager.get(page_of(application, "approve"))
    assert asked.status_code == 200
    assert Affiliate.objects.get().state == State.APPLIED
    done = manager.post(page_of(application, "approve"), {"confirmed": "1"})
    assert done["Location"] == page_of(application)
    assert Affiliate.objects.get().state == State.APPROVED


def test_wants_a_reason_to_reject(manager: Client, application: Affiliate) -> None:
    unsaid = manager.post(page_of(application, "reject"), {"confirmed": "1", "reason": " "})
    assert unsaid.status_code == 200
    assert "This field is required" in unsaid.content.decode()
    manager.post(page_of(application, "reject"), {"confirmed": "1", "reason": "No readers."})
    assert Affiliate.objects.get().state == State.REJECTED
    assert AuditRecord.objects.get(action="affiliate rejected").reason == "No readers."


def test_decides_on_several_at_once_after_asking(manager: Client) -> None:
    both = [make_affiliate(state=State.APPLIED), make_affiliate(state=State.APPLIED)]
    chosen = {"action": "approve_selected", "_selected_action": [str(one.pk) for one in both], "index": "0"}
    asked = manager.post(LIST, chosen)
    page = asked.content.decode()
    assert all(f'name="_selected_action" value="{one.pk}"' in page for one in both)
    assert not Affiliate.objects.filter(state=State.APPROVED).exists()
    assert manager.post(LIST, chosen | {"confirmed": "1"})["Location"] == LIST
    assert Affiliate.objects.filter(state=State.APPROVED).count() == 2


def test_approves_none_of_several_when_one_cannot_be(manager: Client, application: Affiliate) -> None:
    unconfirmed = make_affiliate(state=State.APPLIED, user=make_user(verified=False))
    chosen = {"action": "approve_selected", "_selected_action": [str(application.pk), str(unconfirmed.pk)]}
    answer = manager.post(LIST, chosen | {"confirmed": "1"}, follow=True)
    assert "has not confirmed their e-mail address" in answer.content.decode()
    assert Affiliate.objects.filter(state=State.APPLIED).count() == 2
    assert not Message.objects.filter(kind="application_approved").exists()


def test_refuses_a_second_decision_with_a_message(manager: Client) -> None:
    approved = make_affiliate(state=State.APPROVED)
    chosen = {"action": "reject_selected", "_selected_action": [str(approved.pk)], "confirmed": "1", "reason": "x"}
    answer = manager.post(LIST, chosen, follow=True)
    assert "cannot become rejected" in answer.content.decode()
    assert Affiliate.objects.get().state == State.APPROVED


def test_tells_whoever_comes_second_that_the_decision_has_been_made(manager: Client) -> None:
    rejected = make_affiliate(state=State.REJECTED)
    answer = manager.post(page_of(rejected, "approve"), {"confirmed": "1"}, follow=True)
    assert "cannot become approved" in answer.content.decode()
    channel = rejected.channels.get()
    again = reverse("admin:affiliates_channel_reject", args=[channel.pk])
    answer = manager.post(again, {"confirmed": "1", "reason": "x"}, follow=True)
    assert "has already been decided" in answer.content.decode()


def test_changes_name_country_and_time_zone_on_the_record_and_nothing_else(
    manager: Client, application: Affiliate
) -> None:
    sent = {"name": "Ada King", "country": "GB", "time_zone": "Europe/London", "state": "active", "code": "HACKED"}
    answer = manager.post(page_of(application), sent | inline_forms())
    assert answer.status_code == 302, answer.content.decode()
    stored = Affiliate.objects.get()
    assert (stored.name, stored.time_zone) == ("Ada King", "Europe/London")
    assert (stored.state, stored.code) == (State.APPLIED, application.code)
    record = AuditRecord.objects.get(action="profile changed")
    assert record.after == {"fields": "name, time_zone", "time_zone": "Europe/London"}
    assert record.before == {"time_zone": "UTC"}


def test_refuses_an_unknown_time_zone_beside_the_field(manager: Client, application: Affiliate) -> None:
    sent = {"name": "Ada", "country": "GB", "time_zone": "Mars/Olympus"}
    answer = manager.post(page_of(application), sent | inline_forms())
    assert answer.status_code == 200
    assert "not the name of a time zone" in answer.content.decode()


def test_approves_and_rejects_channels(manager: Client, application: Affiliate) -> None:
    channel = application.channels.get()
    manager.post(reverse("admin:affiliates_channel_approve", args=[channel.pk]), {"confirmed": "1"})
    assert Channel.objects.get().state == "approved"
    chosen = {"action": "reject_selected", "_selected_action": [str(channel.pk)]}
    manager.post(CHANNELS, chosen | {"confirmed": "1", "reason": "Spam."})
    assert (Channel.objects.get().state, Channel.objects.get().reason) == ("rejected", "Spam.")


@pytest.mark.parametrize("group", ["compliance reviewers", "payout preparers", "payout approvers"])
def test_lets_the_other_groups_look_and_not_decide(client: Client, application: Affiliate, group: str) -> None:
    client.force_login(make_staff(group))
    assert client.get(LIST).status_code == 200
    assert client.get(page_of(application)).status_code == 200
    assert client.post(page_of(application, "approve"), {"confirmed": "1"}).status_code == 403
    assert client.post(page_of(application), {"name": "x"}).status_code == 403
    chosen = {"action": "approve_selected", "_selected_action": [str(application.pk)], "confirmed": "1"}
    client.post(LIST, chosen)
    assert Affiliate.objects.get().state == State.APPLIED


def test_offers_no_decision_that_has_been_made(manager: Client) -> None:
    page = manager.get(page_of(make_affiliate(state=State.ACTIVE))).content.decode()
    assert "/approve/" not in page


def inline_forms() -> dict[str, str]:
    return {
        f"{prefix}-{name}": "0"
        for prefix in ("channels", "status_changes")
        for name in ("TOTAL_FORMS", "INITIAL_FORMS", "MIN_NUM_FORMS", "MAX_NUM_FORMS")
    }
