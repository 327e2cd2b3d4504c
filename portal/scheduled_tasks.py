"""Scheduled tasks: their runs, which of them are overdue, and disabling those that keep failing.

Beat starts tasks often and remembers nothing; the database does. A task that fails, or whose worker dies, is retried
after a delay. After three failures in a row it is disabled and staff are notified; all other tasks continue.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, NamedTuple

from celery import current_app
from django.db import transaction
from django.db.models import Min, Q, QuerySet
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts.models import User
from audit import trail
from lib.errors import NotAllowed
from mail import alerts
from portal.models import ScheduledTask, TaskRun

MAX_FAILURES = 3
# After the first and the second failure: a short outage, such as a deployment, disables nothing.
RETRY_DELAYS = (timedelta(minutes=1), timedelta(minutes=5))
WORKER_LOST = "The worker was lost during the run."
# Failed runs are kept this long; unfinished runs are deleted after this time, since the queue has lost them.
FAILURE_RETENTION = timedelta(days=30)
UNFINISHED_RETENTION = timedelta(days=1)
# The time that a run may take or wait for a free worker before the task counts as overdue.
LATENESS_TOLERANCE = timedelta(minutes=2)


class TaskState(StrEnum):
    """The state of a task, the most serious first."""

    DISABLED = "disabled"
    FAILING = "failing"
    OVERDUE = "overdue"
    NEVER_RUN = "never_run"
    OK = "ok"

    @property
    def label(self) -> str | Promise:
        return _LABELS[self]


# The states that need attention from staff.
PROBLEM_STATES = (TaskState.DISABLED, TaskState.FAILING, TaskState.OVERDUE)
_LABELS: dict[TaskState, str | Promise] = {
    TaskState.DISABLED: gettext_lazy("disabled"),
    TaskState.FAILING: gettext_lazy("failing"),
    TaskState.OVERDUE: gettext_lazy("overdue"),
    TaskState.NEVER_RUN: gettext_lazy("not run yet"),
    TaskState.OK: gettext_lazy("ok"),
}


class TaskStatus(NamedTuple):
    """The status of a scheduled task; `task` is None if it has never run."""

    title: str
    name: str
    every: timedelta
    task: ScheduledTask | None
    running_since: datetime | None
    next_run_at: datetime | None
    state: TaskState

    @property
    def frequency(self) -> str:
        """Return how often the task runs, such as "every 5 minutes"."""
        seconds = int(self.every.total_seconds())
        if seconds % 3600 == 0:
            return ngettext("every hour", "every %(number)d hours", seconds // 3600) % {"number": seconds // 3600}
        if seconds % 60 == 0:
            return ngettext("every minute", "every %(number)d minutes", seconds // 60) % {"number": seconds // 60}
        return ngettext("every second", "every %(number)d seconds", seconds) % {"number": seconds}


@transaction.atomic
def start_run(*, name: str, job: str, now: datetime) -> bool:
    """Record that `job` starts the task `name`; return False if it must not run: disabled, or waiting for its retry."""
    ScheduledTask.objects.get_or_create(name=name, defaults={"first_run_at": now})
    task = ScheduledTask.objects.select_for_update().get(name=name)
    lost = task.runs.filter(job=job, failed_at=None).first()
    if lost:
        # The runs of one worker are lost together, and the queue returns those of killed workers together an hour later.
        is_first = task.failed_at is None or task.failed_at <= lost.started_at
        _count_failure(task, lost, WORKER_LOST, now, counts=is_first)
    if task.disabled_at or _is_in_retry_delay(task, now):
        return False
    task.runs.filter(started_at__lt=now - FAILURE_RETENTION).delete()
    task.runs.filter(started_at__lt=now - UNFINISHED_RETENTION, failed_at=None).delete()
    TaskRun.objects.create(task=task, job=job, started_at=now)
    ScheduledTask.objects.filter(pk=task.pk).update(last_run_at=now)
    return True


@transaction.atomic
def record_success(*, name: str, job: str, result: str, seconds: float, now: datetime) -> None:
    """Record the result of `job` as text; "" if there was nothing to do."""
    ScheduledTask.objects.filter(name=name).update(
        last_success_at=now, result=result, seconds=seconds, failures=0, error=""
    )
    TaskRun.objects.filter(task__name=name, job=job, failed_at=None).delete()


@transaction.atomic
def record_failure(*, name: str, job: str, error: str, counts: bool, now: datetime) -> None:
    """Record that `job` failed; if it `counts`, the third failure in a row disables the task and notifies staff."""
    task = ScheduledTask.objects.select_for_update().get(name=name)
    run = task.runs.filter(job=job, failed_at=None).first()
    if run:
        _count_failure(task, run, error.replace("\x00", ""), now, counts=counts)


@transaction.atomic
def enable_task(*, task: ScheduledTask, now: datetime, by: User) -> None:
    """Enable a disabled task. Raises NotAllowed for any other."""
    disabled = ScheduledTask.objects.filter(pk=task.pk, disabled_at__isnull=False)
    if not disabled.update(disabled_at=None, failures=0):
        raise NotAllowed(_("Only a disabled task can be enabled."))
    before = {"failures": task.failures, "disabled": task.disabled_at}
    reason = _("It was disabled after: %(error)s") % {"error": task.error}
    trail.record(action="task enabled", subject=task, now=now, by=by, before=before, reason=reason)


def _count_failure(task: ScheduledTask, run: TaskRun, error: str, now: datetime, *, counts: bool = True) -> None:
    run.failed_at, run.error = now, error
    run.save(update_fields=["failed_at", "error"])
    task.failed_at, task.error = now, error
    if counts:
        task.failures += 1
    if task.failures >= MAX_FAILURES and not task.disabled_at:
        task.disabled_at = now
        context = {"task": get_title(task.name), "failures": task.failures, "error": error[:500]}
        alerts.alert_staff(kind="task_disabled", key=f"{task.pk}:{now.isoformat()}", context=context)
    task.save(update_fields=["failed_at", "error", "failures", "disabled_at"])


def _is_in_retry_delay(task: ScheduledTask, now: datetime) -> bool:
    if not task.failures or task.failed_at is None:
        return False
    return now < task.failed_at + RETRY_DELAYS[min(task.failures, len(RETRY_DELAYS)) - 1]


def get_schedule() -> Mapping[str, Mapping[str, Any]]:
    """Return beat's schedule: {title: {"task": name, "schedule": seconds}}."""
    schedule: Mapping[str, Mapping[str, Any]] = current_app.conf.beat_schedule
    return schedule


