"""A daily question ..."""

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
def answers() -> str:
    return "all is well"


@shared_task
def raises() -> None:
    raise ValueError("no such thing")


@shared_task
def finds_no_store() -> None:
    raise OperationalError("the connection is closed")


@pytest.fixture(autouse=True)
def _scheduled(settings, monkeypatch):
    settings.STAFF_ALERT_EMAILS = ["staff@example.com"]
    schedule = {name: {"task": f"{__name__}.{name}", "schedule": 300.0} for name in ("answers", "raises")}
    monkeypatch.setattr(scheduled_tasks, "get_schedule", lambda: schedule)


def ask(task, at: datetime = NOON, job: str = "") -> None:
    """As a worker does it, without a queue."""
    with time_machine.travel(at, tick=False):
        task.apply(task_id=job or None)


def question(task) -> ScheduledTask:
    return ScheduledTask.objects.get(name=task.name)


def standing(at: datetime) -> dict[str, TaskState]:
    return {one.title: one.state for one in scheduled_tasks.list_task_statuses(at)}


def test_is_written_down_with_its_answer():
    ask(answers)
    row = question(answers)
    assert (row.last_run_at, row.last_success_at, row.result, row.failures) == (NOON, NOON, "all is well", 0)
    assert row.seconds is not None
    assert not TaskRun.objects.exists()


def test_is_asked_of_every_task_also_of_those_that_beat_has():
    app.loader.import_default_modules()
    assert all(isinstance(app.tasks[entry["task"]], RecordedTask) for entry in app.conf.beat_schedule.values())
    ask(deliver)
    assert question(deliver).last_success_at == NOON


def test_that_fails_three_times_is_set_aside_and_staff_are_told_once_while_others_go_on():
    for minutes in (0, 1, 6, 11, 16, 21):
        ask(raises, NOON + minutes * MINUTE)
    row = question(raises)
    assert (row.failures, row.disabled_at, row.last_run_at) == (3, NOON + 6 * MINUTE, NOON + 6 * MINUTE)
    assert row.error == "ValueError: no such thing"
    assert list(TaskRun.objects.order_by("failed_at").values_list("error", flat=True)) == [row.error] * 3
    [told] = Message.objects.filter(kind="task_disabled")
    mail = render(kind=told.kind, context=told.context)
    assert mail.subject == "Task disabled after 3 failures: raises"
    assert "ValueError: no such thing" in mail.text
    ask(answers, NOON + 21 * MINUTE)
    assert standing(NOON + 22 * MINUTE) == {"answers": TaskState.OK, "raises": TaskState.DISABLED}


def test_waits_a_minute_and_then_five_between_failures():
    for minutes, asked in ((0, True), (0.9, False), (1, True), (5.9, False)):
        at = NOON + minutes * MINUTE
        ask(raises, at)
        assert (question(raises).last_run_at == at) is asked
    assert question(raises).failures == 2


def test_that_is_answered_in_between_begins_anew(monkeypatch):
    ask(raises)
    ask(raises, NOON + MINUTE)
    monkeypatch.setattr(raises, "run", lambda: "mended")
    ask(raises, NOON + 6 * MINUTE)
    assert (question(raises).failures, question(raises).error, question(raises).result) == (0, "", "mended")


def test_whose_worker_was_lost_three_times_is_set_aside():
    """What the queue does with a job whose worker was killed: it comes again under the same id."""
    for number, minutes in enumerate((0, 1, 6)):
        assert scheduled_tasks.start_run(name="deadly", job=str(number), now=NOON + minutes * MINUTE)
        assert not scheduled_tasks.start_run(name="deadly", job=str(number), now=NOON + minutes * MINUTE)
    row = ScheduledTask.objects.get(name="deadly")
    assert (row.failures, row.disabled_at, row.error) == (3, NOON + 6 * MINUTE, scheduled_tasks.WORKER_LOST)
    assert Message.objects.filter(kind="task_disabled").count() == 1


