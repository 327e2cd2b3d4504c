"""Look up an order for an affiliate whose coupon or link it names (specification 9).

An order stores one candidate. But it may name the coupon of one affiliate and a click of another, and its older
snapshots may name a third, so the references are worked out for each affiliate who looks it up.
"""

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection
from django.db.models import Q, QuerySet

from affiliates.models import Affiliate
from lib.text import clean_code, fold_code
from tracking.clicks.click_ids import LINK_IN_SQL, extract_link_id
from tracking.models import Coupon, Link, Order, OrderSnapshot
from tracking.orders import history
from tracking.orders.snapshots import ORDER_ID

_CLICKED_LINK_SQL = LINK_IN_SQL.format(text="(snapshot_row.content->>'click_id')")
# One statement, so that an order of others takes as long as one that does not exist.
_FIND_ORDER_SQL = {
    column: f"""
    SELECT o.id FROM tracking_order o
     WHERE o.{column} = ANY(%(values)s::{kind}[])
       AND (o.affiliate_id = %(affiliate)s
            OR EXISTS (SELECT 1 FROM tracking_ordersnapshot snapshot_row
                         JOIN tracking_coupon own ON snapshot_row.content->'coupons' ? own.key
                        WHERE snapshot_row.order_id = o.order_id AND own.affiliate_id = %(affiliate)s)
            OR EXISTS (SELECT 1 FROM tracking_ordersnapshot snapshot_row
                         JOIN tracking_link own ON own.id = {_CLICKED_LINK_SQL}
                        WHERE snapshot_row.order_id = o.order_id AND own.affiliate_id = %(affiliate)s))
     ORDER BY array_position(%(values)s::{kind}[], o.{column}::{kind}) LIMIT 1
    """  # noqa: S608  (our own column names)
    for column, kind in (("order_id", "text"), ("id", "uuid"))
}


def match_order_number(text: str) -> Q:
    """Return the condition that an order's number begins with `text`, in the letter case given or in one case alone."""
    condition = Q()
    for spelling in _list_spellings(text):
        condition |= Q(order_id__startswith=spelling)
    return condition


def _list_spellings(text: str) -> list[str]:
    """Return `text` as given, then in one case alone: orders differ in case, but a shop's numbers are in one."""
    return list(dict.fromkeys((text, text.upper(), text.lower())))


class OrderReferences(NamedTuple):
    """The affiliate's coupon assignments, past or present, and their link that snapshots of an order name."""

    assignments: Sequence[Coupon]
    link: Link | None

    @property
    def code(self) -> str:
        """Return the coupon code as it was assigned to the affiliate; "" for none."""
        return self.assignments[0].code if self.assignments else ""

    def spell(self, code: str) -> str:
        """Return `code` as it was assigned to the affiliate; their first one if it is none of theirs."""
        return next((row.code for row in self.assignments if row.key == fold_code(code)), self.code)


class OrderLookup:
    """An order and the affiliate who looks it up."""

    def __init__(self, order: Order, affiliate: Affiliate) -> None:
        self.order = order
        self.affiliate = affiliate

    @property
    def is_own(self) -> bool:
        return self.order.affiliate_id == self.affiliate.pk

    @property
    def is_denied(self) -> bool:
        """Return whether the order would have been the affiliate's but for its attribution reason."""
        return self.order.affiliate_id is None and self.order.candidate_id == self.affiliate.pk

    @property
    def concerns_other_affiliate(self) -> bool:
        """Return whether another affiliate has or would have had the order, so that its details must stay hidden."""
        return not self.is_own and not self.is_denied and self.order.candidate_id is not None

    @cached_property
    def current_references(self) -> OrderReferences:
        """Return the references in the newest snapshot."""
        return self._find_references([self.newest_content])

    @cached_property
    def all_references(self) -> OrderReferences:
        """Return the references in any snapshot, including the newest."""
        rows = OrderSnapshot.objects.filter(order_id=self.order.order_id).order_by("updated_at")
        return self._find_references(list(rows.values_list("content", flat=True)))

    @cached_property
    def newest_content(self) -> dict[str, Any]:
        """Return the content of the newest snapshot."""
        return history.load_newest_content(self.order)

    def get_sent_coupon(self, code: str) -> str:
        """Return the coupon `code` as the shop sent it in the newest snapshot; "" if that does not name it."""
        sent = history.list_sent_coupons(self.newest_content)
        return next((text for text in sent if fold_code(text) == fold_code(code)), "")

    def _find_references(self, contents: Sequence[Mapping[str, Any]]) -> OrderReferences:
        wanted = {key for content in contents for key in content["coupons"]}
        own = Coupon.objects.for_affiliate(self.affiliate).filter(key__in=wanted)
        click_ids = [content["click_id"] for content in contents]
        links = [pk for click_id in click_ids if click_id and (pk := extract_link_id(click_id))]
        return OrderReferences(
            assignments=list(own.order_by("created_at")),
            link=Link.objects.for_affiliate(self.affiliate).filter(pk__in=links).first(),
        )


def find_order_by_number(affiliate: Affiliate, order_id: str) -> OrderLookup | None:
    """Find an order by the shop's number, if it is the affiliate's or a snapshot of it names their coupon or link.

    The number is compared as given first, then in upper and in lower case.
    """
    number = clean_code(order_id).removeprefix("#")
    return _find_order(affiliate, "order_id", _list_spellings(number)) if ORDER_ID.fullmatch(number) else None


def find_order_by_id(affiliate: Affiliate, pk: UUID) -> OrderLookup | None:
    """Do the same as `find_order_by_number` for the primary key, which URLs contain."""
    return _find_order(affiliate, "id", [pk])


def _find_order(affiliate: Affiliate, column: str, values: list[Any]) -> OrderLookup | None:
    with connection.cursor() as cursor:
        cursor.execute(_FIND_ORDER_SQL[column], {"values": values, "affiliate": affiliate.pk})
        row = cursor.fetchone()
    orders: QuerySet[Order] = Order.objects.select_related("agreement", "link")
    return OrderLookup(orders.get(pk=row[0]), affiliate) if row else None
