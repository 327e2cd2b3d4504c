"""The rows of a report as a table and as CSV."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from django.urls import reverse
from django.utils.dateparse import parse_date
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy

from lib.components import build_figure_classes
from lib.formatting import format_money
from lib.typed import Column, Table
from payouts.reporting import definitions
from payouts.reporting.changes import format_count, format_difference, format_per_click, format_rate
from payouts.reporting.definitions import Definition
from payouts.reporting.reports import WITHOUT_CLICKS, GroupBy, Report, Row

PER_PAGE = 50


class FigureColumn(Column):
    """A figure of each row, with the total below; sorts in descending order first. A phone leaves out what is 0."""

    def __init__(
        self,
        accessor: str,
        definition: Definition,
        format_value: Callable[[Any, str], str],
        *,
        label: Any = None,
        place: str = "rest",
    ) -> None:
        attrs = {
            "th": {"class": "number"},
            "td": {"class": build_figure_classes("number", place)},
            "tf": {"class": f"number {place}"},
        }
        super().__init__(
            accessor=accessor, verbose_name=label or definition.label, attrs=attrs, initial_sort_descending=True,
            empty_values=(),
        )  # fmt: skip
        self.format_value, self.explanation = format_value, definition.text

    def render(self, value: Any, table: "ReportTable") -> str:
        return self.format_value(value, table.currency)

    def render_footer(self, table: "ReportTable") -> str:
        return self.format_value(self.accessor.resolve(table.report.total), table.currency)


def _format_count(value: int | None, _currency: str) -> str:
    return format_count(value)


class ReportTable(Table):
    """The rows of a report with totals; columns that its grouping does not have are left out."""

    label = Column(
        verbose_name="", footer=gettext_lazy("Total"), order_by=("label",),
        attrs={"td": {"class": "title"}, "tf": {"class": "title"}},
    )  # fmt: skip
    clicks = FigureColumn("current__clicks", definitions.CLICKS, _format_count)
    link_orders = FigureColumn("current__clicked_orders", definitions.LINK_ORDERS, _format_count)
    coupon_orders = FigureColumn("current__coupon_orders", definitions.COUPON_ORDERS, _format_count)
    conversion = FigureColumn(
        "current__conversion", definitions.CONVERSION, lambda value, _currency: format_rate(value)
    )
    sales = FigureColumn("current__sales", definitions.SALES, format_money, place="extra")
    commission = FigureColumn("current__commission", definitions.COMMISSION, format_money, place="state")
    epc = FigureColumn("current__epc", definitions.EPC, format_per_click, label=gettext_lazy("EPC"), place="extra")
    commission_change = FigureColumn(
        "commission_change",
        definitions.CHANGE,
        format_difference,
        label=gettext_lazy("vs previous period"),
        place="extra",
    )

    class Meta:
        attrs = {"class": "table compact"}

    has_amounts = True

    # The caption, or the line above the table of staff, says it.
    currency = ""

    def __init__(self, report: Report, *, staff: bool = False) -> None:
        self.report, self.staff = report, staff
        without = ("clicks", "conversion", "epc") if report.by in WITHOUT_CLICKS else ()
        super().__init__(list(report.rows), exclude=without)
        self.columns["label"].column.verbose_name = capfirst(report.by.label)

    def render_label(self, record: Row) -> SafeString | str:
        by = self.report.by
        if by is GroupBy.DAY:
            return self._format_day(record.key)
        if record.key and by is GroupBy.LINK:
            return _build_link("admin:tracking_link_change" if self.staff else "tracking:link", record)
        if record.key and by is GroupBy.AFFILIATE:
            return _build_link("admin:affiliates_affiliate_change", record)
        return record.label

    def _format_day(self, key: str) -> SafeString | str:
        """Return the day with its weekday, and with its year if that is not the year of the last day."""
        day = parse_date(key)
        if day is None:
            return ""
        date_format_string = "D j M" if day.year == self.report.span.last.year else "D j M Y"
        return format_html('<time datetime="{}">{}</time>', key, date_format(day, date_format_string))


def _build_link(name: str, record: Row) -> SafeString:
    return format_html('<a href="{}">{}</a>', reverse(name, args=[record.key]), record.label)


def build_csv_header(report: Report) -> list[str]:
    """Return the columns of the CSV file: the figures, and those of the previous period."""
    figures = ["clicks", "orders", "conversion_percent", "sales", "commission", "earnings_per_click"]
    previous = ["clicks_before", "orders_before", "sales_before", "commission_before"]
    return [report.by.value, *figures, *previous, "link_orders", "coupon_orders"]


def build_csv_row(row: Row, by: GroupBy) -> list[Any]:
    """Return a row of the CSV file; unknown figures are empty, and categories are codes."""
    now, previous = row.current, row.previous
    conversion = None if now.conversion is None else f"{now.conversion:.2f}"
    epc = None if now.epc is None else f"{now.epc:.4f}"
    return [
        row.key if by is GroupBy.CATEGORY else row.label,
        now.clicks,
        now.orders,
        conversion,
        _format_amount(now.sales),
        _format_amount(now.commission),
        epc,
        previous.clicks,
        previous.orders,
        _format_amount(previous.sales),
        _format_amount(previous.commission),
        now.clicked_orders,
        now.coupon_orders,
    ]


def _format_amount(amount: Any) -> Decimal:
    # A number, so that a negative one is not escaped as a formula.
    return Decimal(f"{amount:.2f}")
