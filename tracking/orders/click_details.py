"""What the record of a click says of the order that came by it: read once, because records are dropped one day."""

from collections.abc import Mapping
from datetime import timedelta
from typing import NamedTuple

from tracking.models import Click
from tracking.orders.attribution import Attribution

_MILLISECOND = timedelta(milliseconds=1)


class ClickDetails(NamedTuple):
    sub1: str | None = None
    sub2: str | None = None
    sub3: str | None = None
    sub4: str | None = None
    sub5: str | None = None
    device: str | None = None


UNKNOWN = ClickDetails()


def load_click_details(decided: Mapping[str, Attribution]) -> dict[str, ClickDetails]:
    """{order id: what its click was} for the orders that somebody has by a click whose record is there."""
    nonces = {order_id: a.nonce for order_id, a in decided.items() if a.affiliate_id and a.nonce}
    if not nonces:
        return {}
    moments = [a.clicked_at for a in decided.values() if a.nonce and a.clicked_at]
    # Between the first and the last: only the months of these are looked into. A click id knows milliseconds alone.
    rows = Click.objects.filter(
        pk__in=list(nonces.values()), at__gte=min(moments), at__lt=max(moments) + _MILLISECOND
    ).values_list("pk", *ClickDetails._fields)
    found = {pk: ClickDetails(*row) for pk, *row in rows}
    return {order_id: found[nonce] for order_id, nonce in nonces.items() if nonce in found}
