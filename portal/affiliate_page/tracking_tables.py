"""Tables of links, coupons and orders on the page of an affiliate."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

from django.db.models import F, OuterRef, QuerySet, Subquery, Sum
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from affiliates.models import Affiliate
from agreements.periods import get_program_time_zone
from lib.admin.pages import build_admin_link
from lib.formatting import format_datetime, format_money
from lib.money import ZERO
from payouts.reporting.figures import Figures
from payouts.reporting.reports import GroupBy, compare_values
from payouts.reporting.spans import Preset, get_preset_span
from portal.affiliate_page.tables import MAX_ROWS, Cells, Context, Table
from tracking.models import Coupon, Link, Order, OrderLine


def _list_links(context: Context) -> Sequence[Cells]:
    """Return the newest links with what they brought this month and last month."""
    links = Link.objects.for_affiliate(context.affiliate).order_by("-created_at")[:MAX_ROWS]
    zone = get_program_time_zone()
    today = context.now.astimezone(zone).date()
    spans = {
        "span": get_preset_span(Preset.THIS_MONTH, today),
        "previous_span": get_preset_span(Preset.LAST_MONTH, today),
    }
    figures = compare_values(affiliate=context.affiliate, by=GroupBy.LINK, zone=zone, **spans)
    nothing = (Figures(), Figures())
    return [
        (
            format_html("{}<br>{}", build_admin_link(link, link.name or link.code), link.target),
            _describe_link(link),
            *(cell for each in figures.get(str(link.pk), nothing) for cell in _list_figures(each)),
        )
        for link in links
    ]


def _describe_link(link: Link) -> str:
    if link.archived_at:
        return _("archived")
    return _("paused") if link.paused_at else _("active")


def _list_figures(figures: Figures) -> tuple[str, str]:
    counts = f"{figures.clicks or 0:,} / {figures.orders:,}"
    return counts, format_money(figures.commission, "")


def _build_report_url(affiliate: Affiliate) -> str:
    query = {"affiliate": affiliate.code, "by": GroupBy.LINK.value, "period": Preset.LAST_MONTH.value}
    return f"{reverse('payouts:staff_reports')}?{urlencode(query)}"


def _list_coupons(context: Context) -> Sequence[Cells]:
    coupons = (
        Coupon.objects.for_affiliate(context.affiliate).select_related("affiliate").order_by("-created_at")[:MAX_ROWS]
    )
    return [
        (
            build_admin_link(coupon, coupon.code),
            format_datetime(coupon.assigned_from) if coupon.assigned_from else _("the first acceptance"),
            format_datetime(coupon.ends_at) if coupon.ends_at else "–",
        )
        for coupon in coupons
    ]


def _list_orders(context: Context) -> Sequence[Cells]:
    lines = OrderLine.objects.filter(order=OuterRef("pk")).order_by().values("order")
    sales = Subquery(lines.annotate(sum=Sum(F("amount") - F("refunded"))).values("sum"))
    orders: QuerySet[Any] = Order.objects.for_affiliate(context.affiliate).annotate(sales=sales).select_related("link")
    return [
        (
            build_admin_link(order, order.order_id),
            format_datetime(order.placed_at),
            order.get_status_display(),
            order.coupon_code if order.link is None else order.link,
            format_money(order.sales or ZERO, ""),
        )
        for order in orders.order_by("-placed_at", "-id")[:MAX_ROWS]
    ]


LINKS = Table(
    gettext_lazy("Tracking links"),
    "tracking.view_link",
    (
        *(gettext_lazy("Link and destination"), gettext_lazy("State")),
        *(gettext_lazy("Clicks / orders this month"), gettext_lazy("Commission this month")),
        *(gettext_lazy("Clicks / orders last month"), gettext_lazy("Commission last month")),
    ),
    _list_links,
    gettext_lazy(
        "No tracking links yet. Affiliates create them after they have accepted the agreement, and so may you."
    ),
    Link,
    numbers=(2, 4),
    amounts=(3, 5),
    further=(gettext_lazy("Report of last month by link"), _build_report_url),
)
COUPONS = Table(
    gettext_lazy("Coupons"),
    "tracking.view_coupon",
    (gettext_lazy("Coupon"), gettext_lazy("Assigned from"), gettext_lazy("Assigned until")),
    _list_coupons,
    gettext_lazy("No coupons yet. Staff assign them on the page of coupons."),
    Coupon,
)
ORDERS = Table(
    gettext_lazy("Orders"),
    "tracking.view_order",
    (
        *(gettext_lazy("Order"), gettext_lazy("Placed"), gettext_lazy("Status")),
        *(gettext_lazy("Link or coupon"), gettext_lazy("Sales")),
    ),
    _list_orders,
    gettext_lazy("No orders yet. The shop's orders appear here once a link or coupon of this affiliate led to them."),
    Order,
    amounts=(4,),
)
