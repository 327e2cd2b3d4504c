"""That an affiliate asked to be erased (CONTRACT 9): staff see it, and carry it out once nothing stands in the way."""

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
    requested_at = models.DateTimeField(_("asked"))
    carried_out_at = models.DateTimeField(_("carried out"), null=True)
    carried_out_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")

    class Meta:
        verbose_name = _("request to be erased")
        verbose_name_plural = _("requests to be erased")
        ordering: ClassVar = ["requested_at"]
        permissions: ClassVar = [("erase_affiliate", _("Can erase an affiliate's personal data"))]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(carried_out_by__isnull=True) | Q(carried_out_at__isnull=False),
                name="erasure_carried_out_by_requires_at",
            )
        ]

    def __str__(self) -> str:
        return str(self.affiliate)
