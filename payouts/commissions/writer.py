"""Write commissions for the orders that a batch changed: one statement for all lines."""

import itertools
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import UUID

import orjson
from django.db import connection

from audit import trail
from lib.bulk_copy import COPY_ROWS, copy_rows
from lib.money import ZERO
from payouts.commissions import first_commission
from payouts.commissions.pricing import LineCommission, get_validation_time, price_lines
from payouts.commissions.rates import get_rate_card, list_offers
from payouts.ledger import booking
from payouts.models import Commission, CommissionHold, StatementLine
from tracking.orders import history
from tracking.orders.ingestion_sql import dump_rows
from tracking.orders.order_state import OrderState
from tracking.orders.snapshots import format_timestamp

People = dict[UUID, tuple[str, UUID | None]]
"""Affiliate: code, and their id if these may be their first commissions and no mail has said so."""

_COLUMNS = """
    line_id, order_id, affiliate_id, placed_at, category, base, rate, amount, agreement_id, clause, steps, validates_at,
    snapshot_sequence, forfeit_reason
"""
_PRICED = """
    SELECT *, '' AS forfeit_reason
      FROM json_to_recordset(%s) AS line(line_id bigint, snapshot_sequence bigint, category text, base numeric,
               rate numeric, amount numeric, clause text, steps jsonb)
      JOIN json_to_recordset(%s) AS whole(snapshot_sequence bigint, order_id uuid, affiliate_id uuid,
               placed_at timestamptz, agreement_id uuid, validates_at timestamptz)
     USING (snapshot_sequence)
"""
# Of the whole batch, as the condition for the e-mail about the first commission needs them.
_NEW = "SELECT unnest(%s::uuid[]) AS order_id"
_PEOPLE = f"""
    SELECT id, code, CASE WHEN {first_commission.AWAITS_FIRST_COMMISSION_MAIL} THEN id END AS unnotified
      FROM affiliates_affiliate person
"""  # noqa: S608 -- our own words
RESTORED_REASON = "The order turned out to be another affiliate's, who has forfeited nothing."


class OrderCommissions(NamedTuple):
    """The commissions of one order as they were just written."""

    order_pk: UUID
    affiliate: str  # code
    amount: Decimal  # sum in the program's currency
    reassigned: Sequence[int]  # lines that passed to another affiliate
    restored: Sequence[int]  # lines of these that had been forfeited
    unnotified: UUID | None  # the affiliate, if these may be their first commissions and no mail has said so


def find_settled_orders(order_pks: Iterable[UUID]) -> set[UUID]:
    """Return those of the orders of which a close has settled a line.

    No close runs from here to the end of the transaction.
    """
    booking.lock_shared()
    return list_settled_orders(order_pks)


def list_settled_orders(order_pks: Iterable[UUID]) -> set[UUID]:
    """Return those of the orders of which a close has settled a line so far."""
    settled = StatementLine.objects.filter(commission__order__in=list(order_pks))
    return set(settled.values_list("commission__order_id", flat=True))


def write_commissions(
    changed: Sequence[OrderState], *, now: datetime, has_promotions: bool = True
) -> dict[UUID, OrderCommissions]:
    """Price the orders; return what each attributed order came to, by its primary key.

    An order that is no longer credited to anyone keeps its commissions, at 0.00. A caller that knows that there are no
    promotions spares a query.
    """
    owned = [order for order in changed if order.attribution.affiliate_id]
    uncredited = [order.pk for order in changed if not order.attribution.affiliate_id]
    if uncredited:
        _void_commissions(uncredited)
    if not owned:
        return {}
    written = _write(owned, has_promotions)
    reassigned = [line_id for order in written for line_id in order.reassigned]
    if reassigned:
        CommissionHold.objects.filter(commission__in=reassigned, released_at=None).update(released_at=now)
        _record_restored([line_id for order in written for line_id in order.restored], now=now)
    first_commission.send_first_commission(
        {order.unnotified for order in written if order.unnotified and order.amount > 0}
    )
    return {order.order_pk: order for order in written}


