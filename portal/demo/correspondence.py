"""The messages of the demo: an announcement to all, an answered conversation and one that waits for an answer."""

from datetime import datetime, timedelta
from functools import partial

from mail.models import Message
from messaging import announcements, conversations
from messaging.models import AnnouncementReceipt, Conversation
from portal.demo.context import DemoContext, get_affiliate, get_affiliate_in
from portal.demo.logins import OWNER
from portal.demo.persona_data import find_personas
from portal.demo.personas import Situation

MANAGER = "manager"
UNREAD_DAYS = 10
ANNOUNCEMENT = (
    "The spring catalog is online: new lamps, planters and garden chairs.\n\n"
    "Every product has a page that you can link to. Write to us if you need pictures."
)


def schedule_correspondence(context: DemoContext) -> None:
    """Schedule the announcement and the first message of each conversation."""
    context.timeline.schedule(context.days.ago(9, 10), partial(_announce, context))
    context.timeline.schedule(context.days.ago(5, 9), partial(_ask_for_pictures, context))
    context.timeline.schedule(context.days.ago(1, 15), _ask_about_the_target)


def mark_old_read(now: datetime) -> None:
    """Mark what happened before the last days as read, as people do."""
    before = now - timedelta(days=UNREAD_DAYS)
    Message.objects.filter(created_at__lt=before, read_at=None).update(read_at=now)
    AnnouncementReceipt.objects.filter(received_at__lt=before, read_at=None).update(read_at=now)


def _announce(context: DemoContext, now: datetime) -> None:
    by = context.staff[OWNER.key]
    answers = {"subject": "The spring catalog is online", "text": ANNOUNCEMENT}
    announcement = announcements.save_draft(announcement=None, answers=answers, now=now, by=by)
    announcements.send(announcement=announcement, now=now, by=by)
    announcements.deliver_batches(now=now)


def _ask_for_pictures(context: DemoContext, now: datetime) -> None:
    persona = find_personas(Situation.ACCEPTED_ON_PAPER)[0]
    affiliate = get_affiliate(persona)
    conversation = conversations.write_to_program(
        affiliate=affiliate,
        subject="Pictures of the new lamps",
        text="Hello, I am writing about the new lamps. May I use the pictures of your shop in my post?",
        now=now,
        by=affiliate.user,
    )
    context.timeline.schedule(now + timedelta(hours=4), partial(_answer, context, conversation))


def _answer(context: DemoContext, conversation: Conversation, now: datetime) -> None:
    text = "Yes, please do. Link the picture to the product's page, and your readers find the lamp at once."
    conversations.answer_affiliate(conversation=conversation, text=text, now=now, by=context.staff[MANAGER])


def _ask_about_the_target(now: datetime) -> None:
    affiliate = get_affiliate_in(Situation.TARGET_AT_RISK)
    conversations.write_to_program(
        affiliate=affiliate,
        subject="My sales target",
        text="I was ill for a month and could not write. Does that count toward my target?",
        now=now,
        by=affiliate.user,
    )
