"""Commissions with their calculation, and commission holds in the admin."""

from collections.abc import Iterable
from typing import Any

from django.contrib import admin
from django.db.models import Q
from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy

from affiliates.affiliate_filter import match_affiliate
from agreements.category_names import build_name_subquery, load_category_names
from agreements.program_currency import annotate_currency
from lib.admin.bases import ReadOnlyAdmin, ReadOnlyInline
from lib.admin.pages import build_admin_link
from lib.admin.value_filter import ValueFilter
from lib.formatting import format_category
from payouts.admin.bases import MoneyAdmin, build_amount_column
from payouts.models import Commission, CommissionHold, StatementLine
from payouts.reporting.commission_list import STATE_LABELS, annotate_state
from tracking.models import Order
from tracking.orders.order_lookup import match_order_number


class CommissionInline(ReadOnlyInline):
    """The commission of each line, on the page of an order."""

    model = Commission
    fields = ("commission_link", "affiliate", "base", "rate", "amount_display", "clause", "validates_at")
    readonly_fields = fields
    verbose_name_plural = gettext_lazy("commissions")
    tab = False
    amount_display = build_amount_column("amount", gettext_lazy("commission"))

    @admin.display(description=gettext_lazy("line"))
    def commission_link(self, row: Commission) -> SafeString | str:
        return build_admin_link(row, row.line)

    def get_queryset(self, request: HttpRequest) -> Any:
        return annotate_currency(super().get_queryset(request).select_related("line", "affiliate"))


class HoldInline(ReadOnlyInline):
    model = CommissionHold
    fields = ("reason", "source", "placed_at", "placed_by", "released_at", "released_by")
    readonly_fields = fields

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).select_related("placed_by", "released_by")


class SettlementInline(ReadOnlyInline):
    model = StatementLine
    fields = ("statement_link", "base", "rate", "clause", "amount", "forfeited")
    readonly_fields = fields
    verbose_name_plural = gettext_lazy("statement lines")

    @admin.display(description=gettext_lazy("statement"))
    def statement_link(self, row: StatementLine) -> SafeString | str:
        return build_admin_link(row.statement)

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).select_related("statement")


class CategoryFilter(ValueFilter):
    """The categories of all rate cards."""

    title = gettext_lazy("category")
    parameter_name = "category"

    def list_values(self) -> Iterable[tuple[str, str]]:
        return load_category_names().items()


# A search that finds more is too wide to be of use.
MAX_ORDERS = 1000


@admin.register(Commission)
class CommissionAdmin(MoneyAdmin):
    list_reads_replica = True
    list_display = (
        "order",
        "line_id_display",
        "affiliate",
        "placed_at",
        "category_display",
        "rate",
        "amount_display",
        "state",
        "settled",
    )
    list_filter = (CategoryFilter, "agreement")
    list_select_related = ("order", "line", "affiliate")
    search_fields = ("order__order_id",)
    search_help_text = gettext_lazy("Beginning of an order number, or affiliate's code, e-mail address or name")
    sortable_by = ()
    fields = (
        "order", "line_id_display", "affiliate", "placed_at", "category_display", "base_display", "rate", "amount_display",
        "state", "settled", "agreement", "clause", "calculation", "validates_at", "forfeited_at", "forfeit_reason",
        "snapshot_sequence",
    )  # fmt: skip
    readonly_fields = fields
    inlines = (HoldInline, SettlementInline)
    # The same as by `placed_at`, which has no index of its own.
    ordering = ("-order__placed_at", "-pk")
    base_display = build_amount_column("base", gettext_lazy("base"))
    amount_display = build_amount_column("amount", gettext_lazy("commission"))
    settled = build_amount_column("settled", gettext_lazy("settled"))

    def get_queryset(self, request: HttpRequest) -> Any:
        rows = super().get_queryset(request).annotate(category_name=build_name_subquery("category"))
        return annotate_state(rows, timezone.now())

    @admin.display(description=gettext_lazy("category"), ordering="category")
    def category_display(self, row: Any) -> str:
        return row.category_name or format_category(row.category)

    def build_search(self, text: str) -> Q:
        # A list of ids, as PostgreSQL reads no index for an alternative with a subquery.
        orders = Order.objects.filter(match_order_number(text)).order_by().values_list("pk", flat=True)
        return Q(order__in=list(orders[:MAX_ORDERS])) | match_affiliate(text)

    @admin.display(description=gettext_lazy("line"))
    def line_id_display(self, row: Commission) -> str:
        return row.line.line_id

    @admin.display(description=gettext_lazy("state"))
    def state(self, row: Any) -> str:
        return str(STATE_LABELS[row.state])

    @admin.display(description=gettext_lazy("calculation"))
    def calculation(self, row: Commission) -> SafeString:
        steps = ((step.get("text", ""), step.get("clause", "")) for step in row.steps)
        return format_html("<ol>{}</ol>", format_html_join("", "<li>{} ({})</li>", steps))


@admin.register(CommissionHold)
class CommissionHoldAdmin(ReadOnlyAdmin):
    list_display = ("commission", "reason", "source", "placed_at", "released_at")
    list_filter = (("released_at", admin.EmptyFieldListFilter),)
    list_select_related = ("commission__order", "commission__line")
    search_fields = ("source", "=commission__affiliate__code")
    fields = ("commission", "reason", "source", "placed_at", "placed_by", "released_at", "released_by")
    readonly_fields = fields
