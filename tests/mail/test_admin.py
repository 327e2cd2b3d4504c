"""The admin of the outbox ..."""

import pytest
from django.test import Client
from django.urls import reverse

from audit.models import AuditRecord
from mail.models import Message
from tests.factories import NOW, make_staff

pytestmark = pytest.mark.django_db

LIST = reverse("admin:mail_message_changelist")


@pytest.fixture
def root(client: Client) -> Client:
    client.force_login(make_staff(superuser=True))
    return client


def message(state: str, kind: str = "a_test", **values: object) -> Message:
    return Message.objects.create(
        kind=kind,
        to="ada@example.com",
        key=f"{kind}{state}",
        created_at=NOW,
        next_attempt_at=NOW,
        state=state,
        text="The words of the mail.",
        **values,
    )


def test_shows_what_was_written_and_changes_nothing(root: Client) -> None:
    page = reverse("admin:mail_message_change", args=[message("waiting").pk])
    assert "The words of the mail." in root.get(page).content.decode()
    assert root.post(page, {"to": "eve@example.com"}).status_code == 403
    assert root.get(LIST).status_code == 200


def test_shows_nobody_a_link_that_signs_somebody_in(root: Client) -> None:
    page = root.get(reverse("admin:mail_message_change", args=[message("waiting", kind="account").pk]))
    assert "The words of the mail." not in page.content.decode()


def test_sends_again_what_was_given_up(root: Client) -> None:
    failed = message("failed", attempts=12)
    chosen = {"action": "send_again_selected", "_selected_action": [str(failed.pk)]}
    assert root.post(LIST, chosen).status_code == 200
    assert Message.objects.get().state == "failed"
    root.post(LIST, chosen | {"confirmed": "1"})
    assert (Message.objects.get().state, Message.objects.get().attempts) == ("waiting", 0)
    assert AuditRecord.objects.get(action="e-mail sent again").subject_id == str(failed.pk)


def test_does_not_send_again_what_was_sent(root: Client) -> None:
    sent = message("sent", sent_at=NOW)
    chosen = {"action": "send_again_selected", "_selected_action": [str(sent.pk)], "confirmed": "1"}
    assert "Only a failed e-mail can be sent again" in root.post(LIST, chosen, follow=True).content.decode()
    assert Message.objects.get().state == "sent"


def test_is_for_superusers_alone(client: Client) -> None:
    client.force_login(make_staff("affiliate managers", "compliance reviewers", "payout preparers", "payout approvers"))
    assert client.get(LIST).status_code == 403
