"""Stored orders as their newest snapshots say they are."""

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import connection

from lib.text import clean_code, fold_code
from tracking.models import Order, OrderLine, OrderSnapshot, Reason
from tracking.orders.attribution import Attribution
from tracking.orders.order_state import OrderState
from tracking.orders.snapshots import HASH_PREFIX, Line, Snapshot


def load_current_orders(order_pks: Iterable[UUID]) -> list[OrderState]:
    """Return the orders with their newest snapshots, attribution and lines, to be priced."""
    pks = list(order_pks)
    if not pks:
        return []
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT o.id, o.placed_at, o.clause, o.affiliate_id, o.reason, o.candidate_id, o.link_id, o.clicked_at,
                   o.agreement_id, o.rates_agreement_id, snapshot_row.sequence, snapshot_row.content
              FROM tracking_order o JOIN tracking_ordersnapshot snapshot_row
                ON snapshot_row.order_id = o.order_id AND snapshot_row.updated_at = o.updated_at
             WHERE o.id = ANY(%s)
            """,
            [pks],
        )
        rows = cursor.fetchall()
    stored: dict[UUID, list[OrderLine]] = {}
    for line in OrderLine.objects.filter(order__in=pks).order_by("position", "pk"):
        stored.setdefault(line.order_id, []).append(line)
    states = []
    for pk, placed_at, clause, affiliate_id, reason, *attributed, sequence, content in rows:
        snapshot = build_snapshot(json.loads(content))
        attribution = Attribution(affiliate_id, Reason(reason), *attributed)
        states.append(
            OrderState(
                pk,
                placed_at,
                snapshot.updated_at,
                attribution,
                stored_attribution=attribution,
                clause=clause,
                snapshot=snapshot,
                sequence=sequence,
                lines=[(line.pk, _build_line(line)) for line in stored.get(pk, [])],
            )
        )
    return states


def _build_line(row: OrderLine) -> Line:
    return Line(row.line_id, row.sku, row.title, row.category, row.quantity, row.amount, row.refunded)


def load_newest_content(order: Order) -> dict[str, Any]:
    """Return the content of the order's newest snapshot, or what the order itself says if it was stored without one."""
    rows = OrderSnapshot.objects.filter(order_id=order.order_id, updated_at=order.updated_at or order.placed_at)
    content: dict[str, Any] | None = rows.values_list("content", flat=True).first()
    coupons = [fold_code(order.coupon_code)] if order.coupon_code else []
    return {"coupons": coupons, "click_id": order.click_id or None} if content is None else content


def list_sent_coupons(content: Mapping[str, Any]) -> list[str]:
    """Return the coupon codes of a snapshot as the shop sent them."""
    return list(content.get("sent", {}).get("coupons") or content["coupons"])


def read_coupons(content: Mapping[str, Any]) -> list[str]:
    """Return the coupon codes of a snapshot as they were read."""
    return [clean_code(code) for code in list_sent_coupons(content)]


def build_snapshot(content: dict[str, Any]) -> Snapshot:
    """The snapshot that a receipt's content is."""
    customer = content["customer"]
    return Snapshot(
        order_id=content["order_id"],
        updated_at=datetime.fromisoformat(content["updated_at"]),
        status=content["status"],
        placed_at=datetime.fromisoformat(content["placed_at"]),
        completed_at=datetime.fromisoformat(content["completed_at"]) if content["completed_at"] else None,
        currency=content["currency"],
        click_id=content["click_id"] or "",
        coupons=tuple(list_sent_coupons(content)),
        customer_hash=(customer["ref"] or "").removeprefix(HASH_PREFIX),
        country=customer["country"] or "",
        lines=tuple(
            Line(**line | {"amount": Decimal(line["amount"]), "refunded": Decimal(line["refunded"])})
            for line in content["lines"]
        ),
        sent_click_id=content.get("sent", {}).get("click_id", ""),
    )
