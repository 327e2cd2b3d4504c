"""Clicks on tracking links. IP addresses are stored truncated, never in full."""

from typing import ClassVar

from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from lib.formatting import format_datetime
from tracking.models.link import Link
from tracking.models.order import CurrentTransaction


class Click(models.Model):
    """A request for a tracking link. The table is partitioned by the month of `at` (`tracking.clicks.partitions`)."""

    class Kind(models.TextChoices):
        COUNTED = "counted", _("counted")
        HEAD = "head", _("HEAD request")
        BOT = "bot", _("known bot")
        PREFETCH = "prefetch", _("prefetch")
        NO_AGENT = "no_agent", _("no User-Agent")
        SUBRESOURCE = "subresource", _("image, frame or script")
        FLOOD = "flood", _("flood from one address")
        PAUSED = "paused", _("link paused")

    class Device(models.TextChoices):
        MOBILE = "mobile", _("mobile")
        TABLET = "tablet", _("tablet")
        DESKTOP = "desktop", _("desktop")
        OTHER = "other", _("other")

    # The nonce of the click id, so that writing a click twice leaves one row. The database key is (id, at), because a
    # partitioned table needs its partition column in every key.
    id = models.UUIDField(primary_key=True)
    link = models.ForeignKey(Link, models.PROTECT, related_name="clicks")
    at = models.DateTimeField(_("when"))
    kind = models.CharField(_("kind"), max_length=12, choices=Kind, default=Kind.COUNTED, db_default=Kind.COUNTED)
    sub1 = models.CharField(max_length=100, blank=True, default="", db_default="")
    sub2 = models.CharField(max_length=100, blank=True, default="", db_default="")
    sub3 = models.CharField(max_length=100, blank=True, default="", db_default="")
    sub4 = models.CharField(max_length=100, blank=True, default="", db_default="")
    sub5 = models.CharField(max_length=100, blank=True, default="", db_default="")
    address = models.CharField(_("truncated IP address"), max_length=45, blank=True, default="", db_default="")
    user_agent = models.CharField(_("browser"), max_length=300, blank=True, default="", db_default="")
    referrer_host = models.CharField(_("referring site"), max_length=253, blank=True, default="", db_default="")

    device = models.CharField(
        _("device"), max_length=7, choices=Device, default=Device.OTHER, db_default=Device.OTHER, editable=False
    )
    # What a deep link requested that led to the link's own target instead; empty for all others.
    failed_deep_link = models.CharField(
        _("failed deep link"), max_length=200, blank=True, default="", db_default="", editable=False
    )
    # The writing transaction. A reader finds the clicks that it could not see before by their newer transaction.
    transaction = models.BigIntegerField(db_default=CurrentTransaction(), editable=False)

    class Meta:
        verbose_name = _("click")
        ordering: ClassVar = ["-at"]
        indexes: ClassVar = [
            models.Index(fields=["link", "-at"]),
            # For the pages that show what went wrong, of which there is little.
            models.Index(
                fields=["link", "-at"],
                name="click_not_counted",
                condition=~Q(kind="counted") | ~Q(failed_deep_link=""),
            ),
            # Clicks are written in the order of both columns, so a small block-range index is enough.
            BrinIndex(
                fields=["transaction", "at"], name="click_transaction_at_brin", pages_per_range=16, autosummarize=True
            ),
        ]

    def __str__(self) -> str:
        return str(_("click of %(at)s") % {"at": format_datetime(self.at)})


class ClickLoss(models.Model):
    """A number of clicks that were redirected but lost or recorded late, because the database was unavailable."""

    recorded_at = models.DateTimeField(_("recorded"), db_default=Now())
    count = models.PositiveIntegerField(_("clicks lost"))
    late = models.PositiveIntegerField(_("recorded late"), default=0, db_default=0)
    # The spool file that the clicks come from, so that a file which is read twice is counted once.
    source = models.CharField(max_length=200, null=True, unique=True, editable=False)

    class Meta:
        verbose_name = _("click loss")
        verbose_name_plural = _("lost clicks")
        ordering: ClassVar = ["-recorded_at"]

    def __str__(self) -> str:
        return str(_("%(count)s clicks") % {"count": self.count})
