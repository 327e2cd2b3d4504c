"""The status history of affiliates, which attribution reads (specification 4). Append-only."""

from datetime import datetime
from typing import ClassVar, Self

from django.conf import settings
from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext_lazy as _

from affiliates.models.affiliate import Affiliate, State
from lib.ids import uuid7
from lib.triggers import build_append_only_triggers

# True of a row of affiliates_statuschange that counts: it neither annuls another change nor is annulled. For SQL that
# loads histories; the same as `StatusChangeQuerySet.in_effect`. `known_at` may be "infinity".
IN_EFFECT_SQL = """(annuls_id IS NULL
       AND NOT EXISTS (SELECT FROM affiliates_statuschange later
                        WHERE later.annuls_id = affiliates_statuschange.id AND later.recorded_at <= %(known_at)s::timestamptz)
       AND affiliates_statuschange.recorded_at <= %(known_at)s::timestamptz)"""


class StatusChangeQuerySet(models.QuerySet["StatusChange"]):
    def in_effect(self, *, known_at: datetime | None = None) -> Self:
        """Return the changes that count: without those that a granted appeal annulled, and without the annulments.

        With `known_at`, the history is the one recorded by then.
        """
        known = Q() if known_at is None else Q(recorded_at__lte=known_at)
        annulments = self.model.objects.filter(known, annuls=OuterRef("pk"))
        return self.filter(known, ~Exists(annulments), annuls=None)

    def participation(self) -> Self:
        """Return the changes by which affiliates began to take part; one who never accepted an agreement has none."""
        return self.filter(after=State.ACTIVE)


class StatusChange(models.Model):
    """A change of state. One that `annuls` another records that the other counts as if it had never been made."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    affiliate = models.ForeignKey(Affiliate, models.PROTECT, related_name="status_changes")
    before = models.CharField(_("from"), max_length=12, choices=State, blank=True)
    after = models.CharField(_("to"), max_length=12, choices=State)
    # The start of the state. An import may record it later.
    at = models.DateTimeField(_("since"))
    recorded_at = models.DateTimeField(_("recorded"))
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    breach = models.BooleanField(_("for breach"), default=False)
    reason = models.TextField(_("reason"), blank=True)
    clause = models.CharField(_("clause"), max_length=60, blank=True)
    # When the notice ends that runs from this change on, as known then; the affiliate's own field is overwritten.
    notice_ends_at = models.DateTimeField(_("notice ends"), null=True)
    # The key of the decision behind the change, such as the id of a review.
    source = models.CharField(max_length=100, blank=True, default="")
    annuls = models.OneToOneField(
        "self", models.PROTECT, null=True, related_name="annulled_by", verbose_name=_("annuls")
    )

    objects = StatusChangeQuerySet.as_manager()

    class Meta:
        verbose_name = _("status change")
        verbose_name_plural = _("status changes")
        ordering: ClassVar = ["at", "id"]
        indexes: ClassVar = [models.Index(fields=["affiliate", "at"])]
        triggers: ClassVar = build_append_only_triggers(redactable=("reason",))

    def __str__(self) -> str:
        return f"{self.before or '-'} to {self.after}"
