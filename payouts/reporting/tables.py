"""The rows of a report as a table, for pages and for the admin."""

from collections.abc import Callable
from typing import Any

import django_tables2 as tables
from django.urls import reverse
from django.utils.dateparse import parse_date
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy

from lib.formatting import format_money
from lib.typed import Table
from payouts.reporting.changes import format_count, format_difference, format_per_click, format_percent
from payouts.reporting.reports import WITHOUT_CLICKS, GroupBy, Report, Row

NUMBER = {"th": {"class": "number"}, "td": {"class": "number"}, "tf": {"class": "number"}}
PER_PAGE = 50


class FigureColumn(tables.Column):  # type: ignore[misc]  # django-tables2 has no types
    """A figure of each row, and of the whole below; sorted by, the greatest comes first."""

    def __init__(self, accessor: str, label: Any, format_value: Callable[[Any, str], str]) -> None:
        super().__init__(
            accessor=accessor, verbose_name=label, attrs=NUMBER, initial_sort_descending=True, empty_values=()
        )
        self.format_value = format_value

    def render(self, value: Any, table: "ReportTable") -> str:
        return self.format_value(value, table.currency)

    def render_footer(self, table: "ReportTable") -> str:
        return self.format_value(self.accessor.resolve(table.report.total), table.currency)


def _format_count(value: int | None, _currency: str) -> str:
    return format_count(value)


class ReportTable(Table):
    """Columns that say nothing of the split are left out; the totals stand below."""

    label = tables.Column(verbose_name="", footer=gettext_lazy("Total"), order_by=("label",))
    clicks = FigureColumn("current__clicks", gettext_lazy("Clicks"), _format_count)
    orders = FigureColumn("current__orders", gettext_lazy("Orders"), _format_count)
    conversion = FigureColumn(
        "current__conversion", gettext_lazy("Conversion"), lambda value, _currency: format_percent(value)
    )
    sales = FigureColumn("current__sales", gettext_lazy("Sales"), format_money)
    commission = FigureColumn("current__commission", gettext_lazy("Commission"), format_money)
    epc = FigureColumn("current__epc", gettext_lazy("Per click"), format_per_click)
    commission_change = FigureColumn("commission_change", gettext_lazy("Against before"), format_difference)

    class Meta:
        attrs = {"class": "table measures"}

    def __init__(self, report: Report, currency: str, *, staff: bool = False) -> None:
        self.report, self.currency, self.staff = report, currency, staff
        without = ("clicks", "conversion", "epc") if report.by in WITHOUT_CLICKS else ()
        super().__init__(list(report.rows), exclude=without)
        self.columns["label"].column.verbose_name = report.by.label.capitalize()

    def render_label(self, record: Row) -> SafeString | str:
        by = self.report.by
        if by is GroupBy.DAY:
            return self._day(record.key)
        if by is GroupBy.CATEGORY:
            return record.label.replace("-", " ").capitalize()
        if record.key and by is GroupBy.LINK:
            return _build_link("admin:tracking_link_change" if self.staff else "tracking:link", record)
        if record.key and by is GroupBy.AFFILIATE:
            return _build_link("admin:affiliates_affiliate_change", record)
        return record.label

    def _day(self, key: str) -> SafeString | str:
        """The day with its weekday, and with its year where that isn't plain from the last day."""
        day = parse_date(key)
        if day is None:
            return ""
        form = "D j M" if day.year == self.report.span.last.year else "D j M Y"
        return format_html('<time datetime="{}">{}</time>', key, date_format(day, form))


def _build_link(name: str, record: Row) -> SafeString:
    return format_html('<a href="{}">{}</a>', reverse(name, args=[record.key]), record.label)


def build_csv_header(report: Report) -> list[str]:
    """The columns of the CSV file: the figures, and those of the period before."""
    figures = ["clicks", "orders", "conversion_percent", "sales", "commission", "earnings_per_click"]
    then = ["clicks_before", "orders_before", "sales_before", "commission_before"]
    return [report.by.value, *figures, *then]


def build_csv_row(row: Row) -> list[Any]:
    """A row of the CSV file; a figure that is not known is empty."""
    now, then = row.current, row.previous
    conversion = None if now.conversion is None else f"{now.conversion:.2f}"
    epc = None if now.epc is None else f"{now.epc:.4f}"
    figures = [now.clicks, now.orders, conversion, _format_amount(now.sales), _format_amount(now.commission), epc]
    return [row.label, *figures, then.clicks, then.orders, _format_amount(then.sales), _format_amount(then.commission)]


def _format_amount(amount: Any) -> str:
    return f"{amount:.2f}"
