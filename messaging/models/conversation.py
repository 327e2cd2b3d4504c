"""Conversations of affiliates with the program: one per affiliate and subject (specification 10)."""

from typing import ClassVar, Self
from uuid import UUID

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from affiliates.models import Affiliate
from lib.foreign_keys import build_no_delete_triggers
from lib.ids import uuid7
from lib.triggers import build_append_only_triggers

SUBJECT_LENGTH = 150


class ConversationQuerySet(models.QuerySet["Conversation"]):
    def for_affiliate(self, affiliate: Affiliate | UUID) -> Self:
        return self.filter(affiliate=affiliate)

    def to_answer(self) -> Self:
        """Return the conversations whose last message is the affiliate's."""
        return self.exclude(state=Conversation.State.ANSWERED)


class Conversation(models.Model):
    """The messages of one affiliate and the program about one subject.

    `state` is how far staff are with it; each side has a mark until when it has read.
    """

    class State(models.TextChoices):
        # The inbox of staff sorts by these values in descending order.
        UNREAD = "unread", _("new")
        READ = "read", _("to answer")
        ANSWERED = "answered", _("nothing to answer")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    affiliate = models.ForeignKey(Affiliate, models.PROTECT, related_name="conversations")
    subject = models.CharField(_("subject"), max_length=SUBJECT_LENGTH)
    state = models.CharField(_("state"), max_length=10, choices=State)
    started_at = models.DateTimeField(_("started"))
    last_message_at = models.DateTimeField(_("last message"))
    # The newest message of staff; None before the first one.
    last_staff_message_at = models.DateTimeField(null=True)
    affiliate_read_at = models.DateTimeField(_("read by the affiliate"), null=True)
    staff_read_at = models.DateTimeField(_("read by staff"), null=True)

    objects = ConversationQuerySet.as_manager()

    class Meta:
        verbose_name = _("conversation")
        ordering: ClassVar = ["-state", "-last_message_at", "-id"]
        permissions: ClassVar = [("answer_conversation", _("Can write to affiliates and answer them"))]
        indexes: ClassVar = [
            models.Index(fields=["-state", "-last_message_at", "-id"], name="conversation_inbox"),
            models.Index(fields=["affiliate", "-last_message_at"], name="conversation_of_affiliate"),
        ]
        constraints: ClassVar = [
            # Several subjects of one affiliate may become alike when personal data is erased.
            models.UniqueConstraint(
                F("affiliate"),
                Lower("subject"),
                condition=~Q(subject__contains="[erased]"),
                name="conversation_subject",
            ),
            models.CheckConstraint(
                condition=Q(state="unread") | Q(state="read") | Q(state="answered"), name="conversation_state"
            ),
        ]
        triggers: ClassVar = build_no_delete_triggers()

    def __str__(self) -> str:
        return self.subject

    @property
    def is_waiting_for_affiliate(self) -> bool:
        """Return whether the last message is of staff, and not closed without an answer before it."""
        return self.state == self.State.ANSWERED and self.last_staff_message_at == self.last_message_at

    @property
    def state_text(self) -> str:
        """Return the state for staff: who has the last word, or that no answer was needed."""
        if self.state != self.State.ANSWERED:
            return self.get_state_display()
        return gettext("waiting for the affiliate") if self.is_waiting_for_affiliate else gettext("no answer needed")

    @property
    def is_new_to_affiliate(self) -> bool:
        """Return whether staff have written since the affiliate last opened it."""
        written, read = self.last_staff_message_at, self.affiliate_read_at
        return written is not None and (read is None or read < written)


class ConversationMessage(models.Model):
    """One message of a conversation. Append-only; affiliates see the program's name for a message of staff."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    conversation = models.ForeignKey(Conversation, models.PROTECT, related_name="messages")
    # Position in the conversation, from 1.
    number = models.PositiveIntegerField()
    at = models.DateTimeField(_("date"))
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    from_staff = models.BooleanField(_("from staff"))
    text = models.TextField(_("text"))

    class Meta:
        verbose_name = _("message")
        ordering: ClassVar = ["conversation", "number"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["conversation", "number"], name="conversation_message_number")
        ]
        triggers: ClassVar = build_append_only_triggers(redactable=("text",))

    def __str__(self) -> str:
        return f"{self.conversation_id} {self.number}"
