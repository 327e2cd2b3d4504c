"""Replacement of an affiliate's coupon codes by pseudonyms (specification 9).

The code is replaced alike in the assignment, in orders and in stored snapshots, so that a replay attributes as before.
What shops send later is replaced before it is stored: the pseudonym is a keyed hash, by which the code is recognized.
"""

import hashlib
import hmac
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import connection
from django.db.models import Q

from affiliates.models import Affiliate
from lib.text import fold_code, is_printable_code
from tracking.models import Coupon, Order
from tracking.orders.attribution import CouponAssignment
from tracking.orders.incoming import IncomingOrder

# `sha256` stays that of the snapshot as it was sent, so that the shop may still repeat it. `sent` has the spellings.
_REPLACE_IN_SNAPSHOTS_SQL = """
    UPDATE tracking_ordersnapshot SET content = content #- '{sent,coupons}' || jsonb_build_object('coupons', (
        SELECT jsonb_agg(CASE WHEN key = %(key)s THEN %(pseudonym)s ELSE key END ORDER BY place)
          FROM jsonb_array_elements_text(content->'coupons') WITH ORDINALITY AS listed(key, place)))
     WHERE content->'coupons' ? %(key)s AND (%(order_ids)s::text[] IS NULL OR order_id = ANY(%(order_ids)s::text[]))
    RETURNING order_id
"""


def erase_coupons(*, affiliate: Affiliate, now: datetime) -> None:
    """End the affiliate's coupons and replace each code by a pseudonym that no shop sends.

    Of a code that another affiliate has or had, too, only the orders of this affiliate's time are changed. The caller
    allows redaction of append-only rows.
    """
    coupons = list(Coupon.objects.for_affiliate(affiliate))
    for key in sorted({coupon.key for coupon in coupons}):
        assigned = [coupon for coupon in coupons if coupon.key == key]
        _replace_code(key, _build_pseudonym(key), affiliate, assigned)
    for coupon in Coupon.objects.for_affiliate(affiliate).filter(assigned_until=None):
        ends_at = max(now, coupon.assigned_from or now)
        Coupon.objects.filter(pk=coupon.pk).update(assigned_until=ends_at)


class ErasedCodes:
    """Those of the codes that a shop has sent which were an erased affiliate's.

    `pseudonyms` are those of all codes, by key; `assignments` those of both that are assigned or were.
    """

    def __init__(self, pseudonyms: Mapping[str, str], assignments: Mapping[str, Sequence[CouponAssignment]]) -> None:
        self._pseudonyms, self._assignments = pseudonyms, assignments

    def replace(self, code: str, placed_at: datetime | None = None) -> str:
        """Return the pseudonym of a code in an order placed at `placed_at`, or the code if it was no one's who is erased.

        A code that someone else has, too, is replaced only in orders of the erased affiliate's time.
        """
        key = fold_code(code)
        pseudonym = self._pseudonyms.get(key, "")
        erased = self._assignments.get(pseudonym, ())
        if not erased or (key in self._assignments and not _is_within(placed_at, erased)):
            return code
        return pseudonym


def _is_within(at: datetime | None, assignments: Iterable[CouponAssignment]) -> bool:
    return at is not None and any(
        (not one.assigned_from or one.assigned_from <= at) and (not one.assigned_until or at < one.assigned_until)
        for one in assignments
    )


def build_pseudonyms(codes: Iterable[str]) -> dict[str, str]:
    """Return {key: pseudonym}, without codes that no coupon can have, such as one with a lone surrogate."""
    keys = {key for key in map(fold_code, codes) if key and is_printable_code(key)}
    return {key: _build_pseudonym(key) for key in keys}


def find_erased_codes(codes: Iterable[str]) -> ErasedCodes:
    """Find with one query which of the codes were an erased affiliate's."""
    pseudonyms = build_pseudonyms(codes)
    assignments: dict[str, list[CouponAssignment]] = defaultdict(list)
    if pseudonyms:
        found = Coupon.objects.filter(key__in=[*pseudonyms, *pseudonyms.values()])
        for key, owner, since, until in found.values_list("key", "affiliate_id", "assigned_from", "assigned_until"):
            assignments[key].append(CouponAssignment(owner, since, until))
    return ErasedCodes(pseudonyms, assignments)


def list_codes(batch: Iterable[IncomingOrder]) -> list[str]:
    """Return the coupon codes of the snapshots."""
    return [code for row in batch if row.snapshot for code in row.snapshot.coupons]


def replace_erased_codes(batch: Iterable[IncomingOrder], erased: ErasedCodes) -> None:
    """Put the pseudonyms of erased affiliates' codes into the snapshots; they keep the digest of what was sent."""
    for row in batch:
        snapshot = row.snapshot
        if snapshot is None or not snapshot.coupons:
            continue
        coupons = tuple(erased.replace(code, snapshot.placed_at) for code in snapshot.coupons)
        if coupons != snapshot.coupons:
            _text, digest = snapshot.serialize()
            row.snapshot = snapshot._replace(coupons=coupons, sent_digest=digest)


def _build_pseudonym(key: str) -> str:
    secret = f"coupon code:{settings.PERSONAL_HASH_KEY}".encode()
    return "erased-" + hmac.digest(secret, key.encode(), hashlib.sha256).hex()[:32]


def _replace_code(key: str, pseudonym: str, affiliate: Affiliate, assigned: Sequence[Coupon]) -> None:
    order_ids = None
    if Coupon.objects.filter(key=key).exclude(affiliate=affiliate).exists():
        order_ids = list(Order.objects.filter(_filter_placed(assigned)).values_list("order_id", flat=True))
    changed = _replace_in_snapshots(key=key, pseudonym=pseudonym, order_ids=order_ids)
    orders = Order.objects.filter(order_id__in=changed).exclude(coupon_code="").values_list("pk", "coupon_code")
    named = [pk for pk, code in orders if fold_code(code) == key]
    Order.objects.filter(pk__in=named).update(coupon_code=pseudonym)
    Coupon.objects.filter(pk__in=[coupon.pk for coupon in assigned]).update(code=pseudonym, key=pseudonym)


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


def _replace_in_snapshots(**values: Any) -> list[str]:
    """Replace the code in stored snapshots. Return the ids of their orders."""
    with connection.cursor() as cursor:
        cursor.execute(_REPLACE_IN_SNAPSHOTS_SQL, values)
        return list({order_id for (order_id,) in cursor.fetchall()})
