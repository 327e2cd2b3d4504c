"""Rejects: rows of orders that were refused, kept for staff (specification 4)."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from lib.ids import uuid7
from tracking.models import Order


class Reject(models.Model):
    """A row that was refused, kept for staff to see and send again (CONTRACT 4)."""

    class State(models.TextChoices):
        OPEN = "open", _("open")
        RESENT = "resent", _("sent again")
        DISMISSED = "dismissed", _("dismissed")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    received_at = models.DateTimeField(_("received"))
    source = models.CharField(_("source"), max_length=200)
    order_id = models.CharField(_("order"), max_length=64, blank=True)
    field = models.CharField(_("field"), max_length=200, blank=True)
    cause = models.TextField(_("cause"))
    outcome = models.CharField(_("outcome"), max_length=10, default="rejected")
    content = models.TextField(_("content"))
    # The order id of the address that the row was sent to, where the row named another.
    address = models.CharField(_("sent to the address of"), max_length=64, blank=True, default="")
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.OPEN)
    decided_at = models.DateTimeField(null=True)
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    note = models.TextField(_("note"), blank=True)
    # What was taken in its stead, if staff corrected it; `content` stays as it came.
    corrected_content = models.TextField(_("as corrected"), blank=True, default="")
    accepted_order = models.ForeignKey(
        Order, models.PROTECT, null=True, related_name="rejects", verbose_name=_("taken as")
    )

    class Meta:
        verbose_name = _("reject")
        ordering: ClassVar = ["-received_at", "-id"]
        indexes: ClassVar = [models.Index(fields=["state", "-received_at"])]

    def __str__(self) -> str:
        return f"{self.order_id or '?'}: {self.field or '-'}"
