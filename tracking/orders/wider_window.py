"""Whose orders would be under a longer attribution window than theirs was: asked when a draft is rehearsed (CONTRACT 4)."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import F

from tracking.clicks.click_ids import ClickToken
from tracking.models import Order, Reason
from tracking.orders import attribution_data
from tracking.orders.attribution import attribute_order

BATCH = 2000


def find_gained_orders(*, days: int, since: datetime, until: datetime) -> Iterator[tuple[UUID, UUID]]:
    """(order, affiliate) for each order placed from `since` up to `until` that came too late after its click then, and in
    time had the window been `days` of 24 hours; everything else that speaks against an affiliate still does."""
    late = Order.objects.filter(
        reason=Reason.CLICK_EXPIRED,
        placed_at__gte=since,
        placed_at__lt=until,
        link__isnull=False,
        clicked_at__gte=F("placed_at") - timedelta(days=days),
    )
    batch: list[Order] = []
    for order in late.order_by("placed_at").iterator(chunk_size=BATCH):
        batch.append(order)
        if len(batch) == BATCH:
            yield from _find_owners(batch, days)
            batch = []
    yield from _find_owners(batch, days)


def _find_owners(orders: Sequence[Order], days: int) -> Iterator[tuple[UUID, UUID]]:
    click_tokens = {order.click_id: _build_click_token(order) for order in orders}
    known = attribution_data.load_attribution_data(
        {order.coupon_code.upper() for order in orders if order.coupon_code}, click_tokens
    )
    known = known._replace(attribution_days=dict.fromkeys(known.attribution_days, days))
    for order in orders:
        answer = attribute_order(
            known,
            coupon=order.coupon_code,
            click_id=order.click_id,
            click_token=click_tokens[order.click_id],
            placed_at=order.placed_at,
        )
        if answer.affiliate_id:
            yield order.pk, answer.affiliate_id


def _build_click_token(order: Order) -> ClickToken | None:
    """What the click id proved when the order came in: its key may have been retired since."""
    return ClickToken(order.link_id, order.clicked_at, UUID(int=0)) if order.link_id and order.clicked_at else None
