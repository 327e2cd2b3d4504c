"""Termination notices without breach, applied by a scheduled task when they expire (specification 8)."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from affiliates.models import Affiliate
from compliance.models.review import Review
from lib.formatting import format_datetime
from lib.ids import uuid7


class TerminationNotice(models.Model):
    class Ground(models.TextChoices):
        TARGET = "target", _("missed sales target")
        CHOICE = "choice", _("the program's choice")

    class State(models.TextChoices):
        RUNNING = "running", _("running")
        CARRIED_OUT = "carried_out", _("applied")
        REVOKED = "revoked", _("revoked")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    affiliate = models.ForeignKey(Affiliate, models.PROTECT, related_name="termination_notices")
    ground = models.CharField(_("ground"), max_length=8, choices=Ground)
    reason = models.TextField(_("reason"))
    clause = models.CharField(_("clause"), max_length=12)
    review = models.ForeignKey(Review, models.PROTECT, null=True, related_name="+")
    given_at = models.DateTimeField(_("given"))
    given_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    takes_effect_at = models.DateTimeField(_("takes effect"))
    state = models.CharField(_("state"), max_length=12, choices=State, default=State.RUNNING)
    ended_at = models.DateTimeField(_("ended"), null=True)

    class Meta:
        verbose_name = _("termination notice")
        verbose_name_plural = _("termination notices")
        ordering: ClassVar = ["-given_at"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["affiliate"], condition=Q(state="running"), name="unique_running_termination_notice"
            )
        ]

    def __str__(self) -> str:
        return f"{self.affiliate}: {format_datetime(self.takes_effect_at)}"
