"""The admin of affiliates and channels."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from affiliates import applications
from affiliates.models import Affiliate, Channel, RejectionTemplate, State
from audit.models import AuditRecord
from mail.models import Message
from tests.factories import NOW, make_affiliate, make_staff, make_user

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
    # There is no template to choose.
    assert "Enter a reason." in response.content.decode()
    assert "emplate" not in response.content.decode().partition("<form")[2].partition("</form>")[0]
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


def test_application_that_cannot_be_approved_is_skipped_and_named(manager: Client, application: Affiliate) -> None:
    unconfirmed = make_affiliate(state=State.APPLIED, name="Carol", user=make_user(verified=False))
    data = {"action": "approve_selected", "_selected_action": [str(application.pk), str(unconfirmed.pk)]}
    page = manager.post(LIST, data).content.decode()
    assert f"<li>Ada Lovelace ({application.code})</li>" in page
    assert f"Approve Ada Lovelace ({application.code})" in page
    assert f"<li>Carol ({unconfirmed.code}): The e-mail address is not confirmed yet.</li>" in page
    response = manager.post(LIST, data | {"confirmed": "1"}, follow=True)
    page = response.content.decode()
    assert f"1 application approved.<br>Ada Lovelace ({application.code})" in page
    assert f"Carol ({unconfirmed.code}) has not confirmed their e-mail address yet." in page
    assert Affiliate.objects.get(state=State.APPROVED) == application
    assert Message.objects.get(kind="application_approved").to == application.email


def test_bulk_decision_returns_to_the_filtered_list(manager: Client, application: Affiliate) -> None:
    query = "?state__exact=applied&q=ada"
    data = {"action": "approve_selected", "_selected_action": [str(application.pk)], "confirmed": "1"}
    assert manager.post(f"{LIST}{query}&p=3", data)["Location"] == LIST + query


def test_application_approved_by_someone_else_meanwhile_is_skipped(
    manager: Client, application: Affiliate, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = make_affiliate(state=State.APPLIED, name="Bob")
    decide = applications.approve

    def decide_after_a_colleague(**arguments: Any) -> None:
        # Bob comes first. Meanwhile another member of staff approves Ada, who has been read already.
        if arguments["affiliate"].pk == other.pk:
            decide(**arguments | {"affiliate": Affiliate.objects.get(pk=application.pk), "by": None})
        decide(**arguments)

    monkeypatch.setattr(applications, "approve", decide_after_a_colleague)
    data = {"action": "approve_selected", "_selected_action": [str(application.pk), str(other.pk)], "confirmed": "1"}
    page = manager.post(LIST, data, follow=True).content.decode()
    assert "Someone else has changed Ada Lovelace" in page
    assert "1 application approved.<br>Bob" in page
    assert Affiliate.objects.filter(state=State.APPROVED).count() == 2
    assert Message.objects.filter(kind="application_approved").count() == 2


def test_applications_are_listed_oldest_first_with_decisions_per_row(manager: Client, application: Affiliate) -> None:
    later = make_affiliate(state=State.APPLIED, name="Zoe", at=NOW + timedelta(days=1))
    page = manager.get(LIST, {"state__exact": "applied"}).content.decode()
    assert page.index("Ada Lovelace") < page.index("Zoe")
    link = f"{build_url(later, 'approve')}?_changelist_filters=state__exact%3Dapplied"
    assert f'href="{link}"' in page
    response = manager.post(link, {"confirmed": "1"})
    assert response["Location"] == f"{LIST}?state__exact=applied"
    assert "_changelist_filters" not in manager.get(LIST, {"state__exact": "active"}).content.decode()


def test_decision_shows_the_email_that_will_be_sent(manager: Client, application: Affiliate) -> None:
    page = manager.get(build_url(application, "approve")).content.decode()
    for text in (application.email, "has been approved", application.channels.get().address):
        assert text in page
    url = build_url(application, "reject")
    assert "[your reason]" in manager.get(url).content.decode()
    page = manager.post(url, {"confirmed": "1", "reason": "Too few readers, {name}.", "preview": "1"}).content.decode()
    assert "Too few readers, Ada Lovelace." in page
    assert Affiliate.objects.get().state == State.APPLIED
    assert not Message.objects.exclude(kind="application_received").exists()


def test_page_of_an_impossible_decision_says_why(manager: Client) -> None:
    unconfirmed = make_affiliate(state=State.APPLIED, user=make_user(verified=False))
    assert "The e-mail address is not confirmed yet." in manager.get(build_url(unconfirmed, "approve")).content.decode()


def test_rejection_by_template_names_the_applicant(manager: Client, application: Affiliate) -> None:
    template = RejectionTemplate.objects.create(name="Readers", text="Too few readers, {name}.")
    manager.post(build_url(application, "reject"), {"confirmed": "1", "template": str(template.pk), "reason": ""})
    assert AuditRecord.objects.get(action="affiliate rejected").reason == "Too few readers, Ada Lovelace."
    mail = Message.objects.get(kind="application_rejected")
    assert mail.context["reason"] == "Too few readers, Ada Lovelace."


def test_answers_are_shown_in_the_list_and_on_the_page(manager: Client, application: Affiliate) -> None:
    application.application_answers.create(position=1, question="How do you promote?", answer="By a <b>letter</b>.")
    for url in (f"{LIST}?state__exact=applied", build_url(application)):
        page = manager.get(url).content.decode()
        assert "How do you promote?" in page
        assert "By a &lt;b&gt;letter&lt;/b&gt;." in page


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
        for prefix in ("application_answers", "rule_checks", "channels", "status_changes")
        for name in ("TOTAL_FORMS", "INITIAL_FORMS", "MIN_NUM_FORMS", "MAX_NUM_FORMS")
    }
