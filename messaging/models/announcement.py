"""Announcements of staff to affiliates, and who received them (specification 10)."""

from typing import ClassVar

import pgtrigger
from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from affiliates.models import Affiliate
from lib.ids import uuid7
from lib.triggers import build_no_truncate_trigger
from messaging.models.conversation import SUBJECT_LENGTH

# What readers get never changes afterwards, except where an affiliate's name is erased.
_FINAL_COLUMNS = (
    "subject",
    "text",
    "states",
    "countries",
    "channel_kinds",
    "tags",
    "activity",
    "sent_at",
    "sent_by_id",
)


def _build_final_trigger() -> pgtrigger.Trigger:
    old, new = (", ".join(f"{row}.{column}" for column in _FINAL_COLUMNS) for row in ("OLD", "NEW"))
    return pgtrigger.Trigger(
        name="final_once_sent",
        operation=pgtrigger.Update,
        when=pgtrigger.Before,
        condition=pgtrigger.Condition("OLD.state <> 'draft'"),
        func=f"""
            IF current_setting('accord.redaction', true) = 'on' THEN
                RETURN NEW;
            END IF;
            IF ({old}) IS DISTINCT FROM ({new})
               OR NEW.state <> OLD.state AND NOT (OLD.state = 'sending' AND NEW.state = 'sent') THEN
                RAISE EXCEPTION 'announcement % was sent and cannot be changed', OLD.id;
            END IF;
            RETURN NEW;
        """,
    )


class Announcement(models.Model):
    """A text to all active affiliates, or to those whom the filters select. Sent once."""

    class State(models.TextChoices):
        DRAFT = "draft", _("draft")
        SENDING = "sending", _("being sent")
        SENT = "sent", _("sent")
        DISCARDED = "discarded", _("discarded")

    class Activity(models.TextChoices):
        ANY = "", _("any")
        CLICKS = "clicks", _("clicks in the last 90 days")
        ORDERS = "orders", _("orders in the last 90 days")
        NO_CLICKS = "no_clicks", _("no clicks in the last 90 days")
        NO_ORDERS = "no_orders", _("no orders in the last 90 days")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    subject = models.CharField(_("subject"), max_length=SUBJECT_LENGTH)
    text = models.TextField(_("text"))
    # Empty filters select everyone; without `states`, active affiliates.
    states = ArrayField(models.CharField(max_length=12), verbose_name=_("states"), default=list, blank=True)
    countries = ArrayField(models.CharField(max_length=2), verbose_name=_("countries"), default=list, blank=True)
    channel_kinds = ArrayField(models.CharField(max_length=12), verbose_name=_("channels"), default=list, blank=True)
    # Ids of tags, because a tag whose name identifies someone is deleted when they are erased.
    tags = ArrayField(models.UUIDField(), verbose_name=_("tags"), default=list, db_default=[], blank=True)
    activity = models.CharField(_("activity"), max_length=10, choices=Activity, default="", blank=True)
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.DRAFT)
    created_at = models.DateTimeField(_("created"))
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    sent_at = models.DateTimeField(_("sent"), null=True)
    sent_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    readers = models.PositiveIntegerField(_("readers"), default=0)
    # The last affiliate, by id, who has got it so far. It is no foreign key, because it is about no one.
    delivered_to = models.UUIDField(null=True, editable=False)

    class Meta:
        verbose_name = _("announcement")
        ordering: ClassVar = ["-id"]
        permissions: ClassVar = [("send_announcement", _("Can send announcements to affiliates"))]
        indexes: ClassVar = [
            models.Index(fields=["sent_at"], condition=Q(state="sending"), name="announcement_sending"),
        ]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(state="draft", sent_at__isnull=True)
                | Q(state="discarded", sent_at__isnull=True)
                | Q(state="sending", sent_at__isnull=False)
                | Q(state="sent", sent_at__isnull=False),
                name="announcement_sent_at_set",
            )
        ]
        triggers: ClassVar = [
            _build_final_trigger(),
            pgtrigger.Protect(name="never_deleted", operation=pgtrigger.Delete),
            build_no_truncate_trigger(),
        ]

    def __str__(self) -> str:
        return self.subject


class AnnouncementReceipt(models.Model):
    """An affiliate who received an announcement, and when they opened it."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    announcement = models.ForeignKey(Announcement, models.PROTECT, related_name="receipts")
    affiliate = models.ForeignKey(Affiliate, models.PROTECT, related_name="+")
    received_at = models.DateTimeField(_("received"))
    read_at = models.DateTimeField(_("read"), null=True)

    class Meta:
        verbose_name = _("announcement receipt")
        default_permissions = ()
        ordering: ClassVar = ["-received_at", "-id"]
        indexes: ClassVar = [
            models.Index(fields=["affiliate", "-received_at", "-id"], name="receipt_of_affiliate"),
            models.Index(fields=["affiliate"], condition=Q(read_at__isnull=True), name="receipt_unread"),
        ]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["announcement", "affiliate"], name="announcement_received_once")
        ]

    def __str__(self) -> str:
        return f"{self.announcement_id} {self.affiliate_id}"
