"""Commissions at the cut of a close, recomputed from order snapshots without reading the commissions."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple
from uuid import UUID

from django.db import connection

from agreements import applicable_version
from agreements.applicable_version import resolve_applicable_version
from lib.money import ZERO
from payouts.commissions.pricing import get_validation_time, price_lines
from payouts.commissions.rates import Offer, get_rate_card, list_offers
from payouts.models import Close
from tracking.orders.attribution_data import attribute_snapshots
from tracking.orders.history import build_snapshot
from tracking.orders.snapshots import Snapshot

BATCH_SIZE = 1_000
OrderLines = Mapping[str, int]  # the shop's line id -> primary key

# The newest snapshot row of each order that the close saw: up to the cut, and committed before it or written by the
# close's own transaction.
_VISIBLE_SNAPSHOTS = """
SELECT DISTINCT ON (r.order_id) o.id, r.content
  FROM tracking_ordersnapshot r JOIN tracking_order o ON o.order_id = r.order_id
 WHERE r.sequence <= %s AND r.order_id > %s
   AND (pg_visible_in_snapshot(r.transaction::text::xid8, %s::pg_snapshot) OR r.transaction = %s)
 ORDER BY r.order_id, r.updated_at DESC
 LIMIT %s
"""


class RecomputedCommission(NamedTuple):
    """A commission as of the close."""

    commission_id: int
    affiliate_id: UUID
    amount: Decimal
    base: Decimal
    rate: Decimal
    validates_at: datetime | None


def recompute_commissions(
    close: Close, settled_to: Mapping[UUID, UUID], progress: Callable[[int], None] = lambda _orders: None
) -> Iterator[RecomputedCommission]:
    """Yield every commission of the orders that `close` saw.

    `settled_to` is {order: affiliate} for orders of which an earlier close settled a line; later snapshots do not
    change their affiliate. `progress` is called with the number of orders done.
    """
    versions, accepted = (
        applicable_version.list_published_versions(),
        applicable_version.get_acceptance_times(set(settled_to.values())),
    )
    last, done = "", 0
    while rows := _load_snapshots(close, last):
        last = rows[-1][1].order_id
        attributions = attribute_snapshots((snapshot for _, snapshot in rows), known_at=close.closed_at)
        lines = _load_line_ids([pk for pk, _ in rows])
        placed = [snapshot.placed_at for _, snapshot in rows]
        promotions = list_offers(min(placed), max(placed))
        for pk, snapshot in rows:
            attribution = attributions[snapshot.order_id]
            owner, agreement_id = attribution.affiliate_id, attribution.rates_agreement_id
            if pk in settled_to:
                owner = settled_to[pk]
                agreement_id = resolve_applicable_version(
                    versions, accepted.get(owner, {}), snapshot.placed_at
                ).agreement_id
            yield from _price_order(snapshot, owner, agreement_id, lines[pk], promotions)
        done += len(rows)
        progress(done)


def _load_snapshots(close: Close, after: str) -> list[tuple[UUID, Snapshot]]:
    with connection.cursor() as cursor:
        cursor.execute(_VISIBLE_SNAPSHOTS, [close.cut, after, close.snapshot, close.transaction, BATCH_SIZE])
        return [(pk, build_snapshot(json.loads(content))) for pk, content in cursor.fetchall()]


def _load_line_ids(order_pks: list[UUID]) -> dict[UUID, dict[str, int]]:
    ids: dict[UUID, dict[str, int]] = {pk: {} for pk in order_pks}
    with connection.cursor() as cursor:
        cursor.execute("SELECT order_id, line_id, id FROM tracking_orderline WHERE order_id = ANY(%s)", [order_pks])
        for order_pk, line_id, pk in cursor.fetchall():
            ids[order_pk][line_id] = pk
    return ids


def _price_order(
    snapshot: Snapshot, owner: UUID | None, agreement_id: UUID | None, keys: OrderLines, promotions: Sequence[Offer]
) -> Iterator[RecomputedCommission]:
    if owner is None or agreement_id is None:
        return
    card = get_rate_card(agreement_id)
    priced = price_lines(snapshot, snapshot.lines, affiliate_id=owner, card=card, offers=promotions)
    validates_at = get_validation_time(snapshot, card)
    for line, commission in zip(snapshot.lines, priced, strict=True):
        yield RecomputedCommission(
            keys[line.line_id], owner, commission.amount, commission.base, commission.rate, validates_at
        )
    for line_id in keys.keys() - {line.line_id for line in snapshot.lines}:
        yield RecomputedCommission(keys[line_id], owner, ZERO, ZERO, ZERO, validates_at)
