"""Attribution of stored orders again, after the history that they were attributed by has changed (specification 8)."""

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from django.db import connection

from affiliates.models import Affiliate
from tracking.models import Coupon
from tracking.orders import history, ingestion, ingestion_sql
from tracking.orders.order_state import OrderState


def find_affected_orders(affiliate: Affiliate, *, since: datetime) -> list[UUID]:
    """Return the orders placed from `since` on whose attribution depends on the affiliate's state: theirs, those denied
    to them, and those that name a coupon of theirs; in the order in which orders are locked."""
    keys = list(Coupon.objects.for_affiliate(affiliate).values_list("key", flat=True))
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT id FROM (
                SELECT id, order_id FROM tracking_order WHERE affiliate_id = %(affiliate)s AND placed_at >= %(since)s
                 UNION
                SELECT id, order_id FROM tracking_order
                 WHERE affiliate_id IS NULL AND candidate_id = %(affiliate)s AND placed_at >= %(since)s
                 UNION
                SELECT o.id, o.order_id FROM tracking_order o
                 WHERE o.placed_at >= %(since)s AND EXISTS (
                       SELECT FROM tracking_ordersnapshot s
                        WHERE s.order_id = o.order_id AND s.content->'coupons' ?| %(keys)s::text[])
            ) affected ORDER BY order_id COLLATE "C"
            """,
            {"affiliate": affiliate.pk, "since": since, "keys": keys},
        )
        return [pk for (pk,) in cursor.fetchall()]


def lock_and_attribute(order_pks: Sequence[UUID]) -> list[OrderState]:
    """Return those of the orders whose attribution by today's history differs from the stored one, locked."""
    ingestion_sql.lock_orders(set(ingestion_sql.get_order_ids(order_pks)))
    return ingestion.attribute_again(history.load_current_orders(order_pks))


def store_attributions(states: Sequence[OrderState], *, settled: Collection[UUID]) -> list[OrderState]:
    """Write the attributions of the orders that no close has `settled`, and return these, to be priced."""
    changed = [state for state in states if state.pk not in settled]
    ingestion_sql.update_orders(changed)
    return changed
