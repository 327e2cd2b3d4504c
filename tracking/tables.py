"""The tables of an affiliate's links and reports."""

from typing import Any

import django_tables2 as tables
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from tracking import links
from tracking.models import Link
from tracking.pauses import Pause
from tracking.reports import WITHOUT_CLICKS, Report

NUMBER = {"th": {"class": "number"}, "td": {"class": "number"}}


class LinkTable(tables.Table):  # type: ignore[misc]  # django-tables2 has no types
    name = tables.Column(accessor="pk", verbose_name=_("Link"), order_by=("name", "code"))
    address = tables.Column(accessor="code", verbose_name=_("Address to publish"), orderable=False)
    clicks = tables.Column(accessor="clicks_counted", verbose_name=_("Clicks"), attrs=NUMBER)
    orders = tables.Column(accessor="orders_made", verbose_name=_("Orders"), attrs=NUMBER)
    made = tables.TemplateColumn("{{ record.created_at|day }}", verbose_name=_("Made"), order_by="created_at")
    state = tables.Column(accessor="paused_at", verbose_name=_("State"), orderable=False, empty_values=())

    class Meta:
        empty_text = _("No link yet. Make one: it takes a minute.")

    def __init__(self, *args: Any, pause: Pause | None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.pause = pause

    def render_name(self, record: Link) -> SafeString:
        return format_html(
            '<span><a href="{}">{}</a><br><span class="small soft">{}</span></span>',
            reverse("tracking:link", args=[record.pk]),
            record,
            record.target,
        )

    def render_address(self, record: Link) -> SafeString:
        return format_html('<span class="copyable">{}</span>', links.short_address(record))

    def render_state(self, record: Link) -> SafeString:
        tone, word = ("warn", _("paused")) if record.paused_at or self.pause else ("good", _("active"))
        return format_html('<span class="chip chip-{}">{}</span>', tone, word)


class ReportTable(tables.Table):  # type: ignore[misc]  # django-tables2 has no types
    """The rows of a report; columns that say nothing of the split are left out."""

    label = tables.Column(verbose_name="")
    clicks = tables.Column(verbose_name=_("Clicks"), attrs=NUMBER)
    orders = tables.Column(verbose_name=_("Orders"), attrs=NUMBER)
    conversion = tables.TemplateColumn("{{ record.conversion|percent }}", verbose_name=_("Conversion"), attrs=NUMBER)
    sales = tables.TemplateColumn("{{ record.sales|money }}", verbose_name=_("Sales"), attrs=NUMBER)

    class Meta:
        empty_text = _("No clicks and no orders on these days.")
        orderable = False

    def __init__(self, report: Report, **kwargs: Any) -> None:
        without = ("clicks", "conversion") if report.by in WITHOUT_CLICKS else ()
        super().__init__(report.rows, exclude=without, **kwargs)
        self.columns["label"].column.verbose_name = report.by.label.capitalize()
