"""Audit records: who changed what, when, from which to which values, and why (specification 9). Append-only."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from lib.formatting import format_datetime
from lib.ids import uuid7
from lib.triggers import build_append_only_triggers


class AuditRecord(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    at = models.DateTimeField(_("time"))
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, verbose_name=_("user"), related_name="+"
    )
    action = models.CharField(_("action"), max_length=60)
    subject_type = models.CharField(max_length=60)
    subject_id = models.CharField(max_length=64)
    before = models.JSONField(_("before"), default=dict)
    after = models.JSONField(_("after"), default=dict)
    reason = models.TextField(_("reason"))

    class Meta:
        verbose_name = _("audit record")
        ordering: ClassVar = ["-at", "-id"]
        indexes: ClassVar = [models.Index(fields=["subject_type", "subject_id", "at"])]
        constraints: ClassVar = [models.CheckConstraint(condition=~models.Q(reason=""), name="audit_record_has_reason")]
        triggers: ClassVar = build_append_only_triggers(redactable=("before", "after", "reason"))

    def __str__(self) -> str:
        return f"{format_datetime(self.at)}: {self.action}"
