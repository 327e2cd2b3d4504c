"""The admin of the outbox."""

from uuid import UUID

import pytest
from django.test import Client
from django.urls import reverse

from audit.models import AuditRecord
from mail.models import Message
from tests.factories import NOW, make_affiliate, make_staff

pytestmark = pytest.mark.django_db

LIST = reverse("admin:mail_message_changelist")


@pytest.fixture
def root(client: Client) -> Client:
    client.force_login(make_staff(superuser=True))
    return client


def create_message(state: str, kind: str = "a_test", **values: object) -> Message:
    return Message.objects.create(
        kind=kind,
        to="ada@example.com",
        key=f"{kind}{state}",
        created_at=NOW,
        next_attempt_at=NOW,
        state=state,
        text="The text of the e-mail.",
        **values,
    )


def test_message_is_shown_read_only(root: Client) -> None:
    page = reverse("admin:mail_message_change", args=[create_message("waiting").pk])
    assert "The text of the e-mail." in root.get(page).content.decode()
    assert root.post(page, {"to": "eve@example.com"}).status_code == 403
    assert "A test" in root.get(LIST).content.decode()


def test_sign_in_links_are_hidden(root: Client) -> None:
    page = root.get(reverse("admin:mail_message_change", args=[create_message("waiting", kind="account").pk]))
    assert "The text of the e-mail." not in page.content.decode()


def test_failed_message_is_queued_again_after_confirmation(root: Client) -> None:
    failed = create_message("failed", attempts=12)
    data = {"action": "send_again_selected", "_selected_action": [str(failed.pk)]}
    assert root.post(LIST, data).status_code == 200
    assert Message.objects.get().state == "failed"
    root.post(LIST, data | {"confirmed": "1"})
    assert (Message.objects.get().state, Message.objects.get().attempts) == ("waiting", 0)
    assert AuditRecord.objects.get(action="e-mail sent again").subject_id == str(failed.pk)


def test_sent_message_cannot_be_sent_again(root: Client) -> None:
    sent = create_message("sent", sent_at=NOW)
    data = {"action": "send_again_selected", "_selected_action": [str(sent.pk)], "confirmed": "1"}
    assert "Only a failed e-mail can be sent again" in root.post(LIST, data, follow=True).content.decode()
    assert Message.objects.get().state == "sent"


def test_outbox_requires_superuser(client: Client) -> None:
    client.force_login(make_staff("affiliate managers", "compliance reviewers", "payout preparers", "payout approvers"))
    assert client.get(LIST).status_code == 403


def test_emails_are_found_by_their_affiliate_or_the_whole_address(root: Client, db: None) -> None:
    affiliate = make_affiliate(name="Greta Gardener")
    Message.objects.create(kind="a_test", to=affiliate.user.email, key="1", created_at=NOW, text="x")
    for text in (affiliate.code, "greta", affiliate.user.email[:5], affiliate.user.email):
        assert affiliate.user.email in root.get(LIST, {"q": text}).content.decode(), text
    page = root.get(LIST, {"q": "no-one"}).content.decode()
    assert affiliate.user.email not in page
    assert "Whole e-mail address of the recipient" in page


def test_newest_email_comes_first_whatever_its_id(root: Client) -> None:
    for number, hour in ((3, 1), (1, 3), (2, 2)):
        Message.objects.create(
            id=UUID(int=number),
            kind="month_closed",
            to=f"hour{hour}@example.com",
            key=f"order:{number}",
            created_at=NOW.replace(hour=hour),
        )
    page = root.get(LIST).content.decode()
    places = [page.index(f"hour{hour}@example.com") for hour in (3, 2, 1)]
    assert places == sorted(places)
