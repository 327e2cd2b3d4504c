"""Snapshots of a shop's orders: made of their states, with a version that always grows (specification 11)."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from shops import intake
from shops.connectors import milestones
from shops.connectors.base import BuiltOrder, Ignored
from shops.connectors.categories import CategoryTable, MappedLine, build_evidence, list_product_keys
from shops.connectors.registry import get_connector
from shops.models import Connection, Reject, ShopOrder, ShopOrderLine
from tracking.orders.incoming import IncomingOrder
from tracking.orders.snapshot_fields import Rejected
from tracking.orders.snapshots import format_timestamp

TICK = timedelta(microseconds=1)
FETCH_DELAY = timedelta(seconds=10)


class Result(NamedTuple):
    """What became of an order: one of intake's outcomes, "unchanged", or "kept" if it makes no snapshot yet."""

    outcome: str
    field: str = ""
    cause: str = ""
    reject: Reject | None = None
    is_refused: bool = False


class _Draft(NamedTuple):
    order: ShopOrder
    built: BuiltOrder
    mapped: list[MappedLine]
    row: dict[str, Any]
    digest: str


def send_orders(connection: Connection, orders: Sequence[ShopOrder], *, now: datetime) -> dict[str, Result]:
    """Make the snapshots of the orders' states, ingest those that changed, and store the orders.

    The connection must be locked. Returns a result for each order key.
    """
    results: dict[str, Result] = {}
    built: list[tuple[ShopOrder, BuiltOrder]] = []
    for order in orders:
        try:
            built.append((order, _build(connection, order, now)))
        except Ignored as reason:
            results[order.order_key] = Result("kept", cause=str(reason))
        except Rejected as refusal:
            results[order.order_key] = _reject(connection, order, refusal, now)
    drafts = _draft_rows(connection, built, now)
    changed = []
    for draft in drafts:
        if draft.digest == draft.order.digest:
            results[draft.order.order_key] = Result("unchanged")
        else:
            changed.append(draft)
    for start in range(0, len(changed), intake.BATCH):
        results |= _ingest(connection, changed[start : start + intake.BATCH], now)
    _save(orders)
    _store_evidence([draft for draft in changed if not results[draft.order.order_key].is_refused])
    return results


def find_changed(connection: Connection, orders: Sequence[ShopOrder], *, now: datetime) -> list[ShopOrder]:
    """Return the orders of which `send_orders` would ingest a new snapshot, without storing anything."""
    built: list[tuple[ShopOrder, BuiltOrder]] = []
    for order in orders:
        try:
            built.append((order, _build(connection, order, now)))
        except (Ignored, Rejected):
            continue
    return [draft.order for draft in _draft_rows(connection, built, now) if draft.digest != draft.order.digest]


def build_source(connection: Connection) -> str:
    """Return how the rejects inbox names the connection."""
    return connection.reject_source


def _build(connection: Connection, order: ShopOrder, now: datetime) -> BuiltOrder:
    connector = get_connector(connection)
    # A state that makes no snapshot is not due again, or it would be rejected again and again.
    order.due_at = None
    built = connector.build_order(order.state, connection, was_sent=order.version is not None, now=now)
    order.due_at, order.notes = built.due_at, built.notes
    if built.is_incomplete:
        _request_completion(connection, order, now)
    return built


def _request_completion(connection: Connection, order: ShopOrder, now: datetime) -> None:
    """Have the order completed from the shop's API, if there is a key and this is not under way."""
    if connection.api_key and order.fetch_at is None:
        order.fetch_at, order.fetch_attempts = now + FETCH_DELAY, 0


def _draft_rows(connection: Connection, built: Sequence[tuple[ShopOrder, BuiltOrder]], now: datetime) -> list[_Draft]:
    table = CategoryTable(connection, list_product_keys(line for _order, one in built for line in one.row["lines"]))
    for order, one in built:
        if not all(
            line.get("shop_categories") or table.knows(line.get("product_key") or "") for line in one.row["lines"]
        ):
            _request_completion(connection, order, now)
    return [_draft_row(table, order, one) for order, one in built]


