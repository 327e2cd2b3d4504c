"""Promotions: dated rates that may raise the agreement's rates, never lower them (specification 5)."""

from typing import ClassVar

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from affiliates.models import Affiliate
from lib.fields import CategoryField, PercentField
from lib.ids import uuid7


class Promotion(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    name = models.CharField(_("name"), max_length=100)
    percent = PercentField(_("rate, percent"))
    # Empty: every category.
    categories = ArrayField(CategoryField(max_length=64), default=list, blank=True, verbose_name=_("categories"))
    # Empty: every affiliate.
    affiliates = models.ManyToManyField(Affiliate, blank=True, verbose_name=_("affiliates"))
    starts_at = models.DateTimeField(_("from"))
    ends_at = models.DateTimeField(_("until"))
    created_at = models.DateTimeField(editable=False)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", editable=False
    )

    class Meta:
        verbose_name = _("promotion")
        ordering: ClassVar = ["-starts_at"]
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(ends_at__gt=F("starts_at")), name="promotion_ends_after_it_starts"),
            models.CheckConstraint(condition=Q(percent__gte=0, percent__lte=100), name="promotion_is_a_percentage"),
        ]

    def __str__(self) -> str:
        return self.name
