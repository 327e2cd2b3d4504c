"""Ingestion: every snapshot is stored, the newest one of an order counts (specification 4).

A batch of any size takes the same number of statements. Order rows are locked in the order of `order_id`, always.
Ingestion has three steps: what the batch needs is read, its snapshots are accepted, and the changes are stored. Before the
last, the caller finds out which of the orders that would change hands are settled.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from django.db import transaction

from accounts.models import ApiKey
from agreements.clauses import get_clause_number
from lib.ids import uuid7
from tracking.models import Reason
from tracking.orders import history, ingestion_sql, line_sql, snapshots
from tracking.orders.attribution import RULES, Attribution
from tracking.orders.attribution_data import BatchData, attribute_snapshots, load_new_orders
from tracking.orders.click_details import UNKNOWN, load_click_details
from tracking.orders.coupon_erasure import (
    ErasedCodes,
    build_pseudonyms,
    find_erased_codes,
    list_codes,
    replace_erased_codes,
)
from tracking.orders.incoming import IncomingOrder, Outcome
from tracking.orders.order_state import OrderState
from tracking.orders.snapshots import Snapshot


class Preparation(NamedTuple):
    """What is read for a batch before it is written. `erased` are codes of erased affiliates."""

    data: BatchData
    erased: ErasedCodes


def prepare_batch(batch: Sequence[IncomingOrder]) -> Preparation:
    """Read all that the orders of `batch` need if they are new; lock nothing."""
    pseudonyms = build_pseudonyms(list_codes(batch))
    data = load_new_orders([row.snapshot for row in batch if row.snapshot], codes=pseudonyms.values())
    return Preparation(data, ErasedCodes(pseudonyms, data.facts.assignments))


def accept_batch(
    batch: Sequence[IncomingOrder], preparation: Preparation, *, api_key: ApiKey | None
) -> dict[str, OrderState]:
    """Store the snapshots of `batch` and set the outcome of each row; return the batch's orders by order id.

    New orders are inserted, known ones locked until the transaction ends. An order with a newer snapshot has it as
    `snapshot`, with the attribution that follows from it. `store_changes` writes both.
    """
    if not transaction.get_connection().in_atomic_block:
        raise RuntimeError("accept_batch() must run in a transaction")
    rows = _read_snapshots(batch, preparation.erased)
    states = ingestion_sql.insert_orders(_attribute(_select_first_snapshots(rows), preparation.data.attribute))
    states |= ingestion_sql.lock_orders({row.order_id for row in rows} - states.keys())
    serialized = [row.serialize() for row in rows]
    stored = _classify_batch(batch, [digest for _text, digest in serialized], states)
    sequences = ingestion_sql.insert_snapshots([(rows[i], *serialized[i]) for i in stored], api_key)
    changed = {state.snapshot.order_id: state for state in states.values() if state.snapshot}
    later = [state.snapshot for state in changed.values() if state.snapshot and not state.is_new]
    for order_id, new in _attribute(later, attribute_snapshots).items():
        states[order_id].take_attribution(new)
    for state in changed.values():
        assert state.snapshot is not None
        state.sequence = sequences[state.snapshot.order_id, state.snapshot.updated_at]
    return states


def store_changes(
    batch: Sequence[IncomingOrder], states: Mapping[str, OrderState], *, settled: Collection[OrderState]
) -> list[OrderState]:
    """Write the orders that `batch` changed, and return them with their lines, to be priced.

    Orders in `settled` keep the attribution they had, with its reason: otherwise it would depend on which of two later
    snapshots came first. They also keep what is known of the click that won them.
    """
    for state in settled:
        state.keep_attribution(_find_clause(state.stored_attribution or state.attribution))
    changed = [state for state in states.values() if state.snapshot]
    ingestion_sql.update_orders([state for state in changed if not state.is_new])
    sent = Counter(row.order_id for row in batch)
    older = [states[row.order_id] for row in batch if not states[row.order_id].is_new or sent[row.order_id] > 1]
    vanished = line_sql.find_vanished_lines({state.pk for state in older})
    lines = line_sql.write_lines(changed, vanished=vanished)
    for state in changed:
        state.lines = lines[state.pk]
    # A stale snapshot may be the first to name a line that has vanished since: its order is priced again, too.
    return changed + history.load_current_orders({pk for pk, _, _ in vanished} - {state.pk for state in changed})


def attribute_again(states: Sequence[OrderState]) -> list[OrderState]:
    """Attribute stored orders by their newest snapshots, and return those whose attribution differs from the stored."""
    found = {state.snapshot.order_id: state for state in states if state.snapshot}
    for order_id, new in _attribute([s.snapshot for s in found.values() if s.snapshot], attribute_snapshots).items():
        found[order_id].take_attribution(new)
    return [state for state in found.values() if state.changes_hands]


def predict_outcomes(batch: Sequence[IncomingOrder]) -> None:
    """Set the outcome that each row of `batch` would have now; store and lock nothing."""
    rows = _read_snapshots(batch, find_erased_codes(list_codes(batch)))
    states = ingestion_sql.read_orders({row.order_id for row in rows})
    for row in rows:
        if row.order_id not in states:
            states[row.order_id] = OrderState(
                uuid7(), row.placed_at, None, Attribution(None, Reason.NO_CLAIM), is_new=True
            )
    _classify_batch(batch, [digest for _text, digest in (row.serialize() for row in rows)], states)


def _read_snapshots(batch: Sequence[IncomingOrder], erased: ErasedCodes) -> list[Snapshot]:
    replace_erased_codes(batch, erased)
    rows = [row.snapshot for row in batch if row.snapshot]
    if len(rows) != len(batch):
        raise ValueError("a row without a snapshot cannot be ingested")
    return rows


def _classify_batch(
    batch: Sequence[IncomingOrder], digests: Sequence[str], states: Mapping[str, OrderState]
) -> list[int]:
    """Set each row's outcome and each order's newest snapshot; return which rows are snapshots not stored before."""
    # An order that is new has no stored snapshots.
    known = ingestion_sql.fetch_snapshot_digests(
        [row.snapshot for row in batch if row.snapshot and not states[row.order_id].is_new]
    )
    newest: dict[str, datetime | None] = {order_id: state.updated_at for order_id, state in states.items()}
    unborn = {order_id for order_id, state in states.items() if state.is_new}
    fresh: list[int] = []
    for index, (row, digest) in enumerate(zip(batch, digests, strict=True)):
        snapshot = row.snapshot
        assert snapshot is not None
        order_id, key, state = snapshot.order_id, (snapshot.order_id, snapshot.updated_at), states[snapshot.order_id]
        if snapshot.placed_at != state.placed_at:
            expected = snapshots.format_timestamp(state.placed_at)
            row.refuse("placed_at", f"must be {expected}, as in the first snapshot of this order")
            continue
        if key in known:
            if known[key] == digest:
                row.outcome = Outcome.UNCHANGED
            else:
                row.refuse("updated_at", "this version is known with other content", Outcome.CONFLICT)
            continue
        known[key] = digest
        fresh.append(index)
        current = newest[order_id]
        if current is not None and current > snapshot.updated_at:
            row.outcome = Outcome.STALE
            continue
        newest[order_id] = snapshot.updated_at
        state.snapshot = snapshot
        row.outcome = Outcome.CREATED if order_id in unborn else Outcome.UPDATED
        unborn.discard(order_id)
    return fresh


def _select_first_snapshots(batch: Sequence[Snapshot]) -> list[Snapshot]:
    """Return the snapshot with which each order would begin: the newest of those with the placed_at of its first."""
    first: dict[str, Snapshot] = {}
    newest: dict[str, Snapshot] = {}
    for snapshot in batch:
        order_id = snapshot.order_id
        if snapshot.placed_at != first.setdefault(order_id, snapshot).placed_at:
            continue
        if order_id not in newest or snapshot.updated_at > newest[order_id].updated_at:
            newest[order_id] = snapshot
    return list(newest.values())


def _attribute(
    newest: Iterable[Snapshot], attribute: Callable[[Sequence[Snapshot]], dict[str, Attribution]]
) -> dict[str, OrderState]:
    """Return the orders of these snapshots with the attribution that `attribute` finds for them now."""
    rows = list(newest)
    decided = attribute(rows) if rows else {}
    details = load_click_details(decided)
    return {
        row.order_id: OrderState(
            uuid7(),
            row.placed_at,
            None,
            decided[row.order_id],
            snapshot=row,
            clause=_find_clause(decided[row.order_id]),
            click_details=details.get(row.order_id, UNKNOWN),
            is_new=True,
        )
        for row in rows
        if row.order_id in decided
    }


def _find_clause(attribution: Attribution) -> str:
    return get_clause_number(attribution.agreement_id, RULES[Reason(attribution.reason)])
