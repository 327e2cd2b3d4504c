"""The parts of a version: rate card, prohibited activities and clauses, frozen once it is published (specification 2).

A draft may have duplicate rows, so that unfinished work can be saved; `published_without_duplicates` keeps it from
being published.
"""

from typing import ClassVar

import pgtrigger
from django.contrib.postgres.fields import ArrayField
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from agreements.models.agreement import AgreementVersion
from lib.fields import CategoryField, PercentField
from lib.ids import uuid7
from lib.triggers import build_append_only_triggers

# The lock makes an edit wait for a publication in progress, so that the check after it sees the result.
# The schema is named so that a temporary table of the same name cannot hide the real one.
_REJECT_IF_PUBLISHED_SQL = """
    PERFORM 1 FROM public.agreements_agreementversion
     WHERE TG_OP <> 'INSERT' AND id = OLD.agreement_id OR TG_OP <> 'DELETE' AND id = NEW.agreement_id
       FOR KEY SHARE;
    IF EXISTS (SELECT 1 FROM public.agreements_agreementversion
               WHERE published_at IS NOT NULL
                 AND (TG_OP <> 'INSERT' AND id = OLD.agreement_id OR TG_OP <> 'DELETE' AND id = NEW.agreement_id)) THEN
        RAISE EXCEPTION 'pgtrigger: Cannot change % of a published version', TG_TABLE_NAME;
    END IF;
    IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
    RETURN NEW;
"""


def build_freeze_triggers() -> list[pgtrigger.Trigger]:
    """Return triggers that reject INSERT, UPDATE and DELETE of parts of published versions, and every TRUNCATE."""
    return [
        pgtrigger.Trigger(
            name="published_is_final",
            operation=pgtrigger.Insert | pgtrigger.Update | pgtrigger.Delete,
            when=pgtrigger.Before,
            func=_REJECT_IF_PUBLISHED_SQL,
        ),
        build_append_only_triggers()[1],
    ]


slug_validator = RegexValidator(
    r"\A[a-z0-9]+(-[a-z0-9]+)*\Z", _("Use only lowercase letters, digits and single hyphens.")
)


class Rate(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    agreement = models.ForeignKey(AgreementVersion, models.CASCADE, related_name="rates")
    category = CategoryField(_("category code"), max_length=64, validators=[slug_validator])
    name = models.CharField(_("display name"), max_length=100)
    percent = PercentField(_("rate, percent"))
    # Applies to every category without a row; exactly one row per published version.
    everything_else = models.BooleanField(_("everything else"), default=False)
    position = models.PositiveSmallIntegerField(_("position"), default=0)

    class Meta:
        verbose_name = _("rate")
        ordering: ClassVar = ["position", "category"]
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(percent__gte=0, percent__lte=100), name="rate_is_a_percentage"),
        ]
        triggers: ClassVar = build_freeze_triggers()

    def __str__(self) -> str:
        return f"{self.category} {self.percent} %"


class ProhibitedActivity(models.Model):
    class Consequence(models.TextChoices):
        WARNING = "warning", _("warning")
        SUSPENSION = "suspension", _("suspension")
        TERMINATION = "termination", _("termination")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    agreement = models.ForeignKey(AgreementVersion, models.CASCADE, related_name="activities")
    code = models.CharField(_("code"), max_length=64, validators=[slug_validator])
    title = models.CharField(_("title"), max_length=200)
    text = models.TextField(_("text"))
    gravest_consequence = models.CharField(_("gravest consequence"), max_length=12, choices=Consequence)
    position = models.PositiveSmallIntegerField(_("position"), default=0)

    class Meta:
        verbose_name = _("prohibited activity")
        verbose_name_plural = _("prohibited activities")
        ordering: ClassVar = ["position", "code"]
        triggers: ClassVar = build_freeze_triggers()

    def __str__(self) -> str:
        return self.title


class Clause(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    agreement = models.ForeignKey(AgreementVersion, models.CASCADE, related_name="clauses")
    number = models.CharField(_("number"), max_length=12, validators=[RegexValidator(r"\A[1-9]\d*(\.[1-9]\d*)?\Z")])
    heading = models.CharField(_("heading"), max_length=200)
    body = models.TextField(_("body"), blank=True)
    # The keys of `agreements.rules.Rule` that this clause states.
    rules = ArrayField(models.CharField(max_length=60), default=list, blank=True, verbose_name=_("rules"))
    position = models.PositiveSmallIntegerField(_("position"), default=0)

    class Meta:
        verbose_name = _("clause")
        ordering: ClassVar = ["position"]
        triggers: ClassVar = build_freeze_triggers()

    def __str__(self) -> str:
        return f"{self.number} {self.heading}"
