"""The table of an affiliate's links with their figures, and its rows as CSV."""

import json
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db.models import DecimalField, F, QuerySet
from django.db.models.expressions import RawSQL
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import Truncator
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from lib.components import render_copy_field
from lib.formatting import format_money
from lib.typed import Column, Table
from payouts.reporting.changes import format_count, format_rate
from payouts.reporting.figures import Figures
from tracking.links import tracking_links
from tracking.links.pauses import PauseReason
from tracking.models import Link

NO_FIGURES = Figures()
CSV_HEADER = (
    *("link", "tracking_link", "destination", "clicks", "orders", "conversion_percent", "earned", "currency"),
    *("status", "created_at", "sub1", "sub2", "sub3", "sub4", "sub5"),
)


class FigureColumn(Column):
    """A figure of each link, looked up in the figures of the table; sorts in descending order first."""

    def __init__(self, label: Any, read: Callable[[Figures], Any], show: Callable[[Any], str]) -> None:
        super().__init__(
            accessor="pk",
            verbose_name=label,
            attrs={"th": {"class": "money"}, "td": {"class": "money"}},
            initial_sort_descending=True,
            empty_values=(),
        )
        self.read, self.show = read, show
        # Set by the table.
        self.figures: Mapping[UUID, Figures] = {}

    def render(self, value: UUID) -> str:
        return self.show(self.read(self.figures.get(value, NO_FIGURES)))

    def order(self, rows: QuerySet[Link], is_descending: bool) -> tuple[QuerySet[Link], bool]:
        """Sort by the figures, which are not in the table of links."""
        values = {str(key): str(value) for key, each in self.figures.items() if (value := self.read(each)) is not None}
        figure = RawSQL(  # nosec B611 -- the values are parameters
            "(%s::jsonb ->> tracking_link.id::text)::numeric", [json.dumps(values)], output_field=DecimalField()
        )
        order = F("figure").desc(nulls_last=True) if is_descending else F("figure").asc(nulls_first=True)
        return rows.annotate(figure=figure).order_by(order, "-created_at", "-pk"), True


class LinkTable(Table):
    name = Column(accessor="pk", verbose_name=_("Link"), order_by=("name", "code"))
    address = Column(accessor="code", verbose_name=_("Your tracking link"), orderable=False)
    clicks = FigureColumn(_("Clicks"), lambda figures: figures.clicks, format_count)
    orders = FigureColumn(_("Orders"), lambda figures: figures.orders, format_count)
    conversion = FigureColumn(_("Conversion"), lambda figures: figures.conversion, format_rate)
    earned = FigureColumn(_("Earned"), lambda figures: figures.commission, lambda amount: format_money(amount, ""))
    state = Column(accessor="paused_at", verbose_name=_("Status"), orderable=False, empty_values=())

    def __init__(self, rows: QuerySet[Link], figures: Mapping[UUID, Figures], *, pause: PauseReason | None) -> None:
        self.pause = pause
        super().__init__(rows)
        for column in self.columns:
            if isinstance(column.column, FigureColumn):
                column.column.figures = figures

    def render_name(self, record: Link) -> SafeString:
        return format_html(
            '<span><a href="{}">{}</a><br><span class="small soft destination">{}</span>{}</span>',
            reverse("tracking:link", args=[record.pk]),
            Truncator(record.label).chars(60),
            record.target,
            format_html('<br><span class="small soft">{}</span>', sub_ids)
            if (sub_ids := describe_sub_ids(record))
            else "",
        )

    def render_address(self, record: Link) -> SafeString:
        return render_tracking_link(record)

    def render_state(self, record: Link) -> SafeString:
        tone, word = describe_state(record, self.pause)
        return format_html('<span class="chip chip-{}">{}</span>', tone, word)


def render_tracking_link(link: Link) -> SafeString:
    """Return the link's address without its scheme, with a button that copies it; no line breaks within the code."""
    url = tracking_links.build_short_url(link)
    start = url.partition("//")[2].removesuffix(link.published_code)
    shown = format_html('{}<wbr><span class="unbroken">{}</span>', start, link.published_code)
    return render_copy_field(url, _("your tracking link"), shown=shown)


def describe_sub_ids(link: Link) -> str:
    """Return the sub-IDs of a link in words; "" without any."""
    if not link.sub_ids:
        return ""
    words = ngettext("Sub-ID: %(names)s", "Sub-IDs: %(names)s", len(link.sub_ids))
    return words % {"names": ", ".join(link.sub_ids)}


def describe_state(link: Link, pause: PauseReason | None) -> tuple[str, str | Promise]:
    """Return the tone and the word for the status of a link; `pause` says why no link of the affiliate is tracked."""
    if link.paused_at or pause:
        return "warn", _("paused")
    return ("calm", _("archived")) if link.archived_at else ("good", _("active"))


def build_csv_row(link: Link, figures: Figures, currency: str, pause: PauseReason | None) -> list[Any]:
    """Return the row of a link for `CSV_HEADER`."""
    conversion = None if figures.conversion is None else f"{figures.conversion:.2f}"
    status = "archived" if link.archived_at else "paused" if link.paused_at or pause else "active"
    earned = figures.commission.quantize(Decimal("0.01"))
    return [
        *(str(link), tracking_links.build_short_url(link), link.target, figures.clicks, figures.orders, conversion),
        *(earned, currency, status, link.created_at.isoformat()),
        *(link.sub1, link.sub2, link.sub3, link.sub4, link.sub5),
    ]
