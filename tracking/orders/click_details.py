"""Details of the click that won an order. They are copied to the order, because old clicks are dropped."""

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


def load_click_details(attributions: Mapping[str, Attribution]) -> dict[str, ClickDetails]:
    """Return {order id: click details} for orders that were credited by a click whose row exists."""
    nonces = {order_id: a.nonce for order_id, a in attributions.items() if a.affiliate_id and a.nonce}
    if not nonces:
        return {}
    moments = [a.clicked_at for a in attributions.values() if a.nonce and a.clicked_at]
    # The bounds restrict the query to the partitions of these clicks. Click ids have millisecond precision.
    rows = Click.objects.filter(
        pk__in=list(nonces.values()), at__gte=min(moments), at__lt=max(moments) + _MILLISECOND
    ).values_list("pk", *ClickDetails._fields)
    details = {pk: ClickDetails(*row) for pk, *row in rows}
    return {order_id: details[nonce] for order_id, nonce in nonces.items() if nonce in details}
