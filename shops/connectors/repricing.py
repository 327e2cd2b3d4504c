"""Changed mappings are applied to orders that no close has settled, as previewed (specification 11)."""

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple
from uuid import UUID

from django.db import connection as database
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from audit import trail
from lib.errors import NotAllowed
from lib.money import ZERO
from lib.reasons import require_reason
from payouts.commissions.writer import find_settled_orders, list_settled_orders
from shops.connectors.shop_orders import Result, find_changed, send_orders
from shops.models import Connection, ShopOrder, ShopOrderLine
from tracking.models import Order

BATCH = 500
# Of one application, which is one transaction; the rest is applied by the next.
MAX_ORDERS = 5_000


class Move(NamedTuple):
    """Lines that pass from one category of the rate card to another."""

    before: str
    after: str
    lines: int


class Repricing(NamedTuple):
    """What applying the mappings changes: orders, lines, and the commission of these orders before and after.

    `settled` orders would change too and are left alone. With `is_partial` more orders remain. `digest` is of
    all that.
    """

    orders: int
    moves: list[Move]
    before: Decimal
    after: Decimal
    settled: int
    rejected: int
    is_partial: bool
    digest: str

    @property
    def lines(self) -> int:
        return sum(move.lines for move in self.moves)

    @property
    def difference(self) -> Decimal:
        return self.after - self.before


def preview_repricing(connection: Connection, *, now: datetime) -> Repricing:
    """Return what `apply_mappings` would do; nothing is changed."""
    with transaction.atomic():
        repricing = _reprice(connection, now)
        transaction.set_rollback(True)
    return repricing


@transaction.atomic
def apply_mappings(*, connection: Connection, digest: str, reason: str, now: datetime, by: User | None) -> Repricing:
    """Send new snapshots of the orders whose categories changed, if it does what was previewed as `digest`.

    Raises NotAllowed if it no longer does, and changes nothing.
    """
    checked = require_reason(reason)
    repricing = _reprice(connection, now)
    if repricing.digest != digest:
        raise NotAllowed(_("Orders or mappings have changed since the preview. Check the new preview."))
    trail.record(
        action="shop categories applied", subject=connection, now=now, by=by, reason=checked,
        before={"commission": repricing.before},
        after={"commission": repricing.after, "orders": repricing.orders, "lines": repricing.lines},
    )  # fmt: skip
    return repricing


def _reprice(connection: Connection, now: datetime) -> Repricing:
    # All orders are searched before the lock, for which the connection's events and a close would have to wait.
    found, settled, is_partial = _find_orders(connection, now)
    locked = Connection.objects.select_for_update(no_key=True).get(pk=connection.pk)
    orders = _find_again(locked, found, now)
    pks = _list_order_pks(orders)
    before, lines_before = _sum_commissions(pks), _list_lines(orders)
    results: dict[str, Result] = {}
    for start in range(0, len(orders), BATCH):
        results |= send_orders(locked, orders[start : start + BATCH], now=now)
    lines_after = _list_lines(orders)
    moved = Counter((old, lines_after[line]) for line, old in lines_before.items() if lines_after.get(line, old) != old)
    moves = [Move(*pair, lines) for pair, lines in sorted(moved.items())]
    repricing = Repricing(
        len(orders), moves, before, _sum_commissions(pks), settled, sum(one.is_refused for one in results.values()),
        is_partial, "",
    )  # fmt: skip
    content = json.dumps([repricing, sorted(order.digest for order in orders)], default=str)
    return repricing._replace(digest=hashlib.sha256(content.encode()).hexdigest())


def _find_orders(connection: Connection, now: datetime) -> tuple[list[ShopOrder], int, bool]:
    """Return the unsettled orders that change, the number of settled ones that would, and whether more remain."""
    found: list[ShopOrder] = []
    settled, last = 0, UUID(int=0)
    sent = ShopOrder.objects.filter(connection=connection, version__isnull=False).order_by("pk")
    while len(found) < MAX_ORDERS and (batch := list(sent.filter(pk__gt=last)[:BATCH])):
        last = batch[-1].pk
        changed = find_changed(connection, batch, now=now)
        is_settled = _find_settled(changed, list_settled_orders)
        settled += len(is_settled)
        found += [order for order in changed if order.order_id not in is_settled]
    return found[:MAX_ORDERS], settled, len(found) > MAX_ORDERS or sent.filter(pk__gt=last).exists()


def _find_again(connection: Connection, found: Sequence[ShopOrder], now: datetime) -> list[ShopOrder]:
    """Return the orders as they are now that the connection is locked, without those that no longer change."""
    pks = [order.pk for order in found]
    orders: list[ShopOrder] = []
    for start in range(0, len(pks), BATCH):
        current = list(ShopOrder.objects.filter(pk__in=pks[start : start + BATCH]).order_by("pk"))
        changed = find_changed(connection, current, now=now)
        is_settled = _find_settled(changed, find_settled_orders)
        orders += [order for order in changed if order.order_id not in is_settled]
    return orders


def _find_settled(orders: Sequence[ShopOrder], find: Callable[[Iterable[UUID]], set[UUID]]) -> set[str]:
    pks = dict(Order.objects.filter(order_id__in=[one.order_id for one in orders]).values_list("pk", "order_id"))
    return {pks[pk] for pk in find(pks)}


def _list_order_pks(orders: Sequence[ShopOrder]) -> list[UUID]:
    return list(Order.objects.filter(order_id__in=[one.order_id for one in orders]).values_list("pk", flat=True))


def _sum_commissions(order_pks: Sequence[UUID]) -> Decimal:
    with database.cursor() as cursor:
        cursor.execute("SELECT sum(amount) FROM payouts_commission WHERE order_id = ANY(%s)", [list(order_pks)])
        [total] = cursor.fetchone() or (None,)
        return total if total is not None else ZERO


def _list_lines(orders: Sequence[ShopOrder]) -> dict[tuple[UUID, str], str]:
    rows = ShopOrderLine.objects.filter(shop_order__in=orders)
    return {(order, line): category for order, line, category in rows.values_list("shop_order", "line_id", "category")}
