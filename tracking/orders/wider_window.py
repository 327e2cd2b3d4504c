"""Orders that a longer attribution window would have credited, for the backtest of draft terms (specification 4)."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import F, OuterRef, Subquery

from lib.keyset import iterate_by_key
from tracking.clicks.click_ids import ClickToken
from tracking.models import Order, OrderSnapshot, Reason
from tracking.orders import attribution_data
from tracking.orders.attribution import attribute_order

BATCH = 2000


def find_gained_orders(*, days: int, since: datetime, until: datetime) -> Iterator[tuple[UUID, UUID]]:
    """Yield (order, affiliate) for expired clicks that a window of `days` of 24 hours would have credited.

    Covers orders placed from `since` up to `until`. All other attribution rules still apply.
    """
    expired = Order.objects.filter(
        reason=Reason.CLICK_EXPIRED,
        placed_at__gte=since,
        placed_at__lt=until,
        link__isnull=False,
        clicked_at__gte=F("placed_at") - timedelta(days=days),
    )
    batch: list[Order] = []
    for order in iterate_by_key(expired):
        batch.append(order)
        if len(batch) == BATCH:
            yield from _find_owners(batch, days)
            batch = []
    yield from _find_owners(batch, days)


def _find_owners(orders: Sequence[Order], days: int) -> Iterator[tuple[UUID, UUID]]:
    click_tokens = {order.click_id: _build_click_token(order) for order in orders}
    codes = _load_coupons(orders)
    data = attribution_data.load_attribution_data({code for keys in codes.values() for code in keys}, click_tokens)
    data = data._replace(attribution_days=dict.fromkeys(data.attribution_days, days))
    for order in orders:
        attribution = attribute_order(
            data,
            coupon=data.pick_coupon(codes[order.pk], order.placed_at),
            click_id=order.click_id,
            click_token=click_tokens[order.click_id],
            placed_at=order.placed_at,
        )
        if attribution.affiliate_id:
            yield order.pk, attribution.affiliate_id


def _load_coupons(orders: Sequence[Order]) -> dict[UUID, list[str]]:
    """Return {order: keys of all of its coupon codes}, of which the order itself has only one."""
    newest = OrderSnapshot.objects.filter(order_id=OuterRef("order_id"), updated_at=OuterRef("updated_at"))
    rows = Order.objects.filter(pk__in=[order.pk for order in orders])
    return dict(rows.annotate(codes=Subquery(newest.values("content__coupons"))).values_list("pk", "codes"))


def _build_click_token(order: Order) -> ClickToken | None:
    """Rebuild the verified token from the order, because the signing key may have been retired since."""
    return ClickToken(order.link_id, order.clicked_at, UUID(int=0)) if order.link_id and order.clicked_at else None
