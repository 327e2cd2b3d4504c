"""Coupon codes of a file that credit no one, so that staff see a mistyped code before the import."""

from collections.abc import Iterable, Mapping

from django.utils.translation import ngettext

from lib.text import clean_code, fold_code
from tracking.models import Reason
from tracking.orders.attribution_data import attribute_snapshots
from tracking.orders.incoming import IncomingOrder

MAX_CODES_NAMED = 10


def find_unassigned_coupons(rows: Iterable[IncomingOrder]) -> dict[str, list[str]]:
    """Return the coupon codes of each order that no one gets because none of them is assigned at its time."""
    snapshots = [row.snapshot for row in rows if row.snapshot and row.snapshot.coupons and not row.is_rejected]
    attributions = attribute_snapshots(snapshots)
    return {
        snapshot.order_id: [clean_code(code) for code in snapshot.coupons]
        for snapshot in snapshots
        if attributions[snapshot.order_id].reason == Reason.COUPON_UNKNOWN
    }


def describe_unassigned_coupons(uncredited: Mapping[str, list[str]]) -> list[str]:
    """Return a sentence for the preview; none if every coupon code is assigned."""
    if not uncredited:
        return []
    codes = list({fold_code(code): code for order in uncredited.values() for code in order}.values())
    named = ", ".join(codes[:MAX_CODES_NAMED])
    text = ngettext(
        "%(count)d order is credited to no one, because its coupon code is not assigned to an affiliate at its time:"
        " %(codes)s.",
        "%(count)d orders are credited to no one, because their coupon codes are not assigned to an affiliate at their"
        " time: %(codes)s.",
        len(uncredited),
    )
    return [text % {"count": len(uncredited), "codes": named + (", …" if len(codes) > MAX_CODES_NAMED else "")}]
