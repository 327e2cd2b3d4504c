"""Single orders that are sent at the same time are taken together: one transaction, as if they had come as a batch.

A transaction costs the same for one order as for sixteen, so whoever finds another at it waits for the next one, and all who
wait then go in one. Whoever's turn it is does the work; nothing runs in the background.
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
    """One order that waits, and what becomes of it."""

    def __init__(self, row: object, now: datetime) -> None:
        self.row, self.now = row, now
        self.turn = Event()
        self.result: IncomingOrder | None = None
        self.error: Exception | None = None

    @property
    def done(self) -> bool:
        return self.result is not None or self.error is not None


class GroupCommitter:
    """Takes single orders of one API key, those that wait at the same time in one transaction."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._waiting: list[PendingOrder] = []
        self._busy = False

    def ingest_order(self, row: object, *, source: str, api_key: ApiKey, now: datetime) -> IncomingOrder:
        """As `intake.ingest_orders` of this row alone; raises what went wrong with it, or with the store."""
        sent = PendingOrder(row, now)
        with self._lock:
            self._waiting.append(sent)
            mine = not self._busy
            self._busy = True
        if not mine and not sent.turn.wait(WAIT_SECONDS):
            self._give_up(sent)
        if not sent.done:
            self._ingest_pending(source, api_key)
        if sent.error is not None:
            raise sent.error
        assert sent.result is not None
        return sent.result

    def _give_up(self, sent: PendingOrder) -> None:
        """Wait no longer, unless the turn has just come: then it must be taken, or nobody would go on."""
        with self._lock:
            if sent.turn.is_set():
                return
            if sent in self._waiting:
                self._waiting.remove(sent)
        raise OperationalError("the orders that were sent before this one are not done yet")

    def _ingest_pending(self, source: str, api_key: ApiKey) -> None:
        with self._lock:
            group, self._waiting = self._waiting[:BATCH], self._waiting[BATCH:]
        try:
            with use_warm_connection():
                _ingest_group(group, source, api_key)
        finally:
            with self._lock:
                for sent in group:
                    if not sent.done:
                        sent.error = OperationalError("the order was not taken")
                    sent.turn.set()
                self._busy = bool(self._waiting)
                if self._waiting:
                    self._waiting[0].turn.set()  # whose turn it is now, with all who came meanwhile


def _ingest_group(group: Sequence[PendingOrder], source: str, api_key: ApiKey) -> None:
    now = max(sent.now for sent in group)
    try:
        results = intake.ingest_orders(snapshots=[sent.row for sent in group], source=source, api_key=api_key, now=now)
    except Exception as error:  # noqa: BLE001 -- raised again by whoever sent the order
        if len(group) > 1 and not isinstance(error, (OperationalError, InterfaceError)):
            for sent in group:  # one of them is to blame: the others must not fail with it
                _ingest_group([sent], source, api_key)
            return
        for sent in group:
            sent.error = error
        return
    for sent, result in zip(group, results, strict=True):
        sent.result = result


_committers: dict[UUID, GroupCommitter] = defaultdict(GroupCommitter)


def ingest_order(row: object, *, source: str, api_key: ApiKey, now: datetime) -> IncomingOrder:
    """Take one row, together with those that the same key sends at this moment."""
    return _committers[api_key.pk].ingest_order(row, source=source, api_key=api_key, now=now)
