"""Links, clicks and floods of one process, put together: a visit in, an answer out within a quarter of a second."""

import re
import time
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import cache

from django.conf import settings
from django.db import connection

from tracking.clicks import link_loader, responses
from tracking.clicks.connection import connect
from tracking.clicks.draining import drain_left_behind
from tracking.clicks.flood_limit import Floods
from tracking.clicks.link_cache import AwayError, LinkCache
from tracking.clicks.link_loader import KnownLink
from tracking.clicks.requests import Visit
from tracking.clicks.responses import Answer
from tracking.clicks.spool import Spool
from tracking.clicks.writer import WAIT_SECONDS, Writer

CODE = re.compile(r"[A-Za-z0-9_-]{4,40}", re.ASCII)
# Looking a link up and recording the click share this, so that together they stay under 250 ms (PERFORMANCE 2), with
# room for a crowded machine. A click for which no time is left goes to the spool.
BUDGET_SECONDS = 0.16


class Service:
    """What answers visits in a process; its threads start with `start`, or else with the first one."""

    def __init__(self, links: LinkCache, writer: Writer, floods: Floods) -> None:
        self.links, self.writer, self.floods = links, writer, floods

    def answer(self, visit: Visit) -> Answer:
        """The answer to a visit, given when its click is durable or time is up. Blocks: for threads."""
        begun = time.monotonic()
        if refusal := refused(visit):
            return refusal
        try:
            answer = self._answer(visit, self.links.get(visit.code))
        except AwayError:
            return responses.away()
        if answer.row is not None:
            self.writer.record(answer.row, _left(begun))
        return answer

    async def answer_async(self, visit: Visit) -> Answer:
        """As `answer`, for an event loop."""
        begun = time.monotonic()
        if refusal := refused(visit):
            return refusal
        try:
            answer = self._answer(visit, await self.links.get_async(visit.code))
        except AwayError:
            return responses.away()
        if answer.row is not None:
            await self.writer.record_async(answer.row, _left(begun))
        return answer

    def start(self, seconds: float = 3) -> None:
        """Start the threads, and learn the links that were served lately: for so long at most, and before any visit."""
        self.writer.start()
        self.links.start(seconds)

    def stop(self) -> None:
        """Write what waits and end the threads."""
        self.links.stop()
        self.writer.stop()

    def _answer(self, visit: Visit, link: KnownLink | None) -> Answer:
        return responses.redirect(visit, link, self.floods) if link is not None else responses.unknown()


def refused(visit: Visit) -> Answer | None:
    """The answer to what can't be a visit to a link, whatever links there are."""
    if not CODE.fullmatch(visit.code):
        return responses.unknown()
    return None if visit.method in ("GET", "HEAD") else responses.wrong_method()


@cache
def of_this_process() -> Service:
    """The one service of a process, made with its first visit."""
    links = LinkCache(_load, _served_since, _close)
    return Service(links, Writer(connect, spool()), Floods(settings.CLICK_FLOOD_PER_MINUTE))


def spool() -> Spool:
    """The place on disk for clicks of this database, where the settings say."""
    database = re.sub(r"[^A-Za-z0-9_-]", "_", connection.settings_dict["NAME"])
    return Spool(settings.CLICK_SPOOL_DIR, database, settings.CLICK_SPOOL_MEGABYTES * 2**20)


def bring_left_behind() -> int:
    """Record the clicks that web processes of this machine left on disk when they were killed; of how many there were."""
    with connect() as own:
        return drain_left_behind(own, spool())


def _left(begun: float) -> float:
    return min(WAIT_SECONDS, BUDGET_SECONDS - (time.monotonic() - begun))


def _load(codes: Collection[str]) -> dict[str, KnownLink]:
    with _connected():
        return link_loader.load(codes, now=datetime.now(UTC))


def _served_since(seconds: float) -> Iterable[str]:
    with _connected():
        return list(link_loader.codes_served_since(datetime.now(UTC) - timedelta(seconds=seconds)))


@contextmanager
def _connected() -> Iterator[None]:
    try:
        yield
    except Exception:
        _close()  # the next attempt makes a new one
        raise


def _close() -> None:
    connection.close()  # that of the thread which asks: Django keeps one for each
