"""Conversations of affiliates and staff, which only grow."""

from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.db import DatabaseError, IntegrityError, transaction

from affiliates.models import Affiliate
from audit.models import AuditRecord
from lib.errors import NotAllowed
from mail.models import Message
from mail.rendering import render
from messaging import conversations
from messaging.models import Conversation, ConversationMessage
from tests.factories import NOW, make_affiliate, make_staff

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


@pytest.fixture
def affiliate():
    return make_affiliate(name="Ann Archer")


def write(affiliate, subject="Pictures", text="May I use yours?", now=NOW):
    return conversations.write_to_program(affiliate=affiliate, subject=subject, text=text, now=now, by=affiliate.user)


def answer(conversation, text="Yes.", now=NOW + HOUR, by=None):
    by = by or make_staff("affiliate managers")
    conversations.answer_affiliate(conversation=conversation, text=text, now=now, by=by)


def test_message_that_arrives_while_staff_answer_still_waits(affiliate):
    conversation, by = write(affiliate), make_staff()
    write(affiliate, text="Wait, which one?")
    conversations.answer_affiliate(conversation=conversation, text="Yes.", now=NOW, by=by, seen=1)
    assert Conversation.objects.to_answer().get().state == "unread"
    conversations.answer_affiliate(conversation=conversation, text="All.", now=NOW, by=by, seen=3)
    assert not Conversation.objects.to_answer().exists()


def test_same_subject_continues_the_conversation(affiliate):
    first = write(affiliate, "Pictures")
    assert write(affiliate, "  pictures ", "And videos?") == first
    assert write(make_affiliate(), "Pictures") != first
    assert list(first.messages.order_by("number").values_list("number", "text", "from_staff")) == [
        (1, "May I use yours?", False),
        (2, "And videos?", False),
    ]


def test_conversation_goes_from_new_to_answered_and_back(affiliate):
    conversation = write(affiliate)
    assert Conversation.objects.to_answer().get().state == "unread"
    conversations.mark_read_by_staff(conversation=conversation, now=NOW)
    assert Conversation.objects.to_answer().get().state == "read"
    answer(conversation)
    assert not Conversation.objects.to_answer().exists()
    conversation.refresh_from_db()
    conversations.answer_program(conversation=conversation, text="Thanks.", now=NOW + 2 * HOUR, by=affiliate.user)
    assert Conversation.objects.to_answer().get().state == "unread"


def test_answer_of_staff_is_notified_once_with_its_beginning(affiliate):
    by = make_staff("affiliate managers")
    answer(write(affiliate), "Yes, please. " * 100, by=by)
    message = Message.objects.get(kind="message_received")
    assert (message.to, message.user) == (affiliate.email, affiliate.user)
    mail = render(kind=message.kind, context=message.context)
    assert "Pictures" in mail.subject
    assert "Yes, please. Yes" in mail.text
    assert len(message.context["text"]) < 510
    assert by.name not in mail.text
    assert f"/messages/{Conversation.objects.get().pk}/" in mail.text


def test_message_of_an_affiliate_is_no_email():
    write(make_affiliate())
    assert not Message.objects.filter(kind="message_received").exists()


def test_messages_of_staff_are_audited_without_their_text(affiliate):
    by = make_staff("affiliate managers")
    conversation = conversations.write_to_affiliate(
        affiliate=affiliate, subject="Your post", text="Secret words.", now=NOW, by=by
    )
    record = AuditRecord.objects.get(action="message sent")
    assert (record.by, record.subject_id, record.after) == (by, str(conversation.pk), {"number": 1})
    with pytest.raises(NotAllowed):
        conversations.close_without_answer(conversation=conversation, now=NOW, by=by)
    write(affiliate, "Your post", "No.")
    with pytest.raises(NotAllowed, match="new message"):
        conversations.close_without_answer(conversation=conversation, now=NOW, by=by)
    conversations.mark_read_by_staff(conversation=conversation, now=NOW)
    conversations.close_without_answer(conversation=conversation, now=NOW, by=by)
    assert AuditRecord.objects.filter(action="conversation closed without an answer").count() == 1


