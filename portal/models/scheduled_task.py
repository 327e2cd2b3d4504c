"""What beat runs, again and again, and what became of each asking (DESIGN 2.5, RELIABILITY 2)."""

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from lib.formatting import format_datetime
from lib.ids import uuid7


class ScheduledTask(models.Model):
    """One task, by the name of its task: when it was last asked and answered, and how often in a row it failed."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    name = models.CharField(_("task"), max_length=200, unique=True)
    # When it was first asked: what was never asked is late by the first of all.
    first_run_at = models.DateTimeField(_("first asked"), db_default=Now())
    last_run_at = models.DateTimeField(_("last asked"), null=True)
    last_success_at = models.DateTimeField(_("last answered"), null=True)
    result = models.TextField(_("last result"), blank=True, default="")
    seconds = models.FloatField(_("seconds"), null=True)
    # In a row; an result begins anew.
    failures = models.PositiveSmallIntegerField(_("failures in a row"), default=0)
    failed_at = models.DateTimeField(_("last failed"), null=True)
    error = models.TextField(_("last failure"), blank=True, default="")
    # From then on it is not asked until staff say so.
    disabled_at = models.DateTimeField(_("set aside"), null=True)

    class Meta:
        verbose_name = _("daily task")
        ordering: ClassVar = ["name"]
        permissions: ClassVar = [("enable_scheduledtask", _("Can have a task asked again that was set aside"))]

    def __str__(self) -> str:
        return self.name


class TaskRun(models.Model):
    """An asking that is under way, or that failed. One that was answered leaves no row but its task's."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    task = models.ForeignKey(ScheduledTask, models.CASCADE, related_name="runs")
    # The queue's own id: a job whose worker was killed comes again under the same.
    job = models.CharField(max_length=100)
    started_at = models.DateTimeField(_("began"))
    failed_at = models.DateTimeField(_("failed"), null=True)
    error = models.TextField(_("why"), blank=True, default="")

    class Meta:
        verbose_name = _("asking")
        verbose_name_plural = _("askings")
        ordering: ClassVar = ["-started_at", "-id"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["task", "job"], condition=Q(failed_at__isnull=True), name="one_unfinished_run_per_job"
            )
        ]

    def __str__(self) -> str:
        return f"{self.task_id}, {format_datetime(self.started_at)}"


class IntegrityCheck(models.Model):
    """What a night's check of all rows found: one a night for each thing that is proven."""

    class Name(models.TextChoices):
        LEDGER = "ledger", _("ledger")
        ACCEPTANCES = "acceptances", _("acceptances")
        ROLLUPS = "roll-ups", _("daily roll-ups")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    name = models.CharField(_("of"), max_length=20, choices=Name)
    day = models.DateField(_("day"))
    started_at = models.DateTimeField(_("when"))
    seconds = models.FloatField(_("seconds"))
    # What was compared, in words.
    summary = models.CharField(_("proven"), max_length=200)
    # The first thing that is wrong; empty where all is as it must be.
    violation = models.TextField(_("first violation"), blank=True, default="")

    class Meta:
        verbose_name = _("nightly proof")
        verbose_name_plural = _("nightly proofs")
        ordering: ClassVar = ["-day", "name"]
        constraints: ClassVar = [models.UniqueConstraint(fields=["name", "day"], name="one_integrity_check_per_day")]

    def __str__(self) -> str:
        return f"{self.name} {self.day}"
