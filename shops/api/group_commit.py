"""Group commit: single orders that are sent at the same time share one transaction, as if they were a batch.

A transaction costs about the same for one order as for sixteen. While one is running, further requests wait; then
one of them ingests the orders of all. Nothing runs in the background.
"""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from threading import Event, Lock
from uuid import UUID

from django.db import InterfaceError, OperationalError

from accounts.models import ApiKey
from shops import intake
from shops.api.warm_connection import use_warm_connection
from shops.intake import BATCH
from tracking.orders.incoming import IncomingOrder

WAIT_SECONDS = 60


class PendingOrder:
    """A waiting order, and its result or error."""

    def __init__(self, row: object, now: datetime) -> None:
        self.row, self.now = row, now
        self.turn = Event()
        self.result: IncomingOrder | None = None
        self.error: Exception | None = None

    @property
    def done(self) -> bool:
        return self.result is not None or self.error is not None


class GroupCommitter:
    """Ingests single orders of one API key, those that wait at the same time in one transaction."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._waiting: list[PendingOrder] = []
        self._busy = False

    def ingest_order(self, row: object, *, source: str, api_key: ApiKey, now: datetime) -> IncomingOrder:
        """Ingest one row and return its result. Raises what `intake.ingest_orders` raises for this row."""
        pending = PendingOrder(row, now)
        with self._lock:
            self._waiting.append(pending)
            is_turn = not self._busy
            self._busy = True
        if not is_turn and not pending.turn.wait(WAIT_SECONDS):
            self._give_up(pending)
        if not pending.done:
            self._ingest_pending(source, api_key)
        if pending.error is not None:
            raise pending.error
        assert pending.result is not None
        return pending.result

    def _give_up(self, pending: PendingOrder) -> None:
        with self._lock:
            # Its turn has come in the meantime: if it left now, the orders behind it would wait forever.
            if pending.turn.is_set():
                return
            if pending in self._waiting:
                self._waiting.remove(pending)
        raise OperationalError("timed out waiting for earlier orders")

    def _ingest_pending(self, source: str, api_key: ApiKey) -> None:
        with self._lock:
            group, self._waiting = self._waiting[:BATCH], self._waiting[BATCH:]
        try:
            with use_warm_connection():
                _ingest_group(group, source, api_key)
        finally:
            with self._lock:
                for pending in group:
                    if not pending.done:
                        pending.error = OperationalError("the order was not ingested")
                    pending.turn.set()
                self._busy = bool(self._waiting)
                if self._waiting:
                    self._waiting[0].turn.set()  # it ingests all that wait by now


def _ingest_group(group: Sequence[PendingOrder], source: str, api_key: ApiKey) -> None:
    now = max(pending.now for pending in group)
    try:
        results = intake.ingest_orders(
            snapshots=[pending.row for pending in group], source=source, api_key=api_key, now=now
        )
    except Exception as error:  # noqa: BLE001 -- raised again in the thread that sent the order
        if len(group) > 1 and not isinstance(error, (OperationalError, InterfaceError)):
            for pending in group:  # one of them caused the error; the others must not fail with it
                _ingest_group([pending], source, api_key)
            return
        for pending in group:
            pending.error = error
        return
    for pending, result in zip(group, results, strict=True):
        pending.result = result


_committers: dict[UUID, GroupCommitter] = defaultdict(GroupCommitter)


def ingest_order(row: object, *, source: str, api_key: ApiKey, now: datetime) -> IncomingOrder:
    """Ingest one row, together with the rows that the same key is sending at this moment."""
    return _committers[api_key.pk].ingest_order(row, source=source, api_key=api_key, now=now)
