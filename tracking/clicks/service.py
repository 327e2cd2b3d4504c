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
from tracking.clicks.flood_limit import FloodLimit
from tracking.clicks.link_cache import LinkCache, LinkUnavailableError
from tracking.clicks.link_loader import RedirectLink
from tracking.clicks.requests import RedirectRequest
from tracking.clicks.responses import RedirectResponse
from tracking.clicks.spool import Spool
from tracking.clicks.spool_drain import drain_orphaned_files
from tracking.clicks.writer import WAIT_SECONDS, Writer

CODE = re.compile(r"[A-Za-z0-9_-]{4,40}", re.ASCII)
# Looking a link up and recording the click share this, so that together they stay under 250 ms (PERFORMANCE 2), with
# room for a crowded machine. A click for which no time is left goes to the spool.
BUDGET_SECONDS = 0.16


class RedirectService:
    """What answers visits in a process; its threads start with `start`, or else with the first one."""

    def __init__(self, links: LinkCache, writer: Writer, floods: FloodLimit) -> None:
        self.links, self.writer, self.flood_limit = links, writer, floods

    def respond(self, visit: RedirectRequest) -> RedirectResponse:
        """The answer to a visit, given when its click is durable or time is up. Blocks: for threads."""
        begun = time.monotonic()
        if refusal := reject_invalid(visit):
            return refusal
        try:
            answer = self._build_response(visit, self.links.get(visit.code))
        except LinkUnavailableError:
            return responses.build_unavailable()
        if answer.row is not None:
            self.writer.record(answer.row, _get_remaining_seconds(begun))
        return answer

    async def respond_async(self, visit: RedirectRequest) -> RedirectResponse:
        """As `respond`, for an event loop."""
        begun = time.monotonic()
        if refusal := reject_invalid(visit):
            return refusal
        try:
            answer = self._build_response(visit, await self.links.get_async(visit.code))
        except LinkUnavailableError:
            return responses.build_unavailable()
        if answer.row is not None:
            await self.writer.record_async(answer.row, _get_remaining_seconds(begun))
        return answer

    def start(self, seconds: float = 3) -> None:
        """Start the threads, and learn the links that were served lately: for so long at most, and before any visit."""
        self.writer.start()
        self.links.start(seconds)

    def stop(self) -> None:
        """Write what waits and end the threads."""
        self.links.stop()
        self.writer.stop()

    def _build_response(self, visit: RedirectRequest, link: RedirectLink | None) -> RedirectResponse:
        return (
            responses.build_redirect(visit, link, self.flood_limit) if link is not None else responses.build_not_found()
        )


def reject_invalid(visit: RedirectRequest) -> RedirectResponse | None:
    """The answer to what can't be a visit to a link, whatever links there are."""
    if not CODE.fullmatch(visit.code):
        return responses.build_not_found()
    return None if visit.method in ("GET", "HEAD") else responses.build_method_not_allowed()


@cache
def get_service() -> RedirectService:
    """The one service of a process, made with its first visit."""
    links = LinkCache(_load_links, _list_served_codes, _close_connection)
    return RedirectService(links, Writer(connect, build_spool()), FloodLimit(settings.CLICK_FLOOD_PER_MINUTE))


def build_spool() -> Spool:
    """The place on disk for clicks of this database, where the settings say."""
    database = re.sub(r"[^A-Za-z0-9_-]", "_", connection.settings_dict["NAME"])
    return Spool(settings.CLICK_SPOOL_DIR, database, settings.CLICK_SPOOL_MEGABYTES * 2**20)


def drain_orphaned_spools() -> int:
    """Record the clicks that web processes of this machine left on disk when they were killed; of how many there were."""
    with connect() as own:
        return drain_orphaned_files(own, build_spool())


def _get_remaining_seconds(begun: float) -> float:
    return min(WAIT_SECONDS, BUDGET_SECONDS - (time.monotonic() - begun))


def _load_links(codes: Collection[str]) -> dict[str, RedirectLink]:
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
        _close_connection()  # the next attempt makes a new one
        raise


def _close_connection() -> None:
    connection.close()  # that of the thread which asks: Django keeps one for each
