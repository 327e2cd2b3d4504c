"""What of an affiliate's an order names: it decides which orders they may ask about, and what they are told (CONTRACT 9).

An order keeps one claimant, but may name the coupon of one affiliate and the click of another, and once named a third: so
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
from tracking.clicks.click_ids import LINK_IN_SQL, named_link
from tracking.models import Coupon, Link, Order, OrderSnapshot

_CLICKED = LINK_IN_SQL.format(text="(receipt.content->>'click_id')")
# One statement, so that an order which names nothing of the affiliate's takes as long as one that there is not.
_MAY_ASK = {
    which: f"""
    SELECT o.id FROM tracking_order o
     WHERE o.{which} = %(value)s
       AND (o.affiliate_id = %(affiliate)s
            OR EXISTS (SELECT 1 FROM tracking_ordersnapshot receipt
                         JOIN tracking_coupon mine ON UPPER(mine.code) = UPPER(receipt.content->>'coupon')
                        WHERE receipt.order_id = o.order_id AND mine.affiliate_id = %(affiliate)s)
            OR EXISTS (SELECT 1 FROM tracking_ordersnapshot receipt
                         JOIN tracking_link mine ON mine.id = {_CLICKED}
                        WHERE receipt.order_id = o.order_id AND mine.affiliate_id = %(affiliate)s))
    """  # noqa: S608  (our own column names, no outside text)
    for which in ("order_id", "id")
}


class Named(NamedTuple):
    """What reports of an order name of the affiliate's: a coupon that was ever bound to them, a link of theirs."""

    bindings: Sequence[Coupon]
    link: Link | None

    @property
    def code(self) -> str:
        """The coupon as it is spelled for the affiliate; "" for none."""
        return self.bindings[0].code if self.bindings else ""


class Asked:
    """An order and the affiliate who asks about it."""

    def __init__(self, order: Order, affiliate: Affiliate) -> None:
        self.order = order
        self.affiliate = affiliate

    @property
    def mine(self) -> bool:
        return self.order.affiliate_id == self.affiliate.pk

    @property
    def judged(self) -> bool:
        """Whether the order would have been the affiliate's, had the reason that it keeps not spoken against it."""
        return self.order.affiliate_id is None and self.order.claimant_id == self.affiliate.pk

    @property
    def others(self) -> bool:
        """Whether another has it, or would have had it: then nothing about the order itself is told."""
        return not self.mine and not self.judged and self.order.claimant_id is not None

    @cached_property
    def now(self) -> Named:
        """By the newest report of the shop."""
        return self._named([self.order.coupon_code], [self.order.click_id])

    @cached_property
    def earlier(self) -> Named:
        """By any report of the shop, the newest among them."""
        rows = OrderSnapshot.objects.filter(order_id=self.order.order_id).values_list(
            "content__coupon", "content__click_id"
        )
        named = list(rows.order_by("version"))
        return self._named([coupon for coupon, _ in named], [click_id for _, click_id in named])

    def _named(self, codes: Sequence[str | None], click_ids: Sequence[str | None]) -> Named:
        wanted = {code.upper() for code in codes if code}
        mine = Coupon.objects.for_affiliate(self.affiliate).annotate(upper=Upper("code")).filter(upper__in=wanted)
        links = [pk for click_id in click_ids if click_id and (pk := named_link(click_id))]
        return Named(
            bindings=list(mine.order_by("created_at")),
            link=Link.objects.for_affiliate(self.affiliate).filter(pk__in=links).first(),
        )


def by_number(affiliate: Affiliate, order_id: str) -> Asked | None:
    """The order that the shop calls `order_id`, if any report of it names something of `affiliate`'s, or it is theirs."""
    return _find(affiliate, "order_id", order_id) if "\0" not in order_id else None


def by_key(affiliate: Affiliate, pk: UUID) -> Asked | None:
    """`by_number` for the key that an order has in addresses."""
    return _find(affiliate, "id", pk)


def _find(affiliate: Affiliate, which: str, value: str | UUID) -> Asked | None:
    with connection.cursor() as cursor:
        cursor.execute(_MAY_ASK[which], {"value": value, "affiliate": affiliate.pk})
        row = cursor.fetchone()
    orders: QuerySet[Order] = Order.objects.select_related("agreement", "link")
    return Asked(orders.get(pk=row[0]), affiliate) if row else None
