"""Translations of the clauses and activities of a version, frozen once it is published (specification 2).

The language a version is written in governs. Terms and rates are data and need no translation.
"""

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from agreements.models.agreement import AgreementVersion
from agreements.models.parts import Clause, ProhibitedActivity, build_freeze_triggers
from lib.ids import uuid7


class Translation(models.Model):
    """Another language in which a version is offered."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    agreement = models.ForeignKey(AgreementVersion, models.CASCADE, related_name="translations")
    language = models.CharField(_("language"), max_length=10)

    class Meta:
        verbose_name = _("translation")
        ordering: ClassVar = ["language"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["agreement", "language"], name="one_translation_per_language")
        ]
        triggers: ClassVar = build_freeze_triggers()

    def __str__(self) -> str:
        return f"{self.agreement} ({self.language})"


class TranslatedClause(models.Model):
    """A translated clause; `source_sha256` is the fingerprint of the governing words it was made from."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    agreement = models.ForeignKey(AgreementVersion, models.CASCADE, related_name="translated_clauses")
    clause = models.ForeignKey(Clause, models.CASCADE, related_name="translations")
    language = models.CharField(_("language"), max_length=10)
    heading = models.CharField(_("heading"), max_length=200, blank=True)
    body = models.TextField(_("body"), blank=True)
    source_sha256 = models.CharField(max_length=64)

    class Meta:
        verbose_name = _("translation of a clause")
        ordering: ClassVar = ["clause__position", "language"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["clause", "language"], name="one_translated_clause_per_language")
        ]
        triggers: ClassVar = build_freeze_triggers()

    def __str__(self) -> str:
        return f"{self.clause.number} {self.heading}"


class TranslatedActivity(models.Model):
    """A translated activity; `source_sha256` as in TranslatedClause."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    agreement = models.ForeignKey(AgreementVersion, models.CASCADE, related_name="translated_activities")
    activity = models.ForeignKey(ProhibitedActivity, models.CASCADE, related_name="translations")
    language = models.CharField(_("language"), max_length=10)
    title = models.CharField(_("title"), max_length=200, blank=True)
    text = models.TextField(_("text"), blank=True)
    source_sha256 = models.CharField(max_length=64)

    class Meta:
        verbose_name = _("translation of a prohibited activity")
        ordering: ClassVar = ["activity__position", "language"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["activity", "language"], name="one_translated_activity_per_language")
        ]
        triggers: ClassVar = build_freeze_triggers()

    def __str__(self) -> str:
        return self.title
