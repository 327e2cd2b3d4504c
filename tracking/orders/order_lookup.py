"""What of an affiliate's an order names: it decides which orders they may ask about, and what they are told (CONTRACT 9).

An order keeps one candidate, but may name the coupon of one affiliate and the click of another, and once named a third: so
this is worked out for whoever asks. The shop's number or the key of the order comes first, so that an index finds it.
"""

from collections.abc import Sequence
from functools import cached_property
from typing import NamedTuple
from uuid import UUID

from django.db import connection
from django.db.models import QuerySet
from django.db.models.functions import Upper

from affiliates.models import Affiliate
from tracking.clicks.click_ids import LINK_IN_SQL, extract_link_id
from tracking.models import Coupon, Link, Order, OrderSnapshot

_CLICKED_LINK_SQL = LINK_IN_SQL.format(text="(snapshot_row.content->>'click_id')")
# One statement, so that an order which names nothing of the affiliate's takes as long as one that there is not.
_FIND_ORDER_SQL = {
    which: f"""
    SELECT o.id FROM tracking_order o
     WHERE o.{which} = %(value)s
       AND (o.affiliate_id = %(affiliate)s
            OR EXISTS (SELECT 1 FROM tracking_ordersnapshot snapshot_row
                         JOIN tracking_coupon mine ON UPPER(mine.code) = UPPER(snapshot_row.content->>'coupon')
                        WHERE snapshot_row.order_id = o.order_id AND mine.affiliate_id = %(affiliate)s)
            OR EXISTS (SELECT 1 FROM tracking_ordersnapshot snapshot_row
                         JOIN tracking_link mine ON mine.id = {_CLICKED_LINK_SQL}
                        WHERE snapshot_row.order_id = o.order_id AND mine.affiliate_id = %(affiliate)s))
    """  # noqa: S608  (our own column names, no outside text)
    for which in ("order_id", "id")
}


class OrderReferences(NamedTuple):
    """What reports of an order name of the affiliate's: a coupon that was ever bound to them, a link of theirs."""

    assignments: Sequence[Coupon]
    link: Link | None

    @property
    def code(self) -> str:
        """The coupon as it is spelled for the affiliate; "" for none."""
        return self.assignments[0].code if self.assignments else ""


class OrderLookup:
    """An order and the affiliate who asks about it."""

    def __init__(self, order: Order, affiliate: Affiliate) -> None:
        self.order = order
        self.affiliate = affiliate

    @property
    def is_own(self) -> bool:
        return self.order.affiliate_id == self.affiliate.pk

    @property
    def is_denied(self) -> bool:
        """Whether the order would have been the affiliate's, had the reason that it keeps not spoken against it."""
        return self.order.affiliate_id is None and self.order.candidate_id == self.affiliate.pk

    @property
    def concerns_other_affiliate(self) -> bool:
        """Whether another has it, or would have had it: then nothing about the order itself is told."""
        return not self.is_own and not self.is_denied and self.order.candidate_id is not None

    @cached_property
    def current_references(self) -> OrderReferences:
        """By the newest report of the shop."""
        return self._find_references([self.order.coupon_code], [self.order.click_id])

    @cached_property
    def all_references(self) -> OrderReferences:
        """By any report of the shop, the newest among them."""
        rows = OrderSnapshot.objects.filter(order_id=self.order.order_id).values_list(
            "content__coupon", "content__click_id"
        )
        named = list(rows.order_by("updated_at"))
        return self._find_references([coupon for coupon, _ in named], [click_id for _, click_id in named])

    def _find_references(self, codes: Sequence[str | None], click_ids: Sequence[str | None]) -> OrderReferences:
        wanted = {code.upper() for code in codes if code}
        mine = Coupon.objects.for_affiliate(self.affiliate).annotate(upper=Upper("code")).filter(upper__in=wanted)
        links = [pk for click_id in click_ids if click_id and (pk := extract_link_id(click_id))]
        return OrderReferences(
            assignments=list(mine.order_by("created_at")),
            link=Link.objects.for_affiliate(self.affiliate).filter(pk__in=links).first(),
        )


def find_order_by_number(affiliate: Affiliate, order_id: str) -> OrderLookup | None:
    """The order that the shop calls `order_id`, if any report of it names something of `affiliate`'s, or it is theirs."""
    return _find_order(affiliate, "order_id", order_id) if "\0" not in order_id else None


def find_order_by_id(affiliate: Affiliate, pk: UUID) -> OrderLookup | None:
    """`by_number` for the key that an order has in addresses."""
    return _find_order(affiliate, "id", pk)


def _find_order(affiliate: Affiliate, which: str, value: str | UUID) -> OrderLookup | None:
    with connection.cursor() as cursor:
        cursor.execute(_FIND_ORDER_SQL[which], {"value": value, "affiliate": affiliate.pk})
        row = cursor.fetchone()
    orders: QuerySet[Order] = Order.objects.select_related("agreement", "link")
    return OrderLookup(orders.get(pk=row[0]), affiliate) if row else None
