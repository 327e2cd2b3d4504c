"""The admin of affiliates and channels."""

from datetime import timedelta

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


def build_url(affiliate: Affiliate, action: str = "change") -> str:
    change = reverse("admin:affiliates_affiliate_change", args=[affiliate.pk])
    return change if action == "change" else reverse(f"admin:affiliates_affiliate_{action}", args=[affiliate.pk])


@pytest.fixture
def manager(client: Client) -> Client:
    client.force_login(make_staff("affiliate managers"))
    return client


@pytest.fixture
def application() -> Affiliate:
    return make_affiliate(state=State.APPLIED, name="Ada Lovelace")


def test_list_shows_applications_with_channel_links(manager: Client, application: Affiliate) -> None:
    page = manager.get(LIST, {"state__exact": "applied", "q": "lovelace"}).content.decode()
    address = application.channels.get().address
    assert "Ada Lovelace" in page
    assert f'href="{address}" target="_blank" rel="noopener noreferrer nofollow">' in page


def test_list_shows_and_filters_countries_by_name(manager: Client, application: Affiliate) -> None:
    make_affiliate(state=State.APPLIED, name="Bob", country="DE")
    page = manager.get(LIST).content.decode()
    assert "United Kingdom" in page
    assert "Germany" in page
    page = manager.get(LIST, {"country": "DE"}).content.decode()
    assert "Bob" in page
    assert "Ada Lovelace" not in page


def test_page_shows_channels_and_history(manager: Client, application: Affiliate) -> None:
    page = manager.get(build_url(application)).content.decode()
    for text in (application.code, application.email, application.channels.get().address, "applied"):
        assert text in page


def test_application_is_approved_after_confirmation(manager: Client, application: Affiliate) -> None:
    page = manager.get(build_url(application, "approve"))
    assert page.status_code == 200
    assert Affiliate.objects.get().state == State.APPLIED
    response = manager.post(build_url(application, "approve"), {"confirmed": "1"})
    assert response["Location"] == build_url(application)
    assert Affiliate.objects.get().state == State.APPROVED


def test_decision_links_to_the_application_that_waits_longest(manager: Client, application: Affiliate) -> None:
    oldest = make_affiliate(state=State.APPLIED, name="<Nora> Quill", at=application.applied_at - timedelta(days=9))
    make_affiliate(state=State.APPLIED, user=make_user(verified=False), at=application.applied_at - timedelta(days=20))
    response = manager.post(build_url(application, "approve"), {"confirmed": "1"}, follow=True)
    page = response.content.decode()
    assert f"{application} approved and e-mailed." in page
    assert f'<a href="{build_url(oldest)}">Next application: &lt;Nora&gt; Quill</a>' in page
    response = manager.post(build_url(oldest, "reject"), {"confirmed": "1", "reason": "No readers."}, follow=True)
    assert "No other application waits." in response.content.decode()


def test_rejection_requires_reason(manager: Client, application: Affiliate) -> None:
    response = manager.post(build_url(application, "reject"), {"confirmed": "1", "reason": " "})
    assert response.status_code == 200
    assert "This field is required" in response.content.decode()
    manager.post(build_url(application, "reject"), {"confirmed": "1", "reason": "No readers."})
    assert Affiliate.objects.get().state == State.REJECTED
    assert AuditRecord.objects.get(action="affiliate rejected").reason == "No readers."


def test_selected_applications_are_approved_after_confirmation(manager: Client) -> None:
    affiliates = [make_affiliate(state=State.APPLIED), make_affiliate(state=State.APPLIED)]
    data = {"action": "approve_selected", "_selected_action": [str(one.pk) for one in affiliates], "index": "0"}
    page = manager.post(LIST, data).content.decode()
    assert all(f'name="_selected_action" value="{one.pk}"' in page for one in affiliates)
    assert not Affiliate.objects.filter(state=State.APPROVED).exists()
    assert manager.post(LIST, data | {"confirmed": "1"})["Location"] == LIST
    assert Affiliate.objects.filter(state=State.APPROVED).count() == 2