def reprice(order_pks: Iterable[UUID], *, now: datetime) -> None:
    """Write the orders' commissions again from their newest snapshots."""
    found = history.load_current_orders(order_pks)
    if found:
        write_commissions(found, now=now)


class PricedOrder(NamedTuple):
    """An order with the version that prices it, and its lines, each with its primary key."""

    state: OrderState
    affiliate_id: UUID
    agreement_id: UUID
    validates_at: datetime | None
    lines: list[tuple[int, LineCommission]]


def _price(owned: Sequence[OrderState], has_promotions: bool) -> Iterator[PricedOrder]:
    placed = [order.placed_at for order in owned]
    promotions = list_offers(min(placed), max(placed)) if has_promotions else []
    for order in owned:
        affiliate_id, agreement_id = order.attribution.affiliate_id, order.attribution.rates_agreement_id
        assert order.snapshot is not None
        if affiliate_id is None or agreement_id is None:
            raise RuntimeError(f"order {order.snapshot.order_id} has an affiliate without an agreement")
        card = get_rate_card(agreement_id)
        lines = [line for _, line in order.lines]
        priced = price_lines(order.snapshot, lines, affiliate_id=affiliate_id, card=card, offers=promotions)
        keys = [pk for pk, _line in order.lines]
        validates_at = get_validation_time(order.snapshot, card)
        yield PricedOrder(order, affiliate_id, agreement_id, validates_at, list(zip(keys, priced, strict=True)))


def _write(owned: Sequence[OrderState], has_promotions: bool) -> list[OrderCommissions]:
    priced = list(_price(owned, has_promotions))
    new = [order for order in priced if order.state.is_new]
    known = [order for order in priced if not order.state.is_new]
    pks = [order.state.pk for order in priced]
    return (_insert(new, pks) if new else []) + (_upsert(known, pks) if known else [])


def _insert(new: Sequence[PricedOrder], pks: Sequence[UUID]) -> list[OrderCommissions]:
    """Write the commissions of new orders, of which none is stored yet. `pks` are all orders of the batch."""
    people = _insert_few(new, pks) if sum(len(order.lines) for order in new) < COPY_ROWS else _copy(new, pks)
    return [
        OrderCommissions(order.state.pk, code, sum((one.amount for _pk, one in order.lines), ZERO), (), (), unnotified)
        for order in new
        for code, unnotified in (people[order.affiliate_id],)
    ]


