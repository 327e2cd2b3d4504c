"""Celery, which wakes and remembers nothing, ..."""

from django.conf import settings

from config.celery import app


def test_gives_a_job_back_whose_worker_was_killed() -> None:
    assert app.conf.task_acks_late
    assert app.conf.task_reject_on_worker_lost
    assert app.conf.worker_prefetch_multiplier == 1


def test_ends_a_task_before_the_queue_takes_it_for_lost() -> None:
    visible = app.conf.broker_transport_options["visibility_timeout"]
    assert app.conf.task_soft_time_limit < app.conf.task_time_limit < visible
    for task in app.tasks.values():
        limit = task.time_limit or app.conf.task_time_limit
        assert (task.soft_time_limit or app.conf.task_soft_time_limit) < limit < visible, task.name
        assert task.acks_late is not False or task.name.startswith("celery."), task.name


def test_beats_in_utc() -> None:
    assert app.conf.enable_utc
    assert app.conf.timezone == settings.TIME_ZONE == "UTC"


def test_asks_in_seconds_so_that_no_change_of_clocks_skips_a_turn() -> None:
    assert app.conf.beat_schedule
    for title, entry in app.conf.beat_schedule.items():
        assert isinstance(entry["schedule"], float), title
        assert 0 < entry["schedule"] <= 6 * 60 * 60, title


def test_knows_every_task_that_beat_asks_for() -> None:
    app.loader.import_default_modules()
    assert {entry["task"] for entry in app.conf.beat_schedule.values()} <= set(app.tasks)