def test_selected_applications_are_approved_all_or_none(manager: Client, application: Affiliate) -> None:
    unconfirmed = make_affiliate(state=State.APPLIED, user=make_user(verified=False))
    data = {"action": "approve_selected", "_selected_action": [str(application.pk), str(unconfirmed.pk)]}
    response = manager.post(LIST, data | {"confirmed": "1"}, follow=True)
    assert "has not confirmed their e-mail address" in response.content.decode()
    assert Affiliate.objects.filter(state=State.APPLIED).count() == 2
    assert not Message.objects.filter(kind="application_approved").exists()


def test_second_decision_from_list_is_rejected(manager: Client) -> None:
    approved = make_affiliate(state=State.APPROVED)
    data = {"action": "reject_selected", "_selected_action": [str(approved.pk)], "confirmed": "1", "reason": "x"}
    response = manager.post(LIST, data, follow=True)
    assert "cannot become rejected" in response.content.decode()
    assert Affiliate.objects.get().state == State.APPROVED


def test_second_decision_from_page_is_rejected(manager: Client) -> None:
    rejected = make_affiliate(state=State.REJECTED)
    response = manager.post(build_url(rejected, "approve"), {"confirmed": "1"}, follow=True)
    assert "cannot become approved" in response.content.decode()
    channel = rejected.channels.get()
    again = reverse("admin:affiliates_channel_reject", args=[channel.pk])
    response = manager.post(again, {"confirmed": "1", "reason": "x"}, follow=True)
    assert "has already been decided" in response.content.decode()


def test_profile_changes_are_audited_and_other_fields_ignored(manager: Client, application: Affiliate) -> None:
    data = {"name": "Ada King", "country": "GB", "time_zone": "Europe/London", "state": "active", "code": "HACKED"}
    response = manager.post(build_url(application), data | build_inline_forms())
    assert response.status_code == 302, response.content.decode()
    stored = Affiliate.objects.get()
    assert (stored.name, stored.time_zone) == ("Ada King", "Europe/London")
    assert (stored.state, stored.code) == (State.APPLIED, application.code)
    record = AuditRecord.objects.get(action="profile changed")
    assert record.after == {"fields": "name, time_zone", "time_zone": "Europe/London"}
    assert record.before == {"time_zone": "UTC"}


def test_unknown_time_zone_is_rejected(manager: Client, application: Affiliate) -> None:
    data = {"name": "Ada", "country": "GB", "time_zone": "Mars/Olympus"}
    response = manager.post(build_url(application), data | build_inline_forms())
    assert response.status_code == 200
    assert "not the name of a time zone" in response.content.decode()


def test_channels_are_approved_and_rejected(manager: Client, application: Affiliate) -> None:
    channel = application.channels.get()
    manager.post(reverse("admin:affiliates_channel_approve", args=[channel.pk]), {"confirmed": "1"})
    assert Channel.objects.get().state == "approved"
    data = {"action": "reject_selected", "_selected_action": [str(channel.pk)]}
    manager.post(CHANNELS, data | {"confirmed": "1", "reason": "Spam."})
    assert (Channel.objects.get().state, Channel.objects.get().reason) == ("rejected", "Spam.")


@pytest.mark.parametrize("group", ["compliance reviewers", "payout preparers", "payout approvers"])
def test_other_groups_can_view_but_not_decide(client: Client, application: Affiliate, group: str) -> None:
    client.force_login(make_staff(group))
    assert client.get(LIST).status_code == 200
    assert client.get(build_url(application)).status_code == 200
    assert client.post(build_url(application, "approve"), {"confirmed": "1"}).status_code == 403
    assert client.post(build_url(application), {"name": "x"}).status_code == 403
    data = {"action": "approve_selected", "_selected_action": [str(application.pk)], "confirmed": "1"}
    client.post(LIST, data)
    assert Affiliate.objects.get().state == State.APPLIED


def test_decided_application_has_no_decision_buttons(manager: Client) -> None:
    page = manager.get(build_url(make_affiliate(state=State.ACTIVE))).content.decode()
    assert "/approve/" not in page


def build_inline_forms() -> dict[str, str]:
    return {
        f"{prefix}-{name}": "0"
        for prefix in ("channels", "status_changes")
        for name in ("TOTAL_FORMS", "INITIAL_FORMS", "MIN_NUM_FORMS", "MAX_NUM_FORMS")
    }
