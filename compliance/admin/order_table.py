"""The orders that a review may name, in a table with check boxes, a filter and the sum of those chosen."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple

from django import forms
from django.db.models import Case, Q, Sum, Value, When
from django.forms.widgets import Script
from django.utils.translation import gettext as _

from affiliates.models import Affiliate
from payouts.models import Commission

# The newest orders are offered beside those of the evidence; staff enter the numbers of older ones.
ORDERS_OFFERED = 60


class OrderRow(NamedTuple):
    order_id: str
    placed_at: datetime
    source: str
    amount: Decimal
    is_evidence: bool


def list_order_rows(affiliate: Affiliate, evidence: Sequence[str]) -> list[OrderRow]:
    """Return the orders of the evidence, then the newest ones, whose commissions are not forfeited."""
    commissions = Commission.objects.for_affiliate(affiliate).filter(forfeited_at=None)
    is_evidence = Case(When(order__order_id__in=evidence, then=Value(1)), default=Value(0))
    names = ("order__order_id", "placed_at", "order__link__name", "order__link__code", "order__coupon_code")
    rows = commissions.values(*names).annotate(sum=Sum("amount"), evidence=is_evidence)
    named = rows.filter(order__order_id__in=evidence) if evidence else rows.none()
    newest = rows.filter(~Q(order__order_id__in=evidence)).order_by("-placed_at", "order__order_id")
    return [
        OrderRow(row["order__order_id"], row["placed_at"], _describe_source(row), row["sum"], bool(row["evidence"]))
        for row in [*named.order_by("-placed_at", "order__order_id"), *newest[:ORDERS_OFFERED]]
    ]


def _describe_source(row: dict[str, Any]) -> str:
    """Return by what the order came: its coupon code or its link."""
    if row["order__coupon_code"]:
        return _("Coupon %(code)s") % {"code": row["order__coupon_code"]}
    name = row["order__link__name"] or row["order__link__code"]
    return _("Link %(name)s") % {"name": name} if name else "-"


class OrderTableWidget(forms.CheckboxSelectMultiple):
    """A check box in a row for each order; a script adds a filter, a box for all, and the sum as it changes."""

    template_name = "admin/compliance/order_table.html"
    # Not that of a check box, whose label the admin puts beside it.
    input_type = "table"

    class Media:
        js = (Script("order-table.js", defer=True),)

    def __init__(self, rows: Sequence[OrderRow], currency: str) -> None:
        super().__init__()
        self.rows, self.currency = rows, currency

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context(name, value, attrs)
        chosen = {str(each) for each in value or ()}
        context["rows"] = [(row, row.order_id in chosen) for row in self.rows]
        context["total"] = sum((row.amount for row in self.rows if row.order_id in chosen), Decimal(0))
        context["currency"] = self.currency
        return context
