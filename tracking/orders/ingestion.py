"""Taking snapshots in: the newest wins, each is kept, and no repeat, order or number of senders changes the end (CONTRACT 4).

Set-based: a batch of any size takes the same number of statements. One lock order everywhere: order rows by `order_id`.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID

from django.db import transaction

from accounts.models import ApiKey
from agreements.clauses import clause_of
from lib.ids import uuid7
from tracking.models import Reason
from tracking.orders import history, ingestion_sql, snapshots
from tracking.orders.attribution import RULES, Attribution
from tracking.orders.claims import attributions, attributions_of_new
from tracking.orders.click_details import UNKNOWN, details
from tracking.orders.ingestion_sql import Changed, Known, OrderRow
from tracking.orders.snapshots import Snapshot


class Outcome(StrEnum):
    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    STALE = "stale"
    CONFLICT = "conflict"
    REJECTED = "rejected"


class Taken(NamedTuple):
    """What became of one snapshot of the batch; `cause` says why it was refused, `field` what was wrong."""

    order_id: str
    outcome: Outcome
    field: str = ""
    cause: str = ""


class Ingested(NamedTuple):
    taken: list[Taken]
    changed: list[Changed]


def ingest(
    batch: Sequence[Snapshot],
    *,
    api_key: ApiKey | None,
    frozen: Callable[[Iterable[UUID]], set[UUID]],
) -> Ingested:
    """Take `batch`, in the order sent, in the caller's transaction.

    `frozen` answers which of some orders a close has settled a line of; it is asked only where a snapshot would change
    whose an existing order is or why, and must itself keep a close from running until the transaction ends.
    """
    if not transaction.get_connection().in_atomic_block:
        raise RuntimeError("ingest() belongs into a transaction")
    begun = ingestion_sql.begin(list(_rows(_firsts(batch), attributions_of_new).values()))
    known = begun | ingestion_sql.lock({snapshot.order_id for snapshot in batch} - begun.keys())
    sent_as = [snapshot.receipt() for snapshot in batch]
    taken, fresh, newest = _sort_out(batch, [digest for _, digest in sent_as], known, begun.keys())
    receipts = ingestion_sql.keep_receipts([(batch[i], *sent_as[i]) for i in fresh], api_key)
    later = {order_id: snapshot for order_id, snapshot in newest.items() if order_id not in begun}
    rows, kept = _keep_frozen(_rows(later.values(), attributions), known, frozen)
    ingestion_sql.update({known[order_id].pk: row for order_id, row in rows.items()})
    sent = Counter(row.order_id for row in batch)
    older = [row.order_id for row in batch if row.order_id not in begun or sent[row.order_id] > 1]
    late = ingestion_sql.vanished_lines({known[order_id].pk for order_id in older})
    lines = ingestion_sql.write_lines({known[order_id].pk: row for order_id, row in newest.items()}, vanished=late)
    changed = [
        Changed(
            order_pk=known[order_id].pk,
            snapshot=snapshot,
            attribution=rows[order_id].attribution if order_id in rows else known[order_id].attribution,
            frozen=order_id in kept,
            begun=order_id in begun,
            receipt=receipts[order_id, snapshot.version],
            lines=lines[known[order_id].pk],
        )
        for order_id, snapshot in newest.items()
    ]
    # A stale snapshot may be the first to tell of a line that has vanished since: its order is priced again, too.
    changed += history.newest({pk for pk, _, _ in late} - {order.order_pk for order in changed})
    return Ingested(taken, changed)


def foresee(batch: Sequence[Snapshot]) -> list[Taken]:
    """What `ingest` would answer to `batch` now; takes, locks and stores nothing."""
    known = ingestion_sql.look({snapshot.order_id for snapshot in batch})
    begun: dict[str, Known] = {}
    for snapshot in batch:
        if snapshot.order_id not in known:
            nobodys = Attribution(None, Reason.NO_CLAIM)
            begun.setdefault(snapshot.order_id, Known(uuid7(), None, snapshot.placed_at, nobodys))
    digests = [digest for _, digest in (snapshot.receipt() for snapshot in batch)]
    return _sort_out(batch, digests, known | begun, begun.keys())[0]


def _sort_out(
    batch: Sequence[Snapshot], digests: Sequence[str], known: Mapping[str, Known], created: Collection[str]
) -> tuple[list[Taken], list[int], dict[str, Snapshot]]:
    """The outcome of each row, which rows are new receipts, and the newest snapshot of each order that changes."""
    # An order that was not there has no receipts.
    receipts = ingestion_sql.known_receipts([snapshot for snapshot in batch if snapshot.order_id not in created])
    newest: dict[str, Snapshot] = {}
    versions: dict[str, datetime | None] = {order_id: row.version for order_id, row in known.items()}
    new_orders = set(created)
    taken: list[Taken] = []
    fresh: list[int] = []
    for index, (snapshot, digest) in enumerate(zip(batch, digests, strict=True)):
        order_id, key = snapshot.order_id, (snapshot.order_id, snapshot.version)
        if snapshot.placed_at != known[order_id].placed_at:
            was = snapshots.stamp(known[order_id].placed_at)
            taken.append(Taken(order_id, Outcome.REJECTED, "placed_at", f"must be {was}, as in every snapshot of it"))
            continue
        if key in receipts:
            same = receipts[key] == digest
            taken.append(
                Taken(order_id, Outcome.UNCHANGED)
                if same
                else Taken(order_id, Outcome.CONFLICT, "updated_at", "this version is known with other content")
            )
            continue
        receipts[key] = digest
        fresh.append(index)
        current = versions[order_id]
        if current is not None and current > snapshot.version:
            taken.append(Taken(order_id, Outcome.STALE))
            continue
        versions[order_id] = snapshot.version
        newest[order_id] = snapshot
        taken.append(Taken(order_id, Outcome.CREATED if order_id in new_orders else Outcome.UPDATED))
        new_orders.discard(order_id)
    return taken, fresh, newest


def _firsts(batch: Sequence[Snapshot]) -> list[Snapshot]:
    """The snapshot by which each order would begin: the newest of those with the placed_at of its first."""
    first: dict[str, Snapshot] = {}
    newest: dict[str, Snapshot] = {}
    for snapshot in batch:
        order_id = snapshot.order_id
        if snapshot.placed_at != first.setdefault(order_id, snapshot).placed_at:
            continue
        if order_id not in newest or snapshot.version > newest[order_id].version:
            newest[order_id] = snapshot
    return list(newest.values())


def _rows(
    newest: Iterable[Snapshot], attribute: Callable[[Sequence[Snapshot]], dict[str, Attribution]]
) -> dict[str, OrderRow]:
    """{order id: what its row is to say}, by what is known now of coupons, links and affiliates."""
    snapshots = list(newest)
    decided = attribute(snapshots) if snapshots else {}
    came = details(decided)
    return {
        row.order_id: OrderRow(
            row, decided[row.order_id], _clause(decided[row.order_id]), came.get(row.order_id, UNKNOWN)
        )
        for row in snapshots
        if row.order_id in decided
    }


def _keep_frozen(
    rows: dict[str, OrderRow], known: Mapping[str, Known], frozen: Callable[[Iterable[UUID]], set[UUID]]
) -> tuple[dict[str, OrderRow], set[str]]:
    """The rows, with the old attribution for orders of which a close has settled a line, and the ids of these.

    Not only whose the order is stays, but also why: else it would depend on which of two later snapshots came first. So does
    what is known of the click that won it, whatever click a later snapshot names.
    """
    moved = {
        order_id: known[order_id].pk
        for order_id, row in rows.items()
        if row.attribution._replace(nonce=None) != known[order_id].attribution
    }
    settled = frozen(moved.values()) if moved else set()
    kept = {order_id for order_id, pk in moved.items() if pk in settled}
    was = {order_id: known[order_id].attribution for order_id in kept}
    stay = {
        order_id: rows[order_id]._replace(attribution=a, clause=_clause(a), came=UNKNOWN) for order_id, a in was.items()
    }
    return rows | stay, kept


def _clause(attribution: Attribution) -> str:
    return clause_of(attribution.agreement_id, RULES[Reason(attribution.reason)])
