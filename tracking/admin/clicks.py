"""Clicks and lost clicks in the admin, read-only."""

from django.contrib import admin
from django.utils.translation import gettext_lazy

from lib.admin.bases import ReadOnlyAdmin
from tracking.links.link_fields import SUB_IDS
from tracking.models import Click, ClickLoss


@admin.register(Click)
class ClickAdmin(ReadOnlyAdmin):
    list_reads_replica = True
    list_display = ("at", "link", "affiliate", "kind", "failed_deep_link", "device", "sub1", "referrer_host", "address")
    list_filter = ("kind", ("failed_deep_link", admin.EmptyFieldListFilter), "device")
    list_select_related = ("link__affiliate",)
    search_fields = ("link__code", "link__own_name", "link__affiliate__code", "referrer_host")
    fields = (
        *("id", "at", "link", "affiliate", "kind", "failed_deep_link"),
        *(*SUB_IDS, "device", "address", "user_agent", "referrer_host"),
    )
    readonly_fields = ("affiliate", "failed_deep_link")

    @admin.display(description=gettext_lazy("affiliate"))
    def affiliate(self, click: Click) -> str:
        return str(click.link.affiliate)


@admin.register(ClickLoss)
class ClickLossAdmin(ReadOnlyAdmin):
    list_display = ("recorded_at", "count", "late")
    fields = ("recorded_at", "count", "late")
