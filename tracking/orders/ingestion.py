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
from agreements.clauses import get_clause_number
from lib.ids import uuid7
from tracking.models import Reason
from tracking.orders import history, ingestion_sql, snapshots
from tracking.orders.attribution import RULES, Attribution
from tracking.orders.attribution_data import attribute_new_orders, attribute_snapshots
from tracking.orders.click_details import UNKNOWN, load_click_details
from tracking.orders.ingestion_sql import OrderChange, OrderRow, StoredOrder
from tracking.orders.snapshots import Snapshot


class Outcome(StrEnum):
    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    STALE = "stale"
    CONFLICT = "conflict"
    REJECTED = "rejected"


class SnapshotResult(NamedTuple):
    """What became of one snapshot of the batch; `cause` says why it was refused, `field` what was wrong."""

    order_id: str
    outcome: Outcome
    field: str = ""
    cause: str = ""


class IngestionResult(NamedTuple):
    results: list[SnapshotResult]
    changes: list[OrderChange]


def ingest_snapshots(
    batch: Sequence[Snapshot],
    *,
    api_key: ApiKey | None,
    find_frozen: Callable[[Iterable[UUID]], set[UUID]],
) -> IngestionResult:
    """Take `batch`, in the order sent, in the caller's transaction.

    `find_frozen` answers which of some orders a close has settled a line of; it is asked only where a snapshot would change
    whose an existing order is or why, and must itself keep a close from running until the transaction ends.
    """
    if not transaction.get_connection().in_atomic_block:
        raise RuntimeError("ingest() belongs into a transaction")
    begun = ingestion_sql.insert_orders(
        list(_build_rows(_select_first_snapshots(batch), attribute_new_orders).values())
    )
    known = begun | ingestion_sql.lock_orders({snapshot.order_id for snapshot in batch} - begun.keys())
    sent_as = [snapshot.serialize() for snapshot in batch]
    results, fresh, newest = _classify_batch(batch, [digest for _, digest in sent_as], known, begun.keys())
    receipts = ingestion_sql.insert_snapshots([(batch[i], *sent_as[i]) for i in fresh], api_key)
    later = {order_id: snapshot for order_id, snapshot in newest.items() if order_id not in begun}
    rows, kept = _keep_frozen(_build_rows(later.values(), attribute_snapshots), known, find_frozen)
    ingestion_sql.update_orders({known[order_id].pk: row for order_id, row in rows.items()})
    sent = Counter(row.order_id for row in batch)
    older = [row.order_id for row in batch if row.order_id not in begun or sent[row.order_id] > 1]
    late = ingestion_sql.find_vanished_lines({known[order_id].pk for order_id in older})
    lines = ingestion_sql.write_lines({known[order_id].pk: row for order_id, row in newest.items()}, vanished=late)
    changes = [
        OrderChange(
            order_pk=known[order_id].pk,
            snapshot=snapshot,
            attribution=rows[order_id].attribution if order_id in rows else known[order_id].attribution,
            is_frozen=order_id in kept,
            is_new=order_id in begun,
            snapshot_sequence=receipts[order_id, snapshot.updated_at],
            lines=lines[known[order_id].pk],
        )
        for order_id, snapshot in newest.items()
    ]
    # A stale snapshot may be the first to tell of a line that has vanished since: its order is priced again, too.
    changes += history.load_current_orders({pk for pk, _, _ in late} - {order.order_pk for order in changes})
    return IngestionResult(results, changes)


def predict_outcomes(batch: Sequence[Snapshot]) -> list[SnapshotResult]:
    """What `ingest` would answer to `batch` now; takes, locks and stores nothing."""
    known = ingestion_sql.read_orders({snapshot.order_id for snapshot in batch})
    begun: dict[str, StoredOrder] = {}
    for snapshot in batch:
        if snapshot.order_id not in known:
            nobodys = Attribution(None, Reason.NO_CLAIM)
            begun.setdefault(snapshot.order_id, StoredOrder(uuid7(), None, snapshot.placed_at, nobodys))
    digests = [digest for _, digest in (snapshot.serialize() for snapshot in batch)]
    return _classify_batch(batch, digests, known | begun, begun.keys())[0]