def _draft_row(table: CategoryTable, order: ShopOrder, built: BuiltOrder) -> _Draft:
    mapped = []
    lines = []
    for line in built.row["lines"]:
        found = table.map_line(
            line.get("shop_categories") or (), line.get("product_key") or "", line.get("category") or ""
        )
        mapped.append(found)
        plain = {key: value for key, value in line.items() if key not in ("shop_categories", "product_key")}
        lines.append(plain | {"category": found.category})
    row = {"order_id": order.order_id, **built.row, "lines": lines}
    digest = hashlib.sha256(json.dumps(row, sort_keys=True, default=str).encode()).hexdigest()
    return _Draft(order, built, mapped, row, digest)


def _ingest(connection: Connection, drafts: Sequence[_Draft], now: datetime) -> dict[str, Result]:
    versions = [_choose_version(draft, now) for draft in drafts]
    rows = [draft.row | {"updated_at": format_timestamp(at)} for draft, at in zip(drafts, versions, strict=True)]
    answers = intake.ingest_orders(snapshots=rows, source=build_source(connection), now=now)
    rejects = _find_rejects(connection, answers, now)
    results = {}
    for draft, version, answer in zip(drafts, versions, answers, strict=True):
        if not answer.is_refused:
            draft.order.version, draft.order.digest = version, draft.digest
        results[draft.order.order_key] = _describe(answer, rejects)
    accepted = [draft.row for draft in drafts if not results[draft.order.order_key].is_refused]
    milestones.note_orders(connection, accepted, now)
    return results


def _choose_version(draft: _Draft, now: datetime) -> datetime:
    """Return the platform's second with a fraction of ours: never later than now, always after the last version."""
    at = min(draft.built.changed_at, now)
    return max(at, draft.order.version + TICK) if draft.order.version else at


def _find_rejects(connection: Connection, answers: Sequence[IncomingOrder], now: datetime) -> dict[str, Reject]:
    """Return the rows of the inbox that intake has just made of the refused snapshots, by order id."""
    refused = [answer.order_id for answer in answers if answer.is_refused]
    if not refused:
        return {}
    rows = Reject.objects.filter(source=build_source(connection), received_at=now, order_id__in=refused)
    return {row.order_id: row for row in rows.order_by("pk")}


def _describe(answer: IncomingOrder, rejects: Mapping[str, Reject]) -> Result:
    reject = rejects.get(answer.order_id) if answer.is_refused else None
    return Result(str(answer.outcome), answer.field, answer.cause, reject, is_refused=answer.is_refused)


def _reject(connection: Connection, order: ShopOrder, refusal: Rejected, now: datetime) -> Result:
    """Give a state of which no snapshot can be made to the rejects inbox."""
    reject = Reject.objects.create(
        received_at=now,
        source=build_source(connection),
        order_id=intake.clean_order_id(order.order_id),
        field=refusal.field[:200],
        cause=refusal.message,
        content=json.dumps({"shop_order": str(order.pk)}),
    )
    return Result("rejected", refusal.field, refusal.message, reject, is_refused=True)


def _save(orders: Sequence[ShopOrder]) -> None:
    ShopOrder.objects.bulk_create(
        orders,
        batch_size=500,
        update_conflicts=True,
        unique_fields=["id"],
        update_fields=["state", "version", "digest", "due_at", "fetch_at", "fetch_attempts", "notes"],
    )


def _store_evidence(drafts: Sequence[_Draft]) -> None:
    ShopOrderLine.objects.filter(shop_order__in=[draft.order for draft in drafts]).delete()
    lines = []
    for draft in drafts:
        for line, mapped in zip(draft.row["lines"], draft.mapped, strict=True):
            evidence = build_evidence(line, mapped)
            evidence.shop_order = draft.order
            lines.append(evidence)
    ShopOrderLine.objects.bulk_create(lines, batch_size=1_000)
