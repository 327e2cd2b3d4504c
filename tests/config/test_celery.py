"""The Celery configuration and the schedule."""

from django.conf import settings

from config.celery import app


def test_task_of_killed_worker_is_requeued() -> None:
    assert app.conf.task_acks_late
    assert app.conf.task_reject_on_worker_lost
    assert app.conf.worker_prefetch_multiplier == 1


def test_time_limits_are_below_visibility_timeout() -> None:
    visible = app.conf.broker_transport_options["visibility_timeout"]
    assert app.conf.task_soft_time_limit < app.conf.task_time_limit < visible
    for task in app.tasks.values():
        limit = task.time_limit or app.conf.task_time_limit
        assert (task.soft_time_limit or app.conf.task_soft_time_limit) < limit < visible, task.name
        assert task.acks_late is not False or task.name.startswith("celery."), task.name


def test_schedule_uses_utc() -> None:
    assert app.conf.enable_utc
    assert app.conf.timezone == settings.TIME_ZONE == "UTC"


def test_intervals_are_seconds_and_at_most_six_hours() -> None:
    assert app.conf.beat_schedule
    for title, entry in app.conf.beat_schedule.items():
        assert isinstance(entry["schedule"], float), title
        assert 0 < entry["schedule"] <= 6 * 60 * 60, title


def test_scheduled_tasks_exist() -> None:
    app.loader.import_default_modules()
    assert {entry["task"] for entry in app.conf.beat_schedule.values()} <= set(app.tasks)
