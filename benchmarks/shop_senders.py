"""Deliver events of shops at a fixed rate, whether or not earlier ones are answered, as platforms do."""

import http.client
import multiprocessing
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple

from benchmarks.shop_program import Shop

if TYPE_CHECKING:
    from multiprocessing.connection import Connection as Pipe

    from tests.shops.connectors.shop_histories import Event

# How many deliveries of a shop may wait for their answers.
CONNECTIONS = 8
TIMEOUT_SECONDS = 60


class Answer(NamedTuple):
    """The status, 0 if there was no answer, and the seconds since the delivery was due and since it was sent."""

    status: int
    seconds: float
    sent_seconds: float


def send_events(port: int, path: str, events: "Sequence[Event]", *, starts_at: float, interval: float) -> list[Answer]:
    """Deliver the events, one each `interval` seconds from `starts_at` of the monotonic clock; return their answers."""

    def send(event: "Event", due: float) -> Answer:
        delivery = event(datetime.now(UTC))
        headers = {"Content-Type": "application/json"} | {k.title(): v for k, v in delivery.headers.items()}
        sent_at = time.monotonic()
        # A connection of its own, because one that is reused may have been closed by the server meanwhile.
        with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT_SECONDS)) as connection:
            try:
                connection.request("POST", path, delivery.body, headers)
                response = connection.getresponse()
                response.read()
                status = response.status
            except (OSError, http.client.HTTPException):
                status = 0
        answered_at = time.monotonic()
        return Answer(status, answered_at - due, answered_at - sent_at)

    with ThreadPoolExecutor(CONNECTIONS) as pool:
        answers = []
        for number, event in enumerate(events):
            due = starts_at + number * interval
            time.sleep(max(0.0, due - time.monotonic()))
            answers.append(pool.submit(send, event, due))
    return [answer.result() for answer in answers]


class Senders:
    """A process for each shop, which delivers to the shop's connection; `rate` is for all shops, in events a minute."""

    def __init__(self, port: int, shops: Sequence[Shop], rate: float) -> None:
        from django.db import connections

        connections.close_all()
        self.starts_at = time.monotonic() + 1
        interval = len(shops) * 60 / rate
        fork = multiprocessing.get_context("fork")
        self.processes, self.pipes = [], []
        for number, shop in enumerate(shops):
            receiver, pipe = fork.Pipe(duplex=False)
            starts_at = self.starts_at + number * interval / len(shops)
            process = fork.Process(target=_send, args=(pipe, port, shop, starts_at, interval), daemon=True)
            process.start()
            self.processes.append(process)
            self.pipes.append(receiver)

    def are_sending(self) -> bool:
        return not all(pipe.poll() for pipe in self.pipes)

    def collect_answers(self) -> list[Answer]:
        """Wait until all events are delivered; return the answers."""
        answers = [Answer(*answer) for pipe in self.pipes for answer in pipe.recv()]
        for process in self.processes:
            process.join()
        return answers


def _send(pipe: "Pipe", port: int, shop: Shop, starts_at: float, interval: float) -> None:
    path = f"/hooks/{shop.mixed.pk}"
    pipe.send(send_events(port, path, shop.deliveries, starts_at=starts_at, interval=interval))
