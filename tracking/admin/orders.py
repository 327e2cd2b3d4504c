"""Orders in the admin, read-only: current state, attribution and all snapshots."""

import json
from typing import Any

from django.contrib import admin
from django.db.models import Q
from django.http import HttpRequest
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from affiliates.affiliate_filter import match_affiliate
from agreements.category_names import build_name_subquery
from lib.admin.bases import ReadOnlyAdmin, ReadOnlyInline
from lib.formatting import format_datetime
from lib.text import fold_code
from tracking.models import Coupon, Order, OrderLine, OrderSnapshot
from tracking.orders.order_lookup import match_order_number


class LineInline(ReadOnlyInline):
    model = OrderLine
    fields = ("line_id", "sku", "title", "category_display", "quantity", "amount", "refunded")
    readonly_fields = ("category_display",)

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).annotate(category_name=build_name_subquery("category"))

    @admin.display(description=gettext_lazy("category"))
    def category_display(self, line: Any) -> str:
        """Return the display name with the code, which is what the shop sent."""
        return f"{line.category_name} ({line.category})" if line.category_name else line.category or "-"


@admin.register(Order)
class OrderAdmin(ReadOnlyAdmin):
    ordering = ("-placed_at", "-pk")
    list_reads_replica = True
    list_display = ("order_id", "placed_at", "status", "affiliate", "reason", "country", "updated_at")
    list_filter = ("status", "reason")
    list_select_related = ("affiliate",)
    search_fields = ("order_id", "coupon_code", "affiliate__code")
    search_help_text = gettext_lazy("Beginning of an order number, coupon, or affiliate's code, e-mail address or name")
    sortable_by = ("placed_at",)
    fields: tuple[str, ...] = (
        *("order_id", "status", "placed_at", "completed_at", "updated_at", "currency", "country"),
        *("affiliate", "attribution_reason", "candidate", "coupon_code", "link", "clicked_at", "click_id"),
        "history",
    )
    readonly_fields: tuple[str, ...] = ("attribution_reason", "history")
    inlines: tuple[type[ReadOnlyInline], ...] = (LineInline,)

    def build_search(self, text: str) -> Q:
        # Lists of ids, as PostgreSQL reads no index for an alternative with a subquery.
        assigned = list(Coupon.objects.filter(key=fold_code(text)).values_list("affiliate", flat=True))
        with_coupon = Q(affiliate__in=assigned, coupon_code__iexact=text)
        return match_order_number(text) | with_coupon | match_affiliate(text)

    @admin.display(description=gettext_lazy("attribution reason"))
    def attribution_reason(self, order: Order) -> str:
        if not order.clause or order.agreement is None:
            return order.get_reason_display()
        return _("%(reason)s (clause %(clause)s of %(version)s)") % {
            "reason": order.get_reason_display(),
            "clause": order.clause,
            "version": order.agreement,
        }

    @admin.display(description=gettext_lazy("snapshots, newest first"))
    def history(self, order: Order) -> SafeString:
        snapshots = (
            OrderSnapshot.objects.filter(order_id=order.order_id).select_related("api_key").order_by("-updated_at")
        )
        rows = ((_format_summary(one), json.dumps(one.content, indent=2, ensure_ascii=False)) for one in snapshots)
        return format_html_join("", '<details class="mb-2"><summary>{}</summary><pre>{}</pre></details>', rows)


def _format_summary(snapshot: OrderSnapshot) -> SafeString:
    return format_html(
        "#{} · {} · {} · {}",
        snapshot.sequence,
        # To the microsecond, by which snapshots are ordered.
        _("updated at %(at)s") % {"at": date_format(timezone.localtime(snapshot.updated_at), "j M Y, H:i:s.u T")},
        _("received %(at)s") % {"at": format_datetime(snapshot.received_at)},
        snapshot.api_key or _("from a file or a shop connection"),
    )
