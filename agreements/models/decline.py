"""Versions that affiliates declined: each takes effect with the version and can be taken back until then."""

from datetime import datetime
from typing import ClassVar, Self
from uuid import UUID

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from affiliates.models import Affiliate
from agreements.models.agreement import AgreementVersion
from lib.foreign_keys import build_no_delete_triggers
from lib.ids import uuid7


class DeclineQuerySet(models.QuerySet["Decline"]):
    def for_affiliate(self, affiliate: Affiliate | UUID) -> Self:
        return self.filter(affiliate=affiliate)

    def pending(self) -> Self:
        """Return the declines that have not taken effect and were neither taken back nor lapsed."""
        return self.filter(state=Decline.State.PENDING)

    def due(self, at: datetime) -> Self:
        return self.pending().filter(takes_effect_at__lte=at)


class Decline(models.Model):
    class State(models.TextChoices):
        PENDING = "pending", _("waits for the version")
        TAKEN_BACK = "taken_back", _("taken back")
        LAPSED = "lapsed", _("lapsed")
        IN_EFFECT = "in_effect", _("taken effect")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    affiliate = models.ForeignKey(Affiliate, models.PROTECT, related_name="declines")
    agreement = models.ForeignKey(AgreementVersion, models.PROTECT, related_name="declines")
    declined_at = models.DateTimeField(_("declined"))
    # The effective date of the version, or `declined_at` if the version was in effect already.
    takes_effect_at = models.DateTimeField(_("takes effect"))
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.PENDING)
    ended_at = models.DateTimeField(_("ended"), null=True)

    objects = DeclineQuerySet.as_manager()

    class Meta:
        verbose_name = _("declined version")
        verbose_name_plural = _("declined versions")
        ordering: ClassVar = ["-declined_at", "-id"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["affiliate", "agreement"], condition=Q(state="pending"), name="one_pending_decline_per_version"
            ),
            models.CheckConstraint(
                condition=Q(state="pending", ended_at__isnull=True) | (~Q(state="pending") & Q(ended_at__isnull=False)),
                name="decline_ended_at_set",
            ),
        ]
        triggers: ClassVar = build_no_delete_triggers()

    def __str__(self) -> str:
        return f"{self.affiliate}: {self.agreement}"
