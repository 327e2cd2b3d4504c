"""Agreement versions: the terms are data, the text is rendered from them (specification 2).

A published version never changes; triggers enforce it for the row and all its parts.
"""

from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, ClassVar, Self

import pgtrigger
from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from agreements import languages
from lib.fields import MoneyField, PercentField
from lib.ids import uuid7
from lib.triggers import build_append_only_triggers

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise


def build_day_count_field(
    label: "StrOrPromise", default: int, least: int, most: int
) -> "models.PositiveIntegerField[int, int]":
    """Return the field of a term in days, years or days of the month, with the bounds of specification 2."""
    return models.PositiveIntegerField(
        label, default=default, validators=[MinValueValidator(least), MaxValueValidator(most)]
    )


# Runs in the publishing transaction, whose lock on the version keeps its parts from changing.
_REJECT_DUPLICATES_SQL = """
    IF (SELECT count(*) FROM agreements_rate WHERE agreement_id = NEW.id AND everything_else) <> 1
       OR EXISTS (SELECT FROM agreements_rate WHERE agreement_id = NEW.id GROUP BY category HAVING count(*) > 1)
       OR EXISTS (SELECT FROM agreements_prohibitedactivity
                  WHERE agreement_id = NEW.id GROUP BY code HAVING count(*) > 1)
       OR EXISTS (SELECT FROM agreements_clause WHERE agreement_id = NEW.id GROUP BY number HAVING count(*) > 1) THEN
        RAISE EXCEPTION 'pgtrigger: Cannot publish a version with duplicate rows or no rate for everything else';
    END IF;
    RETURN NEW;
"""


class AgreementVersionQuerySet(models.QuerySet["AgreementVersion"]):
    def published(self) -> Self:
        """Return published versions that are not withdrawn."""
        return self.filter(published_at__isnull=False, withdrawal__isnull=True)

    def in_effect(self, at: datetime) -> Self:
        """Return the published versions in effect at `at`, newest first."""
        return self.published().filter(effective_at__lte=at).order_by("-effective_at", "-number")

    def get_in_force(self, at: datetime) -> "AgreementVersion | None":
        """Return the version in force at `at`, or None before the first."""
        return self.in_effect(at).first()

    def upcoming(self, at: datetime) -> Self:
        return self.published().filter(effective_at__gt=at).order_by("effective_at", "number")


