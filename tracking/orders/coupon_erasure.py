"""Replacement of an affiliate's coupon codes by pseudonyms (specification 9).

The code is replaced alike in the assignment, in orders and in stored snapshots, so that a replay attributes as before.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import uuid4

from django.db import connection
from django.db.models import Q

from affiliates.models import Affiliate
from tracking.models import Coupon, Order

_IS_CODE = "upper(btrim({})) = %(code)s"
_LISTED = """jsonb_array_elements_text(
    CASE jsonb_typeof(content->'coupons') WHEN 'array' THEN content->'coupons' ELSE '[]' END
) WITH ORDINALITY AS listed(code, place)"""
# `sha256` stays that of the snapshot as it was sent, so that the shop may still repeat it.
_REPLACE_IN_SNAPSHOTS_SQL = f"""
    UPDATE tracking_ordersnapshot SET content = content
        || CASE WHEN {_IS_CODE.format("content->>'coupon'")}
                THEN jsonb_build_object('coupon', %(pseudonym)s::text) ELSE '{{}}' END
        || CASE WHEN content ? 'coupons' AND jsonb_typeof(content->'coupons') = 'array'
                THEN jsonb_build_object('coupons', (
                    SELECT COALESCE(jsonb_agg(CASE WHEN {_IS_CODE.format("code")} THEN %(pseudonym)s ELSE code END
                                              ORDER BY place), '[]') FROM {_LISTED}))
                ELSE '{{}}' END
     WHERE ({_IS_CODE.format("content->>'coupon'")}
            OR EXISTS (SELECT FROM {_LISTED} WHERE {_IS_CODE.format("code")}))
       AND (%(order_ids)s::text[] IS NULL OR order_id = ANY(%(order_ids)s::text[]))
"""  # noqa: S608


def erase_coupons(*, affiliate: Affiliate, now: datetime) -> None:
    """End the affiliate's coupons and replace each code by a pseudonym that no shop sends.

    Of a code that another affiliate has or had, too, only the orders of this affiliate's time are changed. The caller
    allows redaction of append-only rows.
    """
    coupons = list(Coupon.objects.for_affiliate(affiliate))
    for code in sorted({coupon.code.upper() for coupon in coupons}):
        assigned = [coupon for coupon in coupons if coupon.code.upper() == code]
        _replace_code(code, f"erased-{uuid4().hex}", affiliate, assigned)
    for coupon in Coupon.objects.for_affiliate(affiliate).filter(assigned_until=None):
        ends_at = max(now, coupon.assigned_from or now)
        Coupon.objects.filter(pk=coupon.pk).update(assigned_until=ends_at)


def _replace_code(code: str, pseudonym: str, affiliate: Affiliate, assigned: Sequence[Coupon]) -> None:
    order_ids = None
    orders = Order.objects.filter(coupon_code__iexact=code)
    if Coupon.objects.filter(code__iexact=code).exclude(affiliate=affiliate).exists():
        placed = _filter_placed(assigned)
        order_ids = list(Order.objects.filter(placed).values_list("order_id", flat=True))
        orders = orders.filter(placed)
    _replace_in_snapshots(code=code, pseudonym=pseudonym, order_ids=order_ids)
    orders.update(coupon_code=pseudonym)
    Coupon.objects.filter(pk__in=[coupon.pk for coupon in assigned]).update(code=pseudonym)


def _filter_placed(assigned: Sequence[Coupon]) -> Q:
    """Match the orders that were placed while one of the coupons was assigned."""
    placed = Q(pk=None)
    for coupon in assigned:
        window = Q()
        if coupon.assigned_from:
            window &= Q(placed_at__gte=coupon.assigned_from)
        if coupon.assigned_until:
            window &= Q(placed_at__lt=coupon.assigned_until)
        placed |= window or ~Q(pk=None)
    return placed


def _replace_in_snapshots(**values: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute(_REPLACE_IN_SNAPSHOTS_SQL, values)
