"""Rejected rows of orders, kept for staff (specification 4)."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from lib.ids import uuid7
from tracking.models import Order


class Reject(models.Model):
    """A rejected row of an order, kept for staff to correct, resend or dismiss."""

    class State(models.TextChoices):
        OPEN = "open", _("open")
        RESENT = "resent", _("resent")
        DISMISSED = "dismissed", _("dismissed")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    received_at = models.DateTimeField(_("received"))
    source = models.CharField(_("source"), max_length=200)
    order_id = models.CharField(_("order"), max_length=64, blank=True)
    field = models.CharField(_("field"), max_length=200, blank=True)
    cause = models.TextField(_("cause"))
    outcome = models.CharField(_("outcome"), max_length=10, default="rejected")
    content = models.TextField(_("content"))
    # The order id in the URL that the row was sent to, if the row names another.
    address = models.CharField(_("sent to the URL of"), max_length=64, blank=True, default="")
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.OPEN)
    decided_at = models.DateTimeField(null=True)
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    note = models.TextField(_("note"), blank=True)
    # What was accepted if staff corrected the row; `content` stays unchanged.
    corrected_content = models.TextField(_("corrected content"), blank=True, default="")
    accepted_order = models.ForeignKey(
        Order, models.PROTECT, null=True, related_name="rejects", verbose_name=_("accepted as")
    )

    class Meta:
        verbose_name = _("rejected order")
        verbose_name_plural = _("rejected orders")
        ordering: ClassVar = ["-received_at", "-id"]
        indexes: ClassVar = [models.Index(fields=["state", "-received_at"])]

    def __str__(self) -> str:
        return f"{self.order_id or '?'}: {self.field or '-'}"
