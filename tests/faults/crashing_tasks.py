"""Tasks for a real worker: one that kills its worker process every time, and one that succeeds."""

import os
import signal
from datetime import timedelta

import django

django.setup()

from config.celery import app  # noqa: E402 -- needs the models
from portal import scheduled_tasks  # noqa: E402 -- needs the models

# Retry at once instead of after minutes.
scheduled_tasks.RETRY_DELAYS = (timedelta(0), timedelta(0))


@app.task(name="crashing_tasks.kill_worker")
def kill_worker() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


@app.task(name="crashing_tasks.succeed")
def succeed() -> str:
    return "done"
