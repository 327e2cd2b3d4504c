"""The table of an affiliate's links."""

from typing import Any

import django_tables2 as tables
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from lib.components import render_copy_field, render_status
from lib.typed import Table
from tracking.links import tracking_links
from tracking.links.pauses import PauseReason
from tracking.models import Link

NUMBER = {"th": {"class": "number"}, "td": {"class": "number"}}


class LinkTable(Table):
    name = tables.Column(accessor="pk", verbose_name=_("Link"), order_by=("name", "code"))
    address = tables.Column(accessor="code", verbose_name=_("Your tracking link"), orderable=False)
    clicks = tables.Column(accessor="click_count", verbose_name=_("Clicks"), attrs=NUMBER)
    orders = tables.Column(accessor="order_count", verbose_name=_("Orders"), attrs=NUMBER)
    created = tables.TemplateColumn("{{ record.created_at|day }}", verbose_name=_("Created"), order_by="created_at")
    state = tables.Column(accessor="paused_at", verbose_name=_("Status"), orderable=False, empty_values=())

    class Meta:
        empty_text = _("You have no links yet.")

    def __init__(self, *args: Any, pause: PauseReason | None, **kwargs: Any) -> None:
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
        url = tracking_links.build_short_url(record)
        return render_copy_field(url, _("your tracking link"), shown=url.partition("//")[2])

    def render_state(self, record: Link) -> SafeString:
        return (
            render_status("paused", _("paused"))
            if record.paused_at or self.pause
            else render_status("active", _("active"))
        )
