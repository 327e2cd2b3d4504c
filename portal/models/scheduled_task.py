"""Scheduled tasks with their runs, and nightly integrity checks."""

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from lib.formatting import format_date, format_datetime
from lib.ids import uuid7


class ScheduledTask(models.Model):
    """A task of beat's schedule: its last run, its last result and its failures in a row."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    name = models.CharField(_("task"), max_length=200, unique=True)
    # A task that has never run is overdue relative to the first run of any task.
    first_run_at = models.DateTimeField(_("first run"), db_default=Now())
    last_run_at = models.DateTimeField(_("last run"), null=True)
    last_success_at = models.DateTimeField(_("last success"), null=True)
    result = models.TextField(_("last result"), blank=True, default="")
    seconds = models.FloatField(_("seconds"), null=True)
    failures = models.PositiveSmallIntegerField(_("failures in a row"), default=0)
    failed_at = models.DateTimeField(_("last failed"), null=True)
    error = models.TextField(_("last failure"), blank=True, default="")
    # From then on it does not run until staff enable it.
    disabled_at = models.DateTimeField(_("disabled"), null=True)

    class Meta:
        verbose_name = _("scheduled task")
        ordering: ClassVar = ["name"]
        permissions: ClassVar = [("enable_scheduledtask", _("Can enable a disabled task"))]

    def __str__(self) -> str:
        return self.name


class TaskRun(models.Model):
    """A run that is in progress or failed; a successful run is only recorded on its task."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    task = models.ForeignKey(ScheduledTask, models.CASCADE, related_name="runs")
    # The id of the queue: a job whose worker was killed is delivered again under the same id.
    job = models.CharField(max_length=100)
    started_at = models.DateTimeField(_("started"))
    failed_at = models.DateTimeField(_("failed"), null=True)
    error = models.TextField(_("error"), blank=True, default="")

    class Meta:
        verbose_name = _("task run")
        verbose_name_plural = _("task runs")
        ordering: ClassVar = ["-started_at", "-id"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["task", "job"], condition=Q(failed_at__isnull=True), name="one_unfinished_run_per_job"
            )
        ]

    def __str__(self) -> str:
        return f"{self.task_id}, {format_datetime(self.started_at)}"


class IntegrityCheck(models.Model):
    """The result of a nightly check of all rows: one a day for each kind of check."""

    class Name(models.TextChoices):
        LEDGER = "ledger", _("ledger")
        ACCEPTANCES = "acceptances", _("acceptances")
        ROLLUPS = "roll-ups", _("daily totals")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    name = models.CharField(_("check"), max_length=20, choices=Name)
    day = models.DateField(_("day"))
    started_at = models.DateTimeField(_("started"))
    seconds = models.FloatField(_("seconds"))
    summary = models.CharField(_("verified"), max_length=200)
    # Empty if the check passed.
    violation = models.TextField(_("first violation"), blank=True, default="")

    class Meta:
        verbose_name = _("nightly integrity check")
        verbose_name_plural = _("nightly integrity checks")
        ordering: ClassVar = ["-day", "name"]
        constraints: ClassVar = [models.UniqueConstraint(fields=["name", "day"], name="one_integrity_check_per_day")]

    def __str__(self) -> str:
        return f"{self.get_name_display()}, {format_date(self.day)}"
