"""Tasks for a real worker: one that takes its worker's child with it each time, and one that is well."""

import os
import signal
from datetime import timedelta

import django

django.setup()

from config.celery import app  # noqa: E402 -- the models come first
from portal import questions  # noqa: E402 -- as above

# A test has no minutes to wait.
questions.PAUSES = (timedelta(0), timedelta(0))


@app.task(name="deadly.kills_its_worker")
def kills_its_worker() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


@app.task(name="deadly.is_well")
def is_well() -> str:
    return "well"