def test_affiliate_may_write_a_number_of_messages_in_an_hour(affiliate, settings):
    settings.MESSAGES_PER_HOUR = 3
    conversation = write(affiliate)
    answer(conversation, now=NOW)
    for subject in ("Pictures", "Other"):
        write(affiliate, subject)
    with pytest.raises(conversations.LimitReached, match="3 messages an hour"):
        write(affiliate, "More")
    with pytest.raises(conversations.LimitReached):
        conversations.answer_program(conversation=conversation, text="x", now=NOW, by=affiliate.user)
    assert ConversationMessage.objects.filter(from_staff=False).count() == 3
    write(make_affiliate())
    write(affiliate, now=NOW + HOUR)


@pytest.mark.parametrize(
    ("field", "subject", "text"),
    [
        ("subject", " \u200b ", "x"),
        ("subject", "x" * 151, "x"),
        ("text", "x", " \n "),
        ("text", "x", "\u200b"),
        ("text", "x", "x" * 5001),
        ("text", "x", "a\0b"),
    ],
)
def test_bad_text_is_refused_by_field_and_nothing_is_stored(affiliate, field, subject, text):
    with pytest.raises(ValidationError) as error:
        write(affiliate, subject, text)
    assert list(error.value.message_dict) == [field]
    assert not Conversation.objects.exists()


def test_staff_do_not_write_to_themselves_or_to_erased_affiliates(affiliate):
    by = affiliate.user
    with pytest.raises(NotAllowed, match="concerns you"):
        conversations.write_to_affiliate(affiliate=affiliate, subject="x", text="x", now=NOW, by=by)
    Affiliate.objects.filter(pk=affiliate.pk).update(erased_at=NOW)
    affiliate.refresh_from_db()
    with pytest.raises(NotAllowed, match="deleted"):
        conversations.write_to_affiliate(affiliate=affiliate, subject="x", text="x", now=NOW, by=make_staff())
    assert not Conversation.objects.exists()


def test_affiliates_read_mark_covers_the_notice(affiliate):
    conversation = write(affiliate)
    answer(conversation)
    conversation.refresh_from_db()
    assert conversation.is_new_to_affiliate
    conversations.mark_read_by_affiliate(conversation=conversation, now=NOW + 2 * HOUR)
    conversation.refresh_from_db()
    assert not conversation.is_new_to_affiliate
    assert Message.objects.get(kind="message_received").read_at == NOW + 2 * HOUR


@pytest.mark.parametrize(
    "change",
    [
        lambda: ConversationMessage.objects.update(text="Changed."),
        lambda: ConversationMessage.objects.all().delete(),
        lambda: Conversation.objects.all().delete(),
    ],
)
def test_database_refuses_changed_and_deleted_messages(affiliate, change):
    write(affiliate)
    with pytest.raises(DatabaseError), transaction.atomic():
        change()


def test_database_refuses_a_second_conversation_about_a_subject(affiliate):
    first = write(affiliate)
    with pytest.raises(IntegrityError), transaction.atomic():
        Conversation.objects.create(
            affiliate=affiliate, subject=first.subject.upper(), state="read", started_at=NOW, last_message_at=NOW
        )


def test_state_says_who_has_the_last_word(db):
    affiliate, by = make_affiliate(), make_staff("affiliate managers")
    conversation = conversations.write_to_affiliate(affiliate=affiliate, subject="Hi", text="x", now=NOW, by=by)
    conversation.refresh_from_db()
    assert conversation.state_text == "waiting for the affiliate"
    conversations.answer_program(conversation=conversation, text="x", now=NOW + HOUR, by=affiliate.user)
    conversation.refresh_from_db()
    assert conversation.state_text == "new"
    conversations.mark_read_by_staff(conversation=conversation, now=NOW + HOUR)
    conversations.close_without_answer(conversation=conversation, now=NOW + HOUR, by=by)
    conversation.refresh_from_db()
    assert conversation.state_text == "no answer needed"
    conversations.answer_affiliate(conversation=conversation, text="x", now=NOW + 2 * HOUR, by=by)
    conversation.refresh_from_db()
    assert conversation.state_text == "waiting for the affiliate"
