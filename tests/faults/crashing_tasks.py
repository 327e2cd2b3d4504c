"""Tasks for a real worker: one that takes its worker's child with it each time, and one that is well."""

import os
import signal
from datetime import timedelta

import django

django.setup()

from config.celery import app  # noqa: E402 -- the models come first
from portal import scheduled_tasks  # noqa: E402 -- as above

# A test has no minutes to wait.
scheduled_tasks.RETRY_DELAYS = (timedelta(0), timedelta(0))


@app.task(name="crashing_tasks.kill_worker")
def kill_worker() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


@app.task(name="crashing_tasks.succeed")
def succeed() -> str:
    return "well"
