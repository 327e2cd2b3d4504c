"""Reading from a streaming replica, for the views that say so: reports, lists and CSV files (docs/scaling.md).

The replica is read only while it is at most DATABASE_REPLICA_LAG_SECONDS behind. If it is not, if it is away, or if the
reader has just changed something, the primary answers. Everything else is always read from the primary: whatever decides
about money, the APIs of shops, who someone is and what they may do.
"""

import logging
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime
from functools import wraps
from itertools import chain, islice
from typing import Any, NamedTuple, ParamSpec, TypeVar

from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, InterfaceError, OperationalError, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Model
from django.http import Http404, HttpRequest, HttpResponseBase, StreamingHttpResponse
from django.template.response import SimpleTemplateResponse

PRIMARY, REPLICA = DEFAULT_DB_ALIAS, "replica"
GetResponse = Callable[[HttpRequest], HttpResponseBase]
P = ParamSpec("P")
R = TypeVar("R", bound=HttpResponseBase)
log = logging.getLogger(__name__)

# Who someone is and what they may do: a right that is withdrawn must be gone at once.
_PRIMARY_APPS = frozenset({"accounts", "auth", "sessions", "account", "mfa"})
_SAFE_METHODS = frozenset({"GET", "HEAD"})
_OTHER_METHODS = frozenset({"POST", "PUT", "PATCH", "DELETE"})
# The replica is compared with the primary this often, and after it was away.
_CHECK_SECONDS, _RETRY_SECONDS = 1.0, 10.0
# A comparison that takes longer than this counts as one that failed.
_MAX_CHECK_SECONDS = 2.0
_COOKIE = "read_primary"
# Of a streamed response, read before it is sent, so that a replica that fails at once is noticed in time.
_FIRST_CHUNKS = 3

_reading_from: ContextVar[str] = ContextVar("reading_from", default=PRIMARY)


class ReplicaRouter:
    """Django's router: reads go to the replica within `reads_replica` and outside of transactions, all else does not."""

    def db_for_read(self, model: type[Model], **hints: Any) -> str:
        return PRIMARY if model._meta.app_label in _PRIMARY_APPS else get_read_alias()

    def db_for_write(self, model: type[Model], **hints: Any) -> str:
        return PRIMARY

    def allow_relation(self, first: Model, second: Model, **hints: Any) -> bool:
        return True

    def allow_migrate(self, db: str, app_label: str, **hints: Any) -> bool | None:
        return None if db == PRIMARY else False


def get_read_alias() -> str:
    """Return the database that is read now. A transaction reads what it has written, so always from the primary."""
    alias = _reading_from.get()
    return PRIMARY if alias == PRIMARY or connections[PRIMARY].in_atomic_block else alias


def get_read_connection() -> BaseDatabaseWrapper:
    """Return the connection for a query in SQL that reads as `reads_replica` says."""
    return connections[get_read_alias()]


@contextmanager
def read_from(alias: str) -> Iterator[None]:
    """Read from this database."""
    token = _reading_from.set(alias)
    try:
        yield
    finally:
        _reading_from.reset(token)


def reads_replica(view: Callable[P, R]) -> Callable[P, R]:
    """Have a view, or a method of an admin, read from the replica if that is recent.

    Innermost of the decorators, after the checks of access. What the replica does not have, or fails to answer, is read
    from the primary.
    """

    @wraps(view)
    def wrapper(*args: P.args, **kwargs: P.kwargs) -> R:
        request = next(one for one in args if isinstance(one, HttpRequest))
        if request.method in _SAFE_METHODS and _COOKIE not in request.COOKIES and freshness.is_usable():
            try:
                with read_from(REPLICA):
                    return _complete(view(*args, **kwargs))
            except Http404:
                pass  # perhaps created a moment ago
            except (OperationalError, InterfaceError) as error:
                freshness.set_failed(error)
        return view(*args, **kwargs)

    return wrapper


def _complete(response: R) -> R:
    """Read what a response reads after its view has returned."""
    if isinstance(response, SimpleTemplateResponse):
        response.render()
    elif isinstance(response, StreamingHttpResponse) and not response.is_async:
        chunks = iter(response)
        first = list(islice(chunks, _FIRST_CHUNKS))
        response.streaming_content = chain(first, _read_chunks(chunks))
    return response


