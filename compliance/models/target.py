"""Sales targets: daily checks, missed-target notices and pauses (specification 8)."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from affiliates.models import Affiliate
from agreements.models import AgreementVersion
from compliance.models.review import Review
from lib.formatting import format_date
from lib.ids import uuid7
from lib.triggers import build_append_only_triggers


class TargetCheck(models.Model):
    """The result of one affiliate's check on one day, with the values it was computed from. Append-only."""

    class Result(models.TextChoices):
        MET = "met", _("met")
        AT_RISK = "at_risk", _("at risk")
        MISSED = "missed", _("missed")

    affiliate = models.ForeignKey(Affiliate, models.PROTECT, related_name="target_checks")
    day = models.DateField(_("day"))
    checked_at = models.DateTimeField(_("checked"))
    result = models.CharField(_("result"), max_length=8, choices=Result)
    orders = models.PositiveIntegerField(_("qualifying orders"))
    target = models.PositiveIntegerField(_("target"))
    window_from = models.DateTimeField(_("window start"))
    days_paused = models.PositiveIntegerField(_("paused days"), default=0)
    agreement = models.ForeignKey(AgreementVersion, models.PROTECT, related_name="+")
    clause = models.CharField(_("clause"), max_length=12)
    # The check sent the at-risk e-mail, which goes out at most once per `target_days`.
    warning_sent = models.BooleanField(_("warning sent"), default=False, db_default=False)

    class Meta:
        verbose_name = _("sales target check")
        ordering: ClassVar = ["-day"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["affiliate", "day"], name="unique_target_check_per_day")
        ]
        triggers: ClassVar = build_append_only_triggers()

    def __str__(self) -> str:
        return f"{format_date(self.day)}: {self.get_result_display()}"


class TargetNotice(models.Model):
    """A missed-target notice: it closes if the target is met by `cure_by`; otherwise a review opens."""

    class State(models.TextChoices):
        RUNNING = "running", _("running")
        MET = "met", _("met again")
        REVIEWED = "reviewed", _("under review")
        # The affiliate is leaving or has left, or no longer has a target.
        LAPSED = "lapsed", _("lapsed")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    affiliate = models.ForeignKey(Affiliate, models.PROTECT, related_name="target_notices")
    notified_at = models.DateTimeField(_("notified"))
    cure_by = models.DateTimeField(_("due by"))
    orders = models.PositiveIntegerField(_("orders"))
    target = models.PositiveIntegerField(_("target"))
    agreement = models.ForeignKey(AgreementVersion, models.PROTECT, related_name="+")
    clause = models.CharField(_("clause"), max_length=12)
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.RUNNING)
    ended_at = models.DateTimeField(_("ended"), null=True)
    review = models.OneToOneField(Review, models.PROTECT, null=True, related_name="target_notice")

    class Meta:
        verbose_name = _("missed-target notice")
        verbose_name_plural = _("missed-target notices")
        ordering: ClassVar = ["-notified_at"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["affiliate"], condition=Q(state="running"), name="unique_running_target_notice"
            )
        ]

    def __str__(self) -> str:
        return f"{self.affiliate}: {self.orders} of {self.target}"


class TargetPause(models.Model):
    """Days by which staff extend the target period of every affiliate."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    starts_on = models.DateField(_("first day"))
    ends_on = models.DateField(_("last day"))
    reason = models.TextField(_("reason"))
    declared_at = models.DateTimeField(editable=False)
    declared_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", editable=False
    )

    class Meta:
        verbose_name = _("target pause")
        verbose_name_plural = _("target pauses")
        ordering: ClassVar = ["-starts_on"]
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(ends_on__gte=F("starts_on")), name="target_pause_dates_ordered")
        ]

    def __str__(self) -> str:
        return str(
            _("%(first)s to %(last)s") % {"first": format_date(self.starts_on), "last": format_date(self.ends_on)}
        )
