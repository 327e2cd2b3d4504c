"""The outbox: e-mails are stored with their context, then rendered and sent by a worker (specification 10)."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from lib.ids import uuid7

# E-mails with links that sign users in: only who has the mailbox may read them.
SIGN_IN_PREFIX = "account"


class Message(models.Model):
    class State(models.TextChoices):
        WAITING = "waiting", _("queued")
        SENT = "sent", _("sent")
        FAILED = "failed", _("failed")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    kind = models.CharField(_("kind"), max_length=60)
    to = models.EmailField(_("to"))
    # Whose e-mail it is, also after they have changed their address; None if only the address is known.
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    # Only one message per key is stored, so that an event is announced once.
    key = models.CharField(max_length=200, unique=True)
    context = models.JSONField(default=dict)
    # That of the reader, "" for the language of the installation. Without a default, so that SQL has to name it.
    language = models.CharField(_("language"), max_length=10, blank=True)
    attachments = models.JSONField(default=list)
    created_at = models.DateTimeField(_("created"), db_default=Now())
    state = models.CharField(_("state"), max_length=10, choices=State, db_default=State.WAITING, default=State.WAITING)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0, db_default=0)
    next_attempt_at = models.DateTimeField(_("next attempt"), db_default=Now())
    sent_at = models.DateTimeField(_("sent"), null=True)
    # When its reader opened it on their page of notifications.
    read_at = models.DateTimeField(null=True)
    error = models.TextField(_("last error"), blank=True, default="", db_default="")
    subject = models.CharField(_("subject"), max_length=300, blank=True, default="", db_default="")
    text = models.TextField(blank=True, default="", db_default="")
    html = models.TextField(blank=True, default="", db_default="")

    class Meta:
        verbose_name = _("e-mail")
        ordering: ClassVar = ["-created_at", "-id"]
        indexes: ClassVar = [
            models.Index(fields=["next_attempt_at"], condition=Q(state="waiting"), name="mail_waiting"),
            # For the home of staff.
            models.Index(fields=["created_at"], condition=Q(state="failed"), name="mail_failed"),
            models.Index(fields=["to", "created_at"], name="mail_to"),
            # For the list of staff. Ids don't follow the time: that of a statement's e-mail is random.
            models.Index(fields=["-created_at", "-id"], name="mail_newest"),
            models.Index(fields=["user"], condition=Q(read_at__isnull=True), name="mail_unread"),
        ]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(state="sent", sent_at__isnull=False) | (~Q(state="sent") & Q(sent_at__isnull=True)),
                name="mail_sent_at_set",
            )
        ]

    def __str__(self) -> str:
        return str(_("%(kind)s to %(to)s") % {"kind": self.kind.replace("_", " "), "to": self.to})

    @property
    def has_sign_in_link(self) -> bool:
        return self.kind.startswith(SIGN_IN_PREFIX)

    @property
    def message_id(self) -> str:
        """Return the Message-ID, which is the same for every attempt, so that repeated e-mail is recognized."""
        domain = settings.DEFAULT_FROM_EMAIL.rsplit("@", 1)[-1].rstrip(">")
        return f"<{self.pk}@{domain}>"
