"""Clicks on tracking links. Addresses are kept shortened; the full ones are never stored."""

from typing import ClassVar

from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from tracking.models.link import Link


class Click(models.Model):
    class Kind(models.TextChoices):
        COUNTED = "counted", _("counted")
        HEAD = "head", _("HEAD request")
        BOT = "bot", _("known bot")
        PREFETCH = "prefetch", _("prefetch")
        FLOOD = "flood", _("flood from one address")
        PAUSED = "paused", _("link paused")

    # The click id's own random part: a repeated write of the same click is one row.
    id = models.UUIDField(primary_key=True)
    link = models.ForeignKey(Link, models.PROTECT, related_name="clicks")
    at = models.DateTimeField(_("when"))
    kind = models.CharField(_("kind"), max_length=10, choices=Kind, default=Kind.COUNTED, db_default=Kind.COUNTED)
    sub1 = models.CharField(max_length=100, blank=True, default="", db_default="")
    sub2 = models.CharField(max_length=100, blank=True, default="", db_default="")
    sub3 = models.CharField(max_length=100, blank=True, default="", db_default="")
    sub4 = models.CharField(max_length=100, blank=True, default="", db_default="")
    sub5 = models.CharField(max_length=100, blank=True, default="", db_default="")
    address = models.CharField(_("shortened address"), max_length=45, blank=True, default="", db_default="")
    user_agent = models.CharField(_("browser"), max_length=300, blank=True, default="", db_default="")
    referrer_host = models.CharField(_("from site"), max_length=253, blank=True, default="", db_default="")

    class Meta:
        verbose_name = _("click")
        ordering: ClassVar = ["-at"]
        indexes: ClassVar = [models.Index(fields=["link", "-at"])]

    def __str__(self) -> str:
        return f"{self.link_id} {self.at:%Y-%m-%d %H:%M}"


class ClickLoss(models.Model):
    """How many clicks were redirected but not recorded, because the database was away: shown to staff."""

    recorded_at = models.DateTimeField(_("recorded"), db_default=Now())
    count = models.PositiveIntegerField(_("clicks lost"))

    class Meta:
        verbose_name = _("loss of click records")
        verbose_name_plural = _("losses of click records")
        ordering: ClassVar = ["-recorded_at"]

    def __str__(self) -> str:
        return str(self.count)
