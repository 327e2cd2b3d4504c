"""Liveness of worker and beat (specification 12)."""

import os
import time

import pytest
from celery.signals import heartbeat_sent
from django.core.management import CommandError, call_command

from config.celery import app
from portal.monitoring import heartbeats, readiness
from portal.monitoring.heartbeats import Role

LONG_AGO = 121


@pytest.fixture(autouse=True)
def _own_directory(settings, tmp_path):
    settings.RUNTIME_DIR = tmp_path / "run"


def age_heartbeat(role):
    then = time.time() - LONG_AGO
    os.utime(heartbeats.get_path(role), (then, then))


@pytest.mark.parametrize("role", Role)
def test_fresh_heartbeat_is_alive_and_old_or_missing_one_is_not(role, capsys):
    with pytest.raises(CommandError, match=rf"Is {role.value} running, with the same RUNTIME_DIR\?"):
        call_command("liveness", role.value)
    heartbeats.touch(role)
    call_command("liveness", role.value)
    assert capsys.readouterr().out == f"{role.value} is alive\n"
    age_heartbeat(role)
    with pytest.raises(CommandError, match="seconds ago"):
        call_command("liveness", role.value)


def test_worker_that_waits_for_valkey_is_alive(monkeypatch):
    heartbeats.touch(Role.WORKER)
    age_heartbeat(Role.WORKER)
    monkeypatch.setattr(readiness, "check_cache", lambda: readiness.UNAVAILABLE)
    call_command("liveness", "worker")


def test_worker_touches_its_heartbeat_with_celerys():
    heartbeat_sent.send(sender=None)
    call_command("liveness", "worker")


def test_beat_touches_its_heartbeat_at_every_look_at_the_schedule(tmp_path):
    beat = app.Beat(schedule=str(tmp_path / "schedule"))
    service = beat.Service(app=app, scheduler_cls=beat.scheduler_cls, schedule_filename=beat.schedule)
    service.scheduler.data.clear()
    service.scheduler.tick()
    service.scheduler.close()
    call_command("liveness", "beat")


def test_heartbeat_that_cannot_be_written_stops_nothing(settings, tmp_path, caplog):
    (tmp_path / "file").write_text("")
    settings.RUNTIME_DIR = tmp_path / "file" / "run"
    heartbeats.touch(Role.BEAT)
    assert "The heartbeat cannot be written" in caplog.text
