"""Conversations of an affiliate and staff: writing, answering, reading (specification 10)."""

from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Max, Q, Value
from django.db.models.functions import Lower
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.models import User
from affiliates.conflict_of_interest import require_uninvolved
from affiliates.models import Affiliate
from affiliates.notifications import notify
from audit import trail
from lib.errors import NotAllowed
from mail.models import Message
from messaging.models import Conversation, ConversationMessage
from messaging.texts import clean_subject, clean_text, quote_beginning

HOUR = timedelta(hours=1)
# As many as a page shows.
MAX_SHOWN = 200
State = Conversation.State


class LimitReached(NotAllowed):
    """The affiliate has written as many messages as they may in an hour."""


@transaction.atomic
def write_to_program(*, affiliate: Affiliate, subject: str, text: str, now: datetime, by: User | None) -> Conversation:
    """Store an affiliate's message in their conversation about `subject`, which is started if there is none.

    Raises ValidationError for a subject or text that is empty or too long, LimitReached for too many messages.
    """
    subject, text = clean_subject(subject), clean_text(text)
    _lock_affiliate(affiliate)
    _check_limit(affiliate, now)
    conversation = _find_or_start(affiliate, subject, State.UNREAD, now)
    _append_from_affiliate(conversation, text, now, by)
    return conversation


@transaction.atomic
def answer_program(*, conversation: Conversation, text: str, now: datetime, by: User | None) -> None:
    """Store an affiliate's message in one of their conversations. Raises as `write_to_program` does."""
    text = clean_text(text)
    _lock_affiliate(conversation.affiliate)
    _check_limit(conversation.affiliate, now)
    _append_from_affiliate(conversation, text, now, by)


@transaction.atomic
def write_to_affiliate(*, affiliate: Affiliate, subject: str, text: str, now: datetime, by: User) -> Conversation:
    """Store a message of staff in the conversation about `subject`, and notify the affiliate by e-mail.

    Raises ValidationError for a subject or text that is empty or too long, NotAllowed if the affiliate cannot read it.
    """
    subject, text = clean_subject(subject), clean_text(text)
    _lock_affiliate(affiliate)
    conversation = _find_or_start(affiliate, subject, State.ANSWERED, now)
    _append_from_staff(conversation, text, now, by)
    return conversation


@transaction.atomic
def answer_affiliate(
    *, conversation: Conversation, text: str, now: datetime, by: User, seen: int | None = None
) -> None:
    """Store an answer of staff and notify the affiliate by e-mail. Raises as `write_to_affiliate` does.

    `seen` is the number of the last message that `by` has read. A later one of the affiliate waits for an answer.
    """
    text = clean_text(text)
    _lock_affiliate(conversation.affiliate)
    has_later = seen is not None and conversation.messages.filter(number__gt=seen, from_staff=False).exists()
    _append_from_staff(conversation, text, now, by, state=State.UNREAD if has_later else State.ANSWERED)


@transaction.atomic
def close_without_answer(*, conversation: Conversation, now: datetime, by: User) -> None:
    """Take a conversation that was read off the list of those to answer. Raises NotAllowed for any other."""
    require_uninvolved(by, [conversation.affiliate])
    read = Conversation.objects.filter(pk=conversation.pk, state=State.READ)
    if not read.update(state=State.ANSWERED, staff_read_at=now):
        raise NotAllowed(_("This conversation is answered, or has a new message. Reload the page."))
    trail.record(
        action="conversation closed without an answer",
        subject=conversation,
        now=now,
        by=by,
        before={"state": State.READ},
        after={"state": State.ANSWERED},
        reason="No answer was needed.",
    )


def list_newest_messages(conversation: Conversation) -> list[ConversationMessage]:
    """Return the newest messages, at most MAX_SHOWN, in the order in which they were written."""
    newest = conversation.messages.select_related("by").order_by("-number")[:MAX_SHOWN]
    return list(newest)[::-1]


def mark_read_by_staff(*, conversation: Conversation, now: datetime) -> None:
    """Mark a new conversation as read."""
    Conversation.objects.filter(pk=conversation.pk, state=State.UNREAD).update(state=State.READ, staff_read_at=now)


@transaction.atomic
def mark_read_by_affiliate(*, conversation: Conversation, now: datetime) -> None:
    """Mark the conversation, and the notifications of its messages, as read."""
    unread = Q(affiliate_read_at=None) | Q(affiliate_read_at__lt=now)
    Conversation.objects.filter(unread, pk=conversation.pk).update(affiliate_read_at=now)
    notices = Message.objects.filter(user=conversation.affiliate.user, kind="message_received", read_at=None)
    notices.filter(context__conversation=str(conversation.pk)).update(read_at=now)


def _lock_affiliate(affiliate: Affiliate) -> None:
    """Keep other messages of this affiliate waiting, so that each sees those before it."""
    Affiliate.objects.select_for_update(no_key=True).get(pk=affiliate.pk)


def _check_limit(affiliate: Affiliate, now: datetime) -> None:
    recent = ConversationMessage.objects.filter(
        conversation__affiliate=affiliate, conversation__last_message_at__gt=now - HOUR, from_staff=False
    )
    if recent.filter(at__gt=now - HOUR).count() >= settings.MESSAGES_PER_HOUR:
        raise LimitReached(
            ngettext(
                "You can write %(most)d message an hour. Please try again later.",
                "You can write %(most)d messages an hour. Please try again later.",
                settings.MESSAGES_PER_HOUR,
            )
            % {"most": settings.MESSAGES_PER_HOUR}
        )


def _find_or_start(affiliate: Affiliate, subject: str, state: State, now: datetime) -> Conversation:
    """Return the affiliate's conversation about `subject`, whatever the letter case. The affiliate is locked."""
    known = Conversation.objects.for_affiliate(affiliate).annotate(key=Lower("subject"))
    return known.filter(key=Lower(Value(subject))).first() or Conversation.objects.create(
        affiliate=affiliate, subject=subject, state=state, started_at=now, last_message_at=now
    )


def _append(
    conversation: Conversation, text: str, now: datetime, by: User | None, *, from_staff: bool
) -> ConversationMessage:
    last = conversation.messages.aggregate(last=Max("number"))["last"] or 0
    return ConversationMessage.objects.create(
        conversation=conversation, number=last + 1, at=now, by=by, from_staff=from_staff, text=text
    )


def _append_from_affiliate(conversation: Conversation, text: str, now: datetime, by: User | None) -> None:
    _append(conversation, text, now, by, from_staff=False)
    Conversation.objects.filter(pk=conversation.pk).update(
        state=State.UNREAD, last_message_at=now, affiliate_read_at=now
    )


def _append_from_staff(
    conversation: Conversation, text: str, now: datetime, by: User, state: State = State.ANSWERED
) -> None:
    affiliate = conversation.affiliate
    require_uninvolved(by, [affiliate])
    if affiliate.erased_at:
        raise NotAllowed(_("The data of this affiliate was deleted, so no message can reach them."))
    message = _append(conversation, text, now, by, from_staff=True)
    Conversation.objects.filter(pk=conversation.pk).update(
        state=state, last_message_at=now, last_staff_message_at=now, staff_read_at=now
    )
    trail.record(
        action="message sent",
        subject=conversation,
        now=now,
        by=by,
        after={"number": message.number},
        reason="A message to the affiliate.",
    )
    context = {
        "subject": conversation.subject,
        "text": quote_beginning(text),
        "is_cut": quote_beginning(text) != text,
        "conversation": str(conversation.pk),
    }
    notify(affiliate=affiliate, kind="message_received", key=str(message.pk), context=context)
