"""The status history of affiliates, which attribution reads (specification 4). Append-only."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from affiliates.models.affiliate import Affiliate, State
from lib.ids import uuid7
from lib.triggers import build_append_only_triggers


class StatusChange(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    affiliate = models.ForeignKey(Affiliate, models.PROTECT, related_name="status_changes")
    before = models.CharField(_("from"), max_length=12, choices=State, blank=True)
    after = models.CharField(_("to"), max_length=12, choices=State)
    # The start of the state. An import may record it later.
    at = models.DateTimeField(_("since"))
    recorded_at = models.DateTimeField(_("recorded"))
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    breach = models.BooleanField(_("for breach"), default=False)
    reason = models.TextField(_("reason"), blank=True)
    clause = models.CharField(_("clause"), max_length=60, blank=True)

    class Meta:
        verbose_name = _("status change")
        verbose_name_plural = _("status changes")
        ordering: ClassVar = ["at", "id"]
        indexes: ClassVar = [models.Index(fields=["affiliate", "at"])]
        triggers: ClassVar = build_append_only_triggers(redactable=("reason",))

    def __str__(self) -> str:
        return f"{self.before or '-'} to {self.after}"