def _read_chunks(chunks: Iterable[bytes]) -> Iterator[bytes]:
    iterator = iter(chunks)
    while True:
        # Not around the whole loop: what else the thread does between two chunks reads from the primary.
        with read_from(REPLICA):
            try:
                chunk = next(iterator)
            except StopIteration:
                return
        yield chunk


def own_writes_middleware(get_response: GetResponse) -> GetResponse:
    """Have people who change something read from the primary until a usable replica must have the change."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        if request.method in _OTHER_METHODS and is_configured():
            response.set_cookie(
                _COOKIE,
                "1",
                max_age=settings.DATABASE_REPLICA_LAG_SECONDS + int(_CHECK_SECONDS + _MAX_CHECK_SECONDS) + 1,
                secure=settings.SESSION_COOKIE_SECURE,
                httponly=True,
                samesite="Lax",
            )
        return response

    return middleware


def is_configured() -> bool:
    """Return whether there is a replica."""
    return REPLICA in connections.databases


class PrimaryPosition(NamedTuple):
    """The end of the primary's log, its clock, and the cluster's identifier."""

    cluster: int
    written: int
    now: datetime


class ReplicaPosition(NamedTuple):
    """How far the replica has replayed the log: the position, and the time of the last commit."""

    cluster: int
    is_replica: bool
    replayed: int | None
    committed_at: datetime | None


_PRIMARY_SQL = """
SELECT system_identifier, (pg_current_wal_lsn() - '0/0')::bigint, clock_timestamp() FROM pg_control_system()
"""
_REPLICA_SQL = """
SELECT system_identifier, pg_is_in_recovery(), (pg_last_wal_replay_lsn() - '0/0')::bigint,
       pg_last_xact_replay_timestamp()
  FROM pg_control_system()
"""


def is_recent(primary: PrimaryPosition, replica: ReplicaPosition, lag_seconds: float) -> bool:
    """Return whether the replica has everything that was committed until `lag_seconds` ago.

    `primary` must have been read before `replica`. The time of the last commit that was replayed alone is not enough:
    it is old when the primary is idle, and the replica then has everything.
    """
    if not replica.is_replica or replica.replayed is None or replica.cluster != primary.cluster:
        return False
    if replica.replayed >= primary.written:
        return True
    return replica.committed_at is not None and (primary.now - replica.committed_at).total_seconds() <= lag_seconds


def read_positions() -> tuple[PrimaryPosition, ReplicaPosition]:
    """Return where both servers are. Raises OperationalError or InterfaceError if one is away."""
    with connections[PRIMARY].cursor() as cursor:
        cursor.execute(_PRIMARY_SQL)
        primary = PrimaryPosition(*cursor.fetchone())
    with connections[REPLICA].cursor() as cursor:
        cursor.execute(_REPLICA_SQL)
        return primary, ReplicaPosition(*cursor.fetchone())


class Freshness:
    """Whether the replica may be read, which one thread of a process finds out every second for all of them."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._usable_until = self._next_check = 0.0
        self._was_usable: bool | None = None

    def is_usable(self) -> bool:
        """Return whether the replica is recent enough. No thread waits for the check of another."""
        if not is_configured():
            return False
        if time.monotonic() >= self._next_check and self._lock.acquire(blocking=False):
            try:
                self._check()
            finally:
                self._lock.release()
        return time.monotonic() < self._usable_until

    def set_failed(self, error: Exception) -> None:
        """Leave the replica alone for a while."""
        self._usable_until, self._next_check = 0.0, time.monotonic() + _RETRY_SECONDS
        self._report(False, str(error).strip())

    def _check(self) -> None:
        started = time.monotonic()
        try:
            usable = is_recent(*read_positions(), settings.DATABASE_REPLICA_LAG_SECONDS)
        except (OperationalError, InterfaceError) as error:
            self.set_failed(error)
            return
        self._next_check = time.monotonic() + _CHECK_SECONDS
        self._usable_until = started + _CHECK_SECONDS + _MAX_CHECK_SECONDS if usable else 0.0
        self._report(usable, f"it is more than {settings.DATABASE_REPLICA_LAG_SECONDS} seconds behind")

    def _report(self, usable: bool, reason: str) -> None:
        if usable is not self._was_usable:
            self._was_usable = usable
            if usable:
                log.info("The replica is read.")
            else:
                log.warning("The replica is not read, but the primary: %s", reason)


freshness = Freshness()
