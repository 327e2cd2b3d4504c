"""Deletion requests of affiliates (specification 9), which staff carry out once nothing is outstanding."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from affiliates.models import Affiliate
from lib.ids import uuid7


class ErasureRequest(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    affiliate = models.OneToOneField(Affiliate, models.PROTECT, related_name="erasure_request")
    requested_at = models.DateTimeField(_("requested"))
    # When the affiliate was notified that nothing is open, so that their data is deleted next.
    announced_at = models.DateTimeField(_("announced"), null=True)
    carried_out_at = models.DateTimeField(_("completed"), null=True)
    carried_out_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")

    class Meta:
        verbose_name = _("deletion request")
        verbose_name_plural = _("deletion requests")
        ordering: ClassVar = ["requested_at"]
        permissions: ClassVar = [("erase_affiliate", _("Can delete an affiliate's personal data"))]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(carried_out_by__isnull=True) | Q(carried_out_at__isnull=False),
                name="erasure_carried_out_by_requires_at",
            )
        ]

    def __str__(self) -> str:
        return str(self.affiliate)