class AgreementVersion(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    name = models.CharField(_("name of the version"), max_length=60, unique=True)
    # Assigned in order of publication: "version 3".
    number = models.PositiveIntegerField(_("number"), null=True, unique=True, editable=False)
    effective_at = models.DateTimeField(_("takes effect"), null=True, editable=False)
    drafted_at = models.DateTimeField(_("drafted"), editable=False)
    published_at = models.DateTimeField(_("published"), null=True, editable=False)
    published_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, editable=False, related_name="+"
    )
    # Whether any change from the previous version is to the affiliate's detriment (specification 2).
    detriment = models.BooleanField(_("less favorable"), default=False, editable=False)
    # The language of its clauses; the text in this language governs.
    language = models.CharField(_("governing language"), max_length=10, default=languages.DEFAULT, editable=False)

    currency = models.CharField(_("currency"), max_length=3, default="USD")
    time_zone = models.CharField(_("time zone of the program"), max_length=50, default="UTC")
    rate_floor = PercentField(_("lowest rate, percent"), default=Decimal("2.60"))
    rate_ceiling = PercentField(_("highest rate, percent"), default=Decimal("8.50"))
    payout_minimum = MoneyField(_("payout minimum"), default=Decimal("16.00"), validators=[MinValueValidator(0)])
    validation_days = build_day_count_field(_("validation days"), 30, 0, 180)
    attribution_days = build_day_count_field(_("attribution days"), 3, 1, 90)
    close_day = build_day_count_field(_("close day"), 3, 1, 28)
    payout_details_hold_days = build_day_count_field(_("hold after a change of payout details, days"), 7, 0, 60)
    retention_years = build_day_count_field(_("retention years"), 10, 1, 30)
    order_commission_cap = MoneyField(
        _("highest commission for one order"), null=True, blank=True, validators=[MinValueValidator(Decimal("0.01"))]
    )
    target_orders = models.PositiveIntegerField(_("sales target, orders"), default=3)
    target_days = build_day_count_field(_("sales target, days"), 180, 1, 730)
    target_cure_days = build_day_count_field(_("grace period after a missed target, days"), 30, 0, 365)
    change_notice_days = build_day_count_field(_("notice of a change, days"), 14, 0, 365)
    termination_notice_days = build_day_count_field(_("notice of termination, days"), 30, 0, 365)
    reply_days = build_day_count_field(_("time to reply to a review, days"), 7, 1, 365)
    review_days = build_day_count_field(_("time to decide a review, days"), 30, 1, 365)
    appeal_days = build_day_count_field(_("time to appeal, days"), 14, 1, 365)

    objects = AgreementVersionQuerySet.as_manager()

    class Meta:
        verbose_name = _("agreement version")
        ordering: ClassVar = ["-effective_at", "-drafted_at"]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(published_at__isnull=True, number__isnull=True, effective_at__isnull=True)
                | Q(published_at__isnull=False, number__isnull=False, effective_at__isnull=False),
                name="agreement_published_complete",
            ),
            models.CheckConstraint(
                condition=Q(rate_floor__lte=models.F("rate_ceiling")), name="agreement_floor_below_ceiling"
            ),
            models.CheckConstraint(
                condition=Q(order_commission_cap__isnull=True)
                | Q(order_commission_cap__gt=0, order_commission_cap__lt="99999999999"),
                name="agreement_cap_positive",
            ),
            models.CheckConstraint(
                condition=Q(payout_minimum__gte=0, payout_minimum__lt="99999999999"),
                name="agreement_minimum_not_negative",
            ),
        ]
        triggers: ClassVar = [
            pgtrigger.Protect(
                name="published_is_final",
                operation=pgtrigger.Update | pgtrigger.Delete,
                condition=pgtrigger.Condition("OLD.published_at IS NOT NULL"),
            ),
            build_append_only_triggers()[1],
            pgtrigger.Trigger(
                name="published_without_duplicates",
                operation=pgtrigger.Update,
                when=pgtrigger.Before,
                condition=pgtrigger.Condition("OLD.published_at IS NULL AND NEW.published_at IS NOT NULL"),
                func=_REJECT_DUPLICATES_SQL,
            ),
        ]

    def __str__(self) -> str:
        return str(_("version %(name)s") % {"name": self.name})


class AgreementText(models.Model):
    """The exact text of a published version in one language, as affiliates accept it; append-only."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    agreement = models.ForeignKey(AgreementVersion, models.PROTECT, related_name="texts")
    language = models.CharField(max_length=10, default="en")
    text = models.TextField()
    sha256 = models.CharField(max_length=64)

    class Meta:
        verbose_name = _("text of a version")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["agreement", "language"], name="one_text_per_language")
        ]
        triggers: ClassVar = build_append_only_triggers()

    def __str__(self) -> str:
        return f"{self.agreement} ({self.language})"

    @property
    def language_name(self) -> str:
        """The language's own name for itself."""
        return languages.get_language_name(self.language)


class AgreementWithdrawal(models.Model):
    """The withdrawal of a version before its effective date; append-only."""

    agreement = models.OneToOneField(AgreementVersion, models.PROTECT, primary_key=True, related_name="withdrawal")
    withdrawn_at = models.DateTimeField(_("withdrawn"))
    withdrawn_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    reason = models.TextField(_("reason"))

    class Meta:
        verbose_name = _("withdrawal of a version")
        triggers: ClassVar = build_append_only_triggers()

    def __str__(self) -> str:
        return f"{self.agreement} withdrawn"
