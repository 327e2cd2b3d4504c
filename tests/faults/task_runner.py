"""Beat and workers by a clock that the test sets: Celery's own scheduler with its file, a queue, and the tasks themselves."""

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
    """Answer a question as a worker does, which begins each with fresh connections; an error is in the result."""
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
    # Both pools are made from the address on first use.
    app._pool = None
    app.amqp._producer_pool = None


class Beat:
    """`celery beat` with its file, without its loop."""

    def __init__(self, file: Path) -> None:
        self.scheduler = PersistentScheduler(app, schedule_filename=str(file))

    def tick(self) -> None:
        """Send all that is due by the clock."""
        while self.scheduler.tick() == 0:
            pass

    def end(self) -> None:
        self.scheduler.close()


def list_queued_tasks() -> list[str]:
    """The names of the tasks that wait."""
    with app.connection_for_read() as connection:
        waiting = connection.default_channel.client.lrange("celery", 0, -1)
    return [json.loads(raw)["headers"]["task"] for raw in waiting]


def flush_broker() -> None:
    with app.connection_for_write() as connection:
        connection.default_channel.client.flushall()


def run_queued_tasks() -> None:
    """Take one task after another from the queue and answer it, until none is left."""
    with app.connection_for_read() as connection:
        queue = connection.SimpleQueue("celery")
        while True:
            try:
                message = queue.get(block=False)
            except Empty:
                return queue.close()
            run_task(message.headers["task"], message.headers["id"])
            message.ack()
