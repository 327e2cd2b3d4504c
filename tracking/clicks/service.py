"""The redirect service of one process: answers every visit within a quarter of a second."""

import re
import time
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from functools import cache

from django.conf import settings
from django.db import InterfaceError, OperationalError, connection

from tracking.clicks import bot_lists, link_loader, responses
from tracking.clicks.click_metrics import VisitLog
from tracking.clicks.connection import connect
from tracking.clicks.flood_limit import FloodLimit
from tracking.clicks.link_cache import LinkCache, LinkUnavailableError
from tracking.clicks.link_loader import RedirectLink
from tracking.clicks.requests import RedirectRequest
from tracking.clicks.responses import RedirectResponse
from tracking.clicks.spool import Spool
from tracking.clicks.spool_drain import drain_orphaned_files
from tracking.clicks.writer import WAIT_SECONDS, Writer

# Codes, and names in any letter case.
CODE = re.compile(r"[A-Za-z0-9_-]{3,40}", re.ASCII)
# Link lookup and click recording share this budget, so that a visit takes less than 250 ms even on a busy machine. A
# click for which no time is left goes to the spool.
BUDGET_SECONDS = 0.16


class RedirectService:
    """Answers visits; its threads start with `start`, or else with the first visit."""

    def __init__(self, links: LinkCache, writer: Writer, floods: FloodLimit) -> None:
        self.links, self.writer, self.flood_limit = links, writer, floods
        self.visits = VisitLog()
        writer.after_write = self.visits.count

    def respond(self, visit: RedirectRequest) -> RedirectResponse:
        """Return the response to a visit once its click is durable or the time is up. Blocks the thread."""
        started = time.monotonic()
        response = self._respond(visit)
        if response.row is not None:
            self.writer.record(response.row, _get_remaining_seconds(started))
        self.visits.add(response, time.monotonic() - started)
        return response

    def respond_later(self, visit: RedirectRequest, send: Callable[[RedirectResponse], None]) -> None:
        """Do the same without waiting for the click: call `send` with the response, perhaps in another thread."""
        started = time.monotonic()
        response = self._respond(visit)

        def answer() -> None:
            send(response)
            self.visits.add(response, time.monotonic() - started)

        if response.row is None:
            answer()
        else:
            self.writer.record_later(response.row, answer, _get_remaining_seconds(started))

    def _respond(self, visit: RedirectRequest) -> RedirectResponse:
        """Return the response to a visit, whose click is not recorded yet."""
        if error := reject_invalid(visit):
            return error
        try:
            return self._build_response(visit, self.links.get(visit.code))
        except LinkUnavailableError:
            return responses.build_unavailable()

    async def respond_async(self, visit: RedirectRequest) -> RedirectResponse:
        """Do the same as `respond` in an event loop."""
        started = time.monotonic()
        response = await self._respond_async(visit, started)
        self.visits.add(response, time.monotonic() - started)
        return response

    async def _respond_async(self, visit: RedirectRequest, started: float) -> RedirectResponse:
        if error := reject_invalid(visit):
            return error
        try:
            response = self._build_response(visit, await self.links.get_async(visit.code))
        except LinkUnavailableError:
            return responses.build_unavailable()
        if response.row is not None:
            await self.writer.record_async(response.row, _get_remaining_seconds(started))
        return response

    def start(self, seconds: float = 3) -> None:
        """Start the threads, compile the lists of bots, and wait at most `seconds` for recently served links."""
        bot_lists.compile_lists()
        self.writer.start()
        self.links.start(seconds)

    def stop(self) -> None:
        """Write pending clicks, and stop the threads."""
        self.links.stop()
        self.writer.stop()

    def _build_response(self, visit: RedirectRequest, link: RedirectLink | None) -> RedirectResponse:
        return (
            responses.build_redirect(visit, link, self.flood_limit) if link is not None else responses.build_not_found()
        )


def reject_invalid(visit: RedirectRequest) -> RedirectResponse | None:
    """Return the error response for a malformed code or method; None for a valid visit."""
    if not CODE.fullmatch(visit.code):
        return responses.build_not_found()
    return None if visit.method in ("GET", "HEAD") else responses.build_method_not_allowed()


@cache
def get_service() -> RedirectService:
    """Return the service of this process."""
    links = LinkCache(_load_links, _list_served_codes, _close_connection)
    return RedirectService(links, Writer(connect, build_spool()), FloodLimit(settings.CLICK_FLOOD_PER_MINUTE))


def build_spool() -> Spool:
    """Return the spool for clicks of this database."""
    database = re.sub(r"[^A-Za-z0-9_-]", "_", connection.settings_dict["NAME"])
    return Spool(settings.CLICK_SPOOL_DIR, database, settings.CLICK_SPOOL_MEGABYTES * 2**20)


def drain_orphaned_spools() -> int:
    """Record clicks that killed processes of this machine left on disk; return the number of processes."""
    with connect() as own_connection:
        return drain_orphaned_files(own_connection, build_spool())


def _get_remaining_seconds(started: float) -> float:
    return min(WAIT_SECONDS, BUDGET_SECONDS - (time.monotonic() - started))


def _load_links(codes: Collection[str]) -> dict[str, RedirectLink]:
    """Load links, on a new connection if the server has closed the one that was idle."""
    with suppress(OperationalError, InterfaceError), _closing_on_error():
        return link_loader.load_links(codes, now=datetime.now(UTC))
    with _closing_on_error():
        return link_loader.load_links(codes, now=datetime.now(UTC))


def _list_served_codes(seconds: float) -> Iterable[str]:
    with _closing_on_error():
        return list(link_loader.list_codes_served_since(datetime.now(UTC) - timedelta(seconds=seconds)))


@contextmanager
def _closing_on_error() -> Iterator[None]:
    try:
        yield
    except Exception:
        _close_connection()  # the next attempt opens a new one
        raise


def _close_connection() -> None:
    connection.close()  # of the current thread