def test_that_two_workers_answer_at_once_is_not_taken_for_a_lost_one():
    for job in ("one", "two", "three", "four"):
        assert scheduled_tasks.start_run(name="slow", job=job, now=NOON)
    for job in ("one", "two", "three", "four"):
        scheduled_tasks.record_success(name="slow", job=job, result="", seconds=1.0, now=NOON)
    assert ScheduledTask.objects.get(name="slow").failures == 0


def test_that_found_the_database_away_is_not_at_fault():
    for minutes in range(0, 60, 5):
        ask(finds_no_store, NOON + minutes * MINUTE)
    row = question(finds_no_store)
    assert (row.failures, row.disabled_at, row.last_run_at) == (0, None, NOON + 55 * MINUTE)
    assert "the connection is closed" in row.error


def test_is_late_when_it_was_never_asked_or_not_answered_for_two_turns():
    assert standing(NOON) == {"answers": TaskState.OVERDUE, "raises": TaskState.OVERDUE}
    ask(answers)
    assert standing(NOON + 12 * MINUTE)["raises"] == TaskState.NEVER_RUN
    assert standing(NOON + 12 * MINUTE + timedelta(seconds=1))["raises"] == TaskState.OVERDUE
    assert standing(NOON + 12 * MINUTE)["answers"] == TaskState.OK
    assert standing(NOON + 12 * MINUTE + timedelta(seconds=1))["answers"] == TaskState.OVERDUE
    ask(raises)
    assert standing(NOON)["raises"] == TaskState.FAILING


def test_forgets_what_the_queue_has_lost():
    scheduled_tasks.start_run(name="lost", job="1", now=NOON)
    scheduled_tasks.start_run(name="lost", job="2", now=NOON + timedelta(days=1, seconds=1))
    assert list(TaskRun.objects.values_list("job", flat=True)) == ["2"]


@pytest.fixture
def boss(client):
    user = make_staff(superuser=True)
    client.force_login(user)
    return client


def set_aside() -> ScheduledTask:
    for minutes in (0, 1, 6):
        ask(raises, NOON + minutes * MINUTE)
    return question(raises)


def test_that_was_set_aside_is_asked_again_when_staff_say_so(boss, monkeypatch):
    row = set_aside()
    address = reverse("admin:portal_scheduledtask_enable_task", args=[row.pk])
    assert "was disabled after: ValueError: no such thing" in boss.get(address).content.decode()
    boss.post(address, {"confirmed": "1"})
    record = AuditRecord.objects.get(action="task enabled")
    assert "no such thing" in record.reason
    monkeypatch.setattr(raises, "run", lambda: "mended")
    ask(raises, NOON + 7 * MINUTE)
    assert question(raises).result == "mended"
    with pytest.raises(NotAllowed):
        scheduled_tasks.enable_task(task=row, now=NOON, by=make_staff())


def test_is_on_the_operations_page_with_answer_failure_and_next_turn(boss):
    ask(answers)
    set_aside()
    with time_machine.travel(NOON + 8 * MINUTE, tick=False):
        shown = boss.get(reverse("admin:portal_scheduledtask_changelist")).content.decode()
    for words in ("all is well", "every 5 minutes", "ValueError: no such thing", "3 times in a row", "disabled",
                  reverse("admin:portal_scheduledtask_enable_task", args=[question(raises).pk]), "Last failures",
                  "No check has run yet."):  # fmt: skip
        assert words in shown, words


def test_waits_on_the_staffs_home_when_it_is_not_answered_as_it_should_be():
    def counted(at: datetime) -> tuple[int, bool]:
        items = staff_home.list_todo_items(make_staff(superuser=True), at)
        return next((item.count, item.is_late) for item in items if item.label == "Scheduled tasks")

    assert counted(NOON) == (2, True)
    ask(answers)
    assert counted(NOON) == (0, False)
    ask(raises)
    assert counted(NOON) == (1, True)


def test_about_mail_sends_it(mailoutbox):
    Message.objects.create(kind="task_disabled", to="a@example.com", key="1", context={"failures": 3})
    deliver.apply()
    assert question(deliver).result == "1 sent, 0 refused"
    assert delivery.claim(now=NOON) is None
