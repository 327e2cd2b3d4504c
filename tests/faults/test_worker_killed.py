"""Tasks that kill their worker process."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from urllib.parse import quote

import pytest
from django.conf import settings
from django.db import connection

from config.celery import app
from mail.models import Message
from portal import scheduled_tasks
from portal.models import ScheduledTask, TaskRun
from tests.factories import make_staff

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]
SECONDS = 90


@pytest.fixture
def _worker(tmp_path) -> Iterator[None]:
    """Run a worker on the test's database and queue."""
    database = connection.settings_dict
    user, host = f"{database['USER']}:{quote(database['PASSWORD'])}", f"{database['HOST']}:{database['PORT']}"
    address = f"postgres://{user}@{host}/{database['NAME']}"
    environment = os.environ | {
        "DATABASE_URL": address,
        "REDIS_URL": settings.REDIS_URL,
        "DEBUG": "1",
        "DJANGO_SETTINGS_MODULE": "config.settings",
    }
    command = [
        sys.executable,
        "-W",
        "ignore",
        "-m",
        "celery",
        "--quiet",
        "--app",
        "tests.faults.crashing_tasks",
        "worker",
    ]
    log = (tmp_path / "worker.log").open("wb")
    worker = subprocess.Popen(
        [*command, "--concurrency", "1", "--loglevel", "warning"], env=environment, stdout=log, stderr=log
    )
    yield
    worker.terminate()
    worker.wait(30)
    log.close()


def wait_until(condition) -> None:
    deadline = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < deadline, f"not within {SECONDS} seconds"
        time.sleep(0.2)


@pytest.mark.usefixtures("_worker")
def test_task_that_kills_its_worker_is_disabled_after_three_runs_and_others_continue():
    owner = make_staff(superuser=True)
    app.send_task("crashing_tasks.kill_worker")
    wait_until(ScheduledTask.objects.filter(name="crashing_tasks.kill_worker", disabled_at__isnull=False).exists)
    assert list(TaskRun.objects.values_list("error", flat=True)) == [scheduled_tasks.WORKER_LOST] * 3
    assert list(Message.objects.filter(kind="task_disabled").values_list("to", flat=True)) == [owner.email]
    app.send_task("crashing_tasks.kill_worker")
    app.send_task("crashing_tasks.succeed")
    wait_until(ScheduledTask.objects.filter(name="crashing_tasks.succeed", result="done").exists)
    assert TaskRun.objects.count() == 3
