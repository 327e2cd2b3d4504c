"""Orders as the API returns them, with their attribution and the commission of each line (specification 4)."""

from typing import Any

from lib.money import ZERO
from payouts.models import Commission, StatementLine
from tracking.models import Order, Reason
from tracking.orders.history import load_newest_content, read_coupons
from tracking.orders.snapshots import format_timestamp


def build_order_response(order_id: str) -> dict[str, Any] | None:
    """Return the order as JSON data, or None if it is unknown. Times are in UTC, amounts are strings."""
    if "\0" in order_id:
        return None
    order = Order.objects.select_related("affiliate", "agreement", "link").filter(order_id=order_id).first()
    if order is None:
        return None
    commissions = {c.line_id: c for c in Commission.objects.filter(order=order).select_related("agreement")}
    lines = list(order.lines.order_by("position", "pk"))
    return {
        "order_id": order.order_id,
        "updated_at": format_timestamp(order.updated_at) if order.updated_at else None,
        "status": order.status,
        "placed_at": format_timestamp(order.placed_at),
        "completed_at": format_timestamp(order.completed_at) if order.completed_at else None,
        "currency": order.currency,
        "coupon": order.coupon_code or None,
        "coupons": read_coupons(load_newest_content(order)),
        "click_id": order.click_id or None,
        "affiliate": order.affiliate.code if order.affiliate else None,
        "reason": order.reason,
        "reason_text": Reason(order.reason).label,
        # Once a close has settled a line, coupon and click of later snapshots no longer change the attribution.
        "attribution_frozen": StatementLine.objects.filter(commission__order=order).exists(),
        "agreement": order.agreement.name if order.agreement else None,
        "clause": order.clause or None,
        "commission": str(sum((c.amount for c in commissions.values()), ZERO)),
        "lines": [
            {
                "line_id": line.line_id,
                "sku": line.sku or None,
                "title": line.title or None,
                "category": line.category,
                "quantity": line.quantity,
                "amount": str(line.amount),
                "refunded": str(line.refunded),
                "commission": _build_commission(commissions.get(line.pk)),
            }
            for line in lines
        ],
    }


def _build_commission(commission: Commission | None) -> dict[str, Any] | None:
    if commission is None:
        return None
    return {
        "amount": str(commission.amount),
        "base": str(commission.base),
        "rate": str(commission.rate),
        "agreement": commission.agreement.name,
        "clause": commission.clause,
        "steps": commission.steps,
        "validates_at": format_timestamp(commission.validates_at) if commission.validates_at else None,
    }
