"""Adjustments of a balance by staff, each with a reason and a second approval (specification 7)."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from affiliates.models import Affiliate
from lib.fields import MoneyField
from lib.ids import uuid7
from payouts.models.close import Statement


class Adjustment(models.Model):
    class Kind(models.TextChoices):
        BONUS = "bonus", _("bonus")
        CORRECTION = "correction", _("correction")
        CLAWBACK = "clawback", _("clawback")

    class State(models.TextChoices):
        PROPOSED = "proposed", _("proposed")
        APPROVED = "approved", _("approved")
        REJECTED = "rejected", _("rejected")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    affiliate = models.ForeignKey(Affiliate, models.PROTECT, related_name="adjustments")
    kind = models.CharField(_("kind"), max_length=12, choices=Kind)
    # Positive credits the affiliate; a clawback is negative.
    amount = MoneyField(_("amount"))
    reason = models.TextField(_("reason"))
    # A correction of exactly the negative balance, which releases the affiliate from it.
    is_write_off = models.BooleanField(_("write-off"), default=False, db_default=False)
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.PROPOSED)
    made_at = models.DateTimeField(_("proposed"))
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    decided_at = models.DateTimeField(_("decided"), null=True)
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    # The statement that posts it; set once, by the close.
    statement = models.ForeignKey(Statement, models.PROTECT, null=True, related_name="settled_adjustments")

    class Meta:
        verbose_name = _("adjustment")
        permissions: ClassVar = [("approve_adjustment", _("Can approve and reject adjustments"))]
        ordering: ClassVar = ["-made_at", "-id"]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=~Q(amount=0) & Q(amount__gt="-1000000000", amount__lt="1000000000"),
                name="adjustment_is_an_amount",
            ),
            models.CheckConstraint(condition=~Q(kind="bonus") | Q(amount__gt=0), name="adjustment_bonus_is_positive"),
            models.CheckConstraint(
                condition=~Q(kind="clawback") | Q(amount__lt=0), name="adjustment_clawback_is_negative"
            ),
            models.CheckConstraint(
                condition=Q(is_write_off=False) | Q(kind="correction", amount__gt=0),
                name="adjustment_write_off_is_a_correction",
            ),
            models.UniqueConstraint(
                fields=["affiliate"],
                condition=Q(is_write_off=True, statement__isnull=True, state__in=["proposed", "approved"]),
                name="one_open_write_off",
            ),
            models.CheckConstraint(
                condition=Q(state="proposed", decided_at__isnull=True, decided_by__isnull=True)
                | (~Q(state="proposed") & Q(decided_at__isnull=False, decided_by__isnull=False)),
                name="adjustment_decision_has_decider",
            ),
            models.CheckConstraint(
                condition=~Q(state="approved") | ~Q(decided_by=F("made_by")), name="adjustment_needs_second_approval"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.amount}"

    @property
    def kind_label(self) -> str:
        """Return the label of the kind; a write-off, which is stored as a correction, has its own."""
        return gettext("write-off") if self.is_write_off else self.get_kind_display()