def _classify_batch(
    batch: Sequence[Snapshot], digests: Sequence[str], known: Mapping[str, StoredOrder], created: Collection[str]
) -> tuple[list[SnapshotResult], list[int], dict[str, Snapshot]]:
    """The outcome of each row, which rows are new receipts, and the newest snapshot of each order that changes."""
    # An order that was not there has no receipts.
    receipts = ingestion_sql.fetch_snapshot_digests(
        [snapshot for snapshot in batch if snapshot.order_id not in created]
    )
    newest: dict[str, Snapshot] = {}
    versions: dict[str, datetime | None] = {order_id: row.updated_at for order_id, row in known.items()}
    new_orders = set(created)
    results: list[SnapshotResult] = []
    fresh: list[int] = []
    for index, (snapshot, digest) in enumerate(zip(batch, digests, strict=True)):
        order_id, key = snapshot.order_id, (snapshot.order_id, snapshot.updated_at)
        if snapshot.placed_at != known[order_id].placed_at:
            was = snapshots.format_timestamp(known[order_id].placed_at)
            results.append(
                SnapshotResult(order_id, Outcome.REJECTED, "placed_at", f"must be {was}, as in every snapshot of it")
            )
            continue
        if key in receipts:
            same = receipts[key] == digest
            results.append(
                SnapshotResult(order_id, Outcome.UNCHANGED)
                if same
                else SnapshotResult(
                    order_id, Outcome.CONFLICT, "updated_at", "this version is known with other content"
                )
            )
            continue
        receipts[key] = digest
        fresh.append(index)
        current = versions[order_id]
        if current is not None and current > snapshot.updated_at:
            results.append(SnapshotResult(order_id, Outcome.STALE))
            continue
        versions[order_id] = snapshot.updated_at
        newest[order_id] = snapshot
        results.append(SnapshotResult(order_id, Outcome.CREATED if order_id in new_orders else Outcome.UPDATED))
        new_orders.discard(order_id)
    return results, fresh, newest


def _select_first_snapshots(batch: Sequence[Snapshot]) -> list[Snapshot]:
    """The snapshot by which each order would begin: the newest of those with the placed_at of its first."""
    first: dict[str, Snapshot] = {}
    newest: dict[str, Snapshot] = {}
    for snapshot in batch:
        order_id = snapshot.order_id
        if snapshot.placed_at != first.setdefault(order_id, snapshot).placed_at:
            continue
        if order_id not in newest or snapshot.updated_at > newest[order_id].updated_at:
            newest[order_id] = snapshot
    return list(newest.values())


def _build_rows(
    newest: Iterable[Snapshot], attribute: Callable[[Sequence[Snapshot]], dict[str, Attribution]]
) -> dict[str, OrderRow]:
    """{order id: what its row is to say}, by what is known now of coupons, links and affiliates."""
    snapshots = list(newest)
    decided = attribute(snapshots) if snapshots else {}
    came = load_click_details(decided)
    return {
        row.order_id: OrderRow(
            row, decided[row.order_id], _find_clause(decided[row.order_id]), came.get(row.order_id, UNKNOWN)
        )
        for row in snapshots
        if row.order_id in decided
    }


def _keep_frozen(
    rows: dict[str, OrderRow], known: Mapping[str, StoredOrder], find_frozen: Callable[[Iterable[UUID]], set[UUID]]
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
    settled = find_frozen(moved.values()) if moved else set()
    kept = {order_id for order_id, pk in moved.items() if pk in settled}
    was = {order_id: known[order_id].attribution for order_id in kept}
    stay = {
        order_id: rows[order_id]._replace(attribution=a, clause=_find_clause(a), click_details=UNKNOWN)
        for order_id, a in was.items()
    }
    return rows | stay, kept


def _find_clause(attribution: Attribution) -> str:
    return get_clause_number(attribution.agreement_id, RULES[Reason(attribution.reason)])