def get_title(name: str) -> str:
    """Return the title of the task `name` in the schedule; `name` itself if it is not scheduled."""
    return next((title for title, entry in get_schedule().items() if entry["task"] == name), name)


def get_first_run_time() -> datetime | None:
    """Return when any scheduled task ran first, None if none has."""
    return ScheduledTask.objects.order_by("first_run_at").values_list("first_run_at", flat=True).first()


def list_task_statuses(now: datetime) -> list[TaskStatus]:
    """Return the status of every scheduled task, in the order of the schedule."""
    running_since = Min("runs__started_at", filter=Q(runs__failed_at=None))
    tasks: QuerySet[Any] = ScheduledTask.objects.annotate(running_since=running_since)
    known = {task.name: task for task in tasks}
    running = {name: task.running_since for name, task in known.items()}
    first = min((task.first_run_at for task in known.values()), default=None)
    return [
        _build_task_status(title, entry["task"], timedelta(seconds=entry["schedule"]), known, running, now, first)
        for title, entry in get_schedule().items()
    ]


def _build_task_status(
    title: str,
    name: str,
    every: timedelta,
    known: Mapping[str, ScheduledTask],
    running: Mapping[str, datetime | None],
    now: datetime,
    first: datetime | None,
) -> TaskStatus:
    task = known.get(name)
    # Beat starts all tasks together: one that has never run is due its interval after the first run of any.
    last_run_at = task.last_run_at if task and task.last_run_at else first
    next_run_at = last_run_at + every if last_run_at else None
    state = _determine_state(task, now - 2 * every - LATENESS_TOLERANCE, first)
    return TaskStatus(title, name, every, task, running.get(name), next_run_at, state)


def _determine_state(task: ScheduledTask | None, due: datetime, first: datetime | None) -> TaskState:
    """Return the state of a task that must have succeeded since `due`; `first` is the first run of any task."""
    if task is None:
        return TaskState.NEVER_RUN if first and first >= due else TaskState.OVERDUE
    if task.disabled_at:
        return TaskState.DISABLED
    if task.error:
        return TaskState.FAILING
    is_late = (task.last_success_at or task.first_run_at) < due
    return TaskState.OVERDUE if is_late else TaskState.OK
