"""Channels of affiliates. Only approved channels may be used (specification 10)."""

from typing import ClassVar, Self
from uuid import UUID

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from affiliates.models.affiliate import Affiliate
from lib.ids import uuid7


class ChannelQuerySet(models.QuerySet["Channel"]):
    def for_affiliate(self, affiliate: Affiliate | UUID) -> Self:
        return self.filter(affiliate=affiliate)


class Channel(models.Model):
    class Kind(models.TextChoices):
        WEBSITE = "website", _("website")
        BLOG = "blog", _("blog")
        SOCIAL = "social", _("social profile")
        NEWSLETTER = "newsletter", _("newsletter")
        APP = "app", _("app")

    class State(models.TextChoices):
        PENDING = "pending", _("pending")
        APPROVED = "approved", _("approved")
        REJECTED = "rejected", _("rejected")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    affiliate = models.ForeignKey(Affiliate, models.PROTECT, related_name="channels")
    kind = models.CharField(_("kind"), max_length=12, choices=Kind)
    address = models.URLField(_("address"), max_length=500)
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.PENDING)
    added_at = models.DateTimeField(_("added"))
    decided_at = models.DateTimeField(_("decided"), null=True)
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    reason = models.TextField(_("reason"), blank=True)

    objects = ChannelQuerySet.as_manager()

    class Meta:
        verbose_name = _("channel")
        ordering: ClassVar = ["-added_at", "-id"]
        permissions: ClassVar = [("decide_channel", "Can approve and reject channels")]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["affiliate", "address"], name="channel_unique_address"),
            models.CheckConstraint(
                condition=Q(state="pending", decided_at__isnull=True)
                | (~Q(state="pending") & Q(decided_at__isnull=False)),
                name="channel_decided_at_set",
            ),
        ]

    def __str__(self) -> str:
        return self.address


class ChannelPreview(models.Model):
    """What the page of a channel says about itself, for staff who decide about it, or why it could not be read."""

    channel = models.OneToOneField(Channel, models.CASCADE, primary_key=True, related_name="preview")
    fetched_at = models.DateTimeField(_("fetched"))
    title = models.CharField(_("title"), max_length=200, blank=True)
    description = models.CharField(_("description"), max_length=500, blank=True)
    problem = models.CharField(_("problem"), max_length=200, blank=True)

    class Meta:
        verbose_name = _("preview of a channel")
        verbose_name_plural = _("previews of channels")
        ordering: ClassVar = ["-fetched_at"]

    def __str__(self) -> str:
        return self.title or self.problem
