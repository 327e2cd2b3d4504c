"""Celery beat and workers under a clock that the test controls: the real scheduler, broker and tasks."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from queue import Empty

from celery.beat import PersistentScheduler
from celery.result import EagerResult
from django.db import connections

from config.celery import app

app.loader.import_default_modules()
CLOSE_TASK = "payouts.tasks.close_due_months"


def run_task(name: str = CLOSE_TASK, job: str | None = None) -> EagerResult:
    """Run a task as a worker does, with new connections; an exception is stored in the result."""
    connections.close_all()
    return app.tasks[name].apply(task_id=job)


@contextmanager
def use_broker(url: str) -> Iterator[None]:
    """Have Celery use the broker at `url`."""
    before = app.conf.broker_url
    _set_broker(url)
    try:
        yield
    finally:
        _set_broker(before)


def _set_broker(url: str) -> None:
    app.pool.force_close_all()
    app.conf.broker_url = url
    # Both pools are created from the address on first use.
    app._pool = None
    app.amqp._producer_pool = None


class Beat:
    """The scheduler of `celery beat` with its file, without the loop."""

    def __init__(self, file: Path) -> None:
        self.scheduler = PersistentScheduler(app, schedule_filename=str(file))

    def tick(self) -> None:
        """Send all tasks that are due."""
        while self.scheduler.tick() == 0:
            pass

    def end(self) -> None:
        self.scheduler.close()


def list_queued_tasks() -> list[str]:
    """Return the names of the tasks in the queue."""
    with app.connection_for_read() as connection:
        messages = connection.default_channel.client.lrange("celery", 0, -1)
    return [json.loads(message)["headers"]["task"] for message in messages]


def flush_broker() -> None:
    with app.connection_for_write() as connection:
        connection.default_channel.client.flushall()


def run_queued_tasks() -> None:
    """Run tasks from the queue until it is empty."""
    with app.connection_for_read() as connection:
        queue = connection.SimpleQueue("celery")
        while True:
            try:
                message = queue.get(block=False)
            except Empty:
                return queue.close()
            run_task(message.headers["task"], message.headers["id"])
            message.ack()
