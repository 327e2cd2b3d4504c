"""Daily questions: when each was asked and answered, what is late, and setting aside one that fails again and again.

Beat runs often and remembers nothing (DESIGN 2.5). A task that fails, or whose worker dies with it, is asked again after a
pause; after the third time in a row it is set aside and staff are told (RELIABILITY 2). All others go on.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, NamedTuple

from celery import current_app
from django.db import transaction
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts.models import User
from audit import trail
from lib.errors import NotAllowed
from mail import alerts
from portal.models import ScheduledTask, TaskRun

MAX_FAILURES = 3
# After the first failure and the second: a fault that is over within minutes, as a deployment, sets nothing aside.
RETRY_DELAYS = (timedelta(minutes=1), timedelta(minutes=5))
WORKER_LOST = "The worker was lost while it answered."
# How long a failure is shown, and after what time an asking that nobody finished is forgotten: the queue has lost it.
FAILURE_RETENTION = timedelta(days=30)
UNFINISHED_RETENTION = timedelta(days=1)
# How long an result may take and wait for a free worker before it counts as late.
LATENESS_TOLERANCE = timedelta(minutes=2)


class TaskState(StrEnum):
    """How a task stands, the gravest first."""

    DISABLED = "disabled"
    FAILING = "failing"
    OVERDUE = "overdue"
    NEVER_RUN = "never_run"
    OK = "ok"

    @property
    def label(self) -> str | Promise:
        return _LABELS[self]


# What somebody has to look at.
PROBLEM_STATES = (TaskState.DISABLED, TaskState.FAILING, TaskState.OVERDUE)
_LABELS: dict[TaskState, str | Promise] = {
    TaskState.DISABLED: gettext_lazy("set aside"),
    TaskState.FAILING: gettext_lazy("failing"),
    TaskState.OVERDUE: gettext_lazy("overdue"),
    TaskState.NEVER_RUN: gettext_lazy("not asked yet"),
    TaskState.OK: gettext_lazy("ok"),
}


class TaskStatus(NamedTuple):
    """A task of the schedule as it stands: `task` is None for one that was never asked."""

    title: str
    name: str
    every: timedelta
    task: ScheduledTask | None
    running_since: datetime | None
    next_run_at: datetime | None
    state: TaskState

    @property
    def frequency(self) -> str:
        """How often it is asked: "every 5 minutes"."""
        seconds = int(self.every.total_seconds())
        if seconds % 3600 == 0:
            return ngettext("every hour", "every %(number)d hours", seconds // 3600) % {"number": seconds // 3600}
        if seconds % 60 == 0:
            return ngettext("every minute", "every %(number)d minutes", seconds // 60) % {"number": seconds // 60}
        return ngettext("every second", "every %(number)d seconds", seconds) % {"number": seconds}


@transaction.atomic
def start_run(*, name: str, job: str, now: datetime) -> bool:
    """Write that `job` runs the task `name` now; False where it must not be asked: set aside, or in its pause."""
    ScheduledTask.objects.get_or_create(name=name, defaults={"first_run_at": now})
    task = ScheduledTask.objects.select_for_update().get(name=name)
    lost = task.runs.filter(job=job, failed_at=None).first()
    if lost:
        _count_failure(task, lost, WORKER_LOST, now)
    if task.disabled_at or _is_in_retry_delay(task, now):
        return False
    task.runs.filter(started_at__lt=now - FAILURE_RETENTION).delete()
    task.runs.filter(started_at__lt=now - UNFINISHED_RETENTION, failed_at=None).delete()
    TaskRun.objects.create(task=task, job=job, started_at=now)
    ScheduledTask.objects.filter(pk=task.pk).update(last_run_at=now)
    return True


@transaction.atomic
def record_success(*, name: str, job: str, result: str, seconds: float, now: datetime) -> None:
    """Write that `job` has its result, in words; "" says that there was nothing to do."""
    ScheduledTask.objects.filter(name=name).update(
        last_success_at=now, result=result, seconds=seconds, failures=0, error=""
    )
    TaskRun.objects.filter(task__name=name, job=job, failed_at=None).delete()


@transaction.atomic
def record_failure(*, name: str, job: str, error: str, counts: bool, now: datetime) -> None:
    """Write that `job` failed; where it `counts`, the third time in a row sets the task aside and tells staff."""
    task = ScheduledTask.objects.select_for_update().get(name=name)
    ask = task.runs.filter(job=job, failed_at=None).first()
    if ask:
        _count_failure(task, ask, error.replace("\x00", ""), now, counts=counts)


@transaction.atomic
def enable_task(*, task: ScheduledTask, now: datetime, by: User) -> None:
    """Have a task asked again that was set aside; refuses any other."""
    aside = ScheduledTask.objects.filter(pk=task.pk, disabled_at__isnull=False)
    if not aside.update(disabled_at=None, failures=0):
        raise NotAllowed(_("Only a task that was set aside can be asked again by hand; beat runs all others."))
    before = {"failures": task.failures, "set aside": task.disabled_at}
    reason = _("It was set aside after: %(error)s") % {"error": task.error}
    trail.record(action="task asked again", subject=task, now=now, by=by, before=before, reason=reason)


def _count_failure(task: ScheduledTask, ask: TaskRun, error: str, now: datetime, *, counts: bool = True) -> None:
    ask.failed_at, ask.error = now, error
    ask.save(update_fields=["failed_at", "error"])
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
    """What beat runs: {title: {"task": its name, "schedule": seconds}}."""
    found: Mapping[str, Mapping[str, Any]] = current_app.conf.beat_schedule
    return found


def get_title(name: str) -> str:
    """What the task `name` is called in the schedule; its name where it is not there."""
    return next((title for title, entry in get_schedule().items() if entry["task"] == name), name)


def list_task_statuses(now: datetime) -> list[TaskStatus]:
    """Every task of the schedule as it stands, in the order of the schedule."""
    known = {task.name: task for task in ScheduledTask.objects.all()}
    running = dict(
        TaskRun.objects.filter(failed_at=None).order_by("-started_at").values_list("task__name", "started_at")
    )
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
    running: Mapping[str, datetime],
    now: datetime,
    first: datetime | None,
) -> TaskStatus:
    task = known.get(name)
    next_run_at = None if task is None or task.last_run_at is None else task.last_run_at + every
    state = _determine_state(task, now - 2 * every - LATENESS_TOLERANCE, first)
    return TaskStatus(title, name, every, task, running.get(name), next_run_at, state)


def _determine_state(task: ScheduledTask | None, due: datetime, first: datetime | None) -> TaskState:
    """How a task stands whose result must be from `due` or later, where `first` was the first that was ever asked."""
    if task is None:
        return TaskState.NEVER_RUN if first and first >= due else TaskState.OVERDUE
    if task.disabled_at:
        return TaskState.DISABLED
    if task.error:
        return TaskState.FAILING
    late = (task.last_success_at or task.first_run_at) < due
    return TaskState.OVERDUE if late else TaskState.OK
