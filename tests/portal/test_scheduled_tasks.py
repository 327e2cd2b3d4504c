"""Scheduled tasks: recorded runs, retries, disabling after failures, and the operations page."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.db import OperationalError
from django.urls import reverse

from audit.models import AuditRecord
from config.celery import app
from lib.errors import NotAllowed
from lib.typed import shared_task
from mail import delivery
from mail.models import Message
from mail.rendering import render
from mail.tasks import deliver
from portal import scheduled_tasks, staff_home
from portal.models import ScheduledTask, TaskRun
from portal.recorded_task import RecordedTask
from portal.scheduled_tasks import TaskState
from tests.factories import make_staff

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 3, 3, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


@shared_task
def succeeding_task() -> str:
    return "all is well"


@shared_task
def failing_task() -> None:
    raise ValueError("bad value")


@shared_task
def task_without_store() -> None:
    raise OperationalError("the connection is closed")


@pytest.fixture(autouse=True)
def _scheduled(settings, monkeypatch):
    settings.STAFF_ALERT_EMAILS = ["staff@example.com"]
    schedule = {name: {"task": f"{__name__}.{name}", "schedule": 300.0} for name in ("succeeding_task", "failing_task")}
    monkeypatch.setattr(scheduled_tasks, "get_schedule", lambda: schedule)


def run_task(task, at: datetime = NOON, job: str = "") -> None:
    """Run `task` as a worker does, without a queue."""
    with time_machine.travel(at, tick=False):
        task.apply(task_id=job or None)


def get_task(task) -> ScheduledTask:
    return ScheduledTask.objects.get(name=task.name)


def get_states(at: datetime) -> dict[str, TaskState]:
    return {one.title: one.state for one in scheduled_tasks.list_task_statuses(at)}


def test_success_is_recorded_with_its_result():
    run_task(succeeding_task)
    row = get_task(succeeding_task)
    assert (row.last_run_at, row.last_success_at, row.result, row.failures) == (NOON, NOON, "all is well", 0)
    assert row.seconds is not None
    assert not TaskRun.objects.exists()


def test_every_task_of_the_schedule_records_its_runs():
    app.loader.import_default_modules()
    assert all(isinstance(app.tasks[entry["task"]], RecordedTask) for entry in app.conf.beat_schedule.values())
    run_task(deliver)
    assert get_task(deliver).last_success_at == NOON


def test_three_failures_disable_the_task_and_alert_staff_once_while_others_continue():
    for minutes in (0, 1, 6, 11, 16, 21):
        run_task(failing_task, NOON + minutes * MINUTE)
    row = get_task(failing_task)
    assert (row.failures, row.disabled_at, row.last_run_at) == (3, NOON + 6 * MINUTE, NOON + 6 * MINUTE)
    assert row.error == "ValueError: bad value"
    assert list(TaskRun.objects.order_by("failed_at").values_list("error", flat=True)) == [row.error] * 3
    [alert] = Message.objects.filter(kind="task_disabled")
    mail = render(kind=alert.kind, context=alert.context)
    assert mail.subject == "Task disabled after 3 failures: failing_task"
    assert "ValueError: bad value" in mail.text
    run_task(succeeding_task, NOON + 21 * MINUTE)
    assert get_states(NOON + 22 * MINUTE) == {"succeeding_task": TaskState.OK, "failing_task": TaskState.DISABLED}


def test_retries_wait_one_minute_and_then_five():
    for minutes, expected in ((0, True), (0.9, False), (1, True), (5.9, False)):
        at = NOON + minutes * MINUTE
        run_task(failing_task, at)
        assert (get_task(failing_task).last_run_at == at) is expected
    assert get_task(failing_task).failures == 2


def test_success_resets_the_failures(monkeypatch):
    run_task(failing_task)
    run_task(failing_task, NOON + MINUTE)
    monkeypatch.setattr(failing_task, "run", lambda: "fixed")
    run_task(failing_task, NOON + 6 * MINUTE)
    assert (get_task(failing_task).failures, get_task(failing_task).error, get_task(failing_task).result) == (
        0,
        "",
        "fixed",
    )


def test_three_lost_workers_disable_the_task():
    # The queue delivers a job whose worker was killed again, under the same id.
    for number, minutes in enumerate((0, 1, 6)):
        assert scheduled_tasks.start_run(name="crashing", job=str(number), now=NOON + minutes * MINUTE)
        assert not scheduled_tasks.start_run(name="crashing", job=str(number), now=NOON + minutes * MINUTE)
    row = ScheduledTask.objects.get(name="crashing")
    assert (row.failures, row.disabled_at, row.error) == (3, NOON + 6 * MINUTE, scheduled_tasks.WORKER_LOST)
    assert Message.objects.filter(kind="task_disabled").count() == 1


@pytest.mark.parametrize("apart", [timedelta(0), 5 * MINUTE], ids=["one worker", "three workers"])
def test_runs_that_the_queue_returns_at_once_count_as_one_failure(apart):
    for number in range(3):
        assert scheduled_tasks.start_run(name="killed", job=str(number), now=NOON + number * apart)
    for number in range(3):
        assert not scheduled_tasks.start_run(name="killed", job=str(number), now=NOON + 60 * MINUTE)
    row = ScheduledTask.objects.get(name="killed")
    assert (row.failures, row.disabled_at) == (1, None)
    assert list(TaskRun.objects.values_list("error", flat=True)) == [scheduled_tasks.WORKER_LOST] * 3
    assert scheduled_tasks.start_run(name="killed", job="next", now=NOON + 61 * MINUTE)


def test_parallel_runs_are_not_taken_for_lost_workers():
    for job in ("one", "two", "three", "four"):
        assert scheduled_tasks.start_run(name="slow", job=job, now=NOON)
    for job in ("one", "two", "three", "four"):
        scheduled_tasks.record_success(name="slow", job=job, result="", seconds=1.0, now=NOON)
    assert ScheduledTask.objects.get(name="slow").failures == 0


def test_unavailable_database_does_not_count_as_failure():
    for minutes in range(0, 60, 5):
        run_task(task_without_store, NOON + minutes * MINUTE)
    row = get_task(task_without_store)
    assert (row.failures, row.disabled_at, row.last_run_at) == (0, None, NOON + 55 * MINUTE)
    assert "the connection is closed" in row.error


def test_task_is_overdue_after_two_intervals_without_a_run():
    assert get_states(NOON) == {"succeeding_task": TaskState.OVERDUE, "failing_task": TaskState.OVERDUE}
    run_task(succeeding_task)
    assert get_states(NOON + 12 * MINUTE)["failing_task"] == TaskState.NEVER_RUN
    assert get_states(NOON + 12 * MINUTE + timedelta(seconds=1))["failing_task"] == TaskState.OVERDUE
    assert get_states(NOON + 12 * MINUTE)["succeeding_task"] == TaskState.OK
    assert get_states(NOON + 12 * MINUTE + timedelta(seconds=1))["succeeding_task"] == TaskState.OVERDUE
    run_task(failing_task)
    assert get_states(NOON)["failing_task"] == TaskState.FAILING


def test_unfinished_runs_of_lost_jobs_are_deleted_after_a_day():
    scheduled_tasks.start_run(name="lost", job="1", now=NOON)
    scheduled_tasks.start_run(name="lost", job="2", now=NOON + timedelta(days=1, seconds=1))
    assert list(TaskRun.objects.values_list("job", flat=True)) == ["2"]


@pytest.fixture
def admin_client(client):
    user = make_staff(superuser=True)
    client.force_login(user)
    return client


def disable_failing_task() -> ScheduledTask:
    for minutes in (0, 1, 6):
        run_task(failing_task, NOON + minutes * MINUTE)
    return get_task(failing_task)


def test_staff_enable_a_disabled_task(admin_client, monkeypatch):
    row = disable_failing_task()
    address = reverse("admin:portal_scheduledtask_enable_task", args=[row.pk])
    assert "was disabled after: ValueError: bad value" in admin_client.get(address).content.decode()
    admin_client.post(address, {"confirmed": "1"})
    record = AuditRecord.objects.get(action="task enabled")
    assert "bad value" in record.reason
    monkeypatch.setattr(failing_task, "run", lambda: "fixed")
    run_task(failing_task, NOON + 7 * MINUTE)
    assert get_task(failing_task).result == "fixed"
    with pytest.raises(NotAllowed):
        scheduled_tasks.enable_task(task=row, now=NOON, by=make_staff())


def test_operations_page_shows_results_failures_and_disabled_tasks(admin_client):
    run_task(succeeding_task)
    disable_failing_task()
    with time_machine.travel(NOON + 8 * MINUTE, tick=False):
        shown = admin_client.get(reverse("admin:portal_scheduledtask_changelist")).content.decode()
    for words in ("all is well", "every 5 minutes", "ValueError: bad value", "3 times in a row", "disabled",
                  reverse("admin:portal_scheduledtask_enable_task", args=[get_task(failing_task).pk]), "Recent failures",
                  "No check has run yet, although"):  # fmt: skip
        assert words in shown, words


def test_staff_home_counts_overdue_and_failing_tasks():
    def counted(at: datetime) -> tuple[int, bool]:
        items = staff_home.list_todo_items(make_staff(superuser=True), at)
        return next((item.count, item.is_late) for item in items if item.label == "Scheduled tasks")

    assert counted(NOON) == (2, True)
    run_task(succeeding_task)
    assert counted(NOON) == (0, False)
    run_task(failing_task)
    assert counted(NOON) == (1, True)


def test_delivery_task_sends_queued_mail(mailoutbox):
    Message.objects.create(kind="task_disabled", to="a@example.com", key="1", context={"failures": 3})
    deliver.apply()
    assert get_task(deliver).result == "1 sent, 0 failed"
    assert delivery.claim(now=NOON) is None