def _insert_few(new: Sequence[PricedOrder], pks: Sequence[UUID]) -> People:
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            WITH new AS ({_NEW}), priced AS ({_PRICED}), written AS (
                INSERT INTO payouts_commission ({_COLUMNS}) SELECT {_COLUMNS} FROM priced
            )
            {_PEOPLE} WHERE id IN (SELECT affiliate_id FROM priced)
            """,  # noqa: S608 -- our own words
            [list(pks), *_dump(new)],
        )
        return {pk: (code, unnotified) for pk, code, unnotified in cursor.fetchall()}


def _copy(new: Sequence[PricedOrder], pks: Sequence[UUID]) -> People:
    copy_rows("payouts_commission", _COLUMNS, itertools.chain.from_iterable(map(_build_copied_rows, new)))
    with connection.cursor() as cursor:
        cursor.execute(
            f"WITH new AS ({_NEW}) {_PEOPLE} WHERE id = ANY(%s)",
            [list(pks), list({order.affiliate_id for order in new})],
        )
        return {pk: (code, unnotified) for pk, code, unnotified in cursor.fetchall()}


def _build_copied_rows(order: PricedOrder) -> Iterator[tuple[Any, ...]]:
    # What the lines share is turned into text once.
    order_id, affiliate_id, agreement_id = order.state.pk.hex, order.affiliate_id.hex, order.agreement_id.hex
    placed_at = format_timestamp(order.state.placed_at)
    validates_at = format_timestamp(order.validates_at) if order.validates_at else None
    for pk, line in order.lines:
        yield (
            *(pk, order_id, affiliate_id, placed_at, line.category, str(line.base), str(line.rate), str(line.amount)),
            *(agreement_id, line.clause, orjson.dumps(line.steps).decode(), validates_at, order.state.sequence, ""),
        )


def _upsert(known: Sequence[PricedOrder], pks: Sequence[UUID]) -> list[OrderCommissions]:
    """Write the commissions of known orders; a forfeited one stays at 0.00 for as long as the order is the same affiliate's.

    Lines are never joined to lines: the planner estimates a batch at a hundred rows, and would compare each of ten
    thousand with each.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            WITH new AS ({_NEW}), priced AS ({_PRICED}), moved AS (
                SELECT line_id, forfeited_at IS NOT NULL AS forfeited
                  FROM payouts_commission
                 WHERE line_id = ANY(%s) AND (line_id, affiliate_id) NOT IN (SELECT line_id, affiliate_id FROM priced)
            ), written AS (
                INSERT INTO payouts_commission AS old ({_COLUMNS})
                SELECT {_COLUMNS} FROM priced
                    ON CONFLICT (line_id) DO UPDATE SET
                       affiliate_id = excluded.affiliate_id, category = excluded.category, base = excluded.base,
                       rate = excluded.rate, agreement_id = excluded.agreement_id, clause = excluded.clause,
                       steps = excluded.steps, validates_at = excluded.validates_at,
                       snapshot_sequence = excluded.snapshot_sequence,
                       amount = CASE WHEN old.forfeited_at IS NULL OR old.affiliate_id <> excluded.affiliate_id
                                     THEN excluded.amount ELSE 0 END,
                       forfeited_at = CASE WHEN old.affiliate_id = excluded.affiliate_id THEN old.forfeited_at END,
                       forfeit_reason = CASE WHEN old.affiliate_id = excluded.affiliate_id THEN old.forfeit_reason ELSE '' END
                RETURNING line_id, order_id, affiliate_id, amount
            ), whole AS (
                SELECT order_id, affiliate_id, SUM(amount) AS amount,
                       COALESCE(array_agg(line_id) FILTER (WHERE line_id IN (SELECT line_id FROM moved)), '{{}}') AS moved,
                       COALESCE(array_agg(line_id) FILTER (WHERE line_id IN (SELECT line_id FROM moved WHERE forfeited)),
                                '{{}}') AS restored
                  FROM written GROUP BY order_id, affiliate_id
            ), people AS MATERIALIZED (
                {_PEOPLE} WHERE id IN (SELECT affiliate_id FROM whole)
            )
            SELECT order_id, people.code, amount, moved, restored, unnotified
              FROM whole JOIN people ON people.id = affiliate_id
            """,  # noqa: S608 -- our own words
            [list(pks), *_dump(known), [pk for order in known for pk, _line in order.lines]],
        )
        return [OrderCommissions(*row) for row in cursor.fetchall()]


def _dump(priced: Sequence[PricedOrder]) -> list[str]:
    """Return the parameters of `_PRICED`."""
    orders = [
        {
            "snapshot_sequence": order.state.sequence,
            "order_id": order.state.pk,
            "affiliate_id": order.affiliate_id,
            "placed_at": order.state.placed_at,
            "agreement_id": order.agreement_id,
            "validates_at": order.validates_at,
        }
        for order in priced
    ]
    lines = [
        {"line_id": pk, "snapshot_sequence": order.state.sequence, **one._asdict()}
        for order in priced
        for pk, one in order.lines
    ]
    return [dump_rows(lines), dump_rows(orders)]


def _record_restored(line_ids: Sequence[int], *, now: datetime) -> None:
    """Record that forfeited commissions are earned again; `replay` reads these records."""
    for commission in Commission.objects.filter(pk__in=line_ids):
        trail.record(action="commission restored", subject=commission, now=now, by=None, reason=RESTORED_REASON)


def _void_commissions(order_pks: Sequence[UUID]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE payouts_commission SET base = 0, amount = 0, validates_at = NULL
             WHERE order_id = ANY(%s) AND base <> 0
            """,
            [list(order_pks)],
        )
