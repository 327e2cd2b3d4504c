"""Clicks and lost clicks in the admin, read-only."""

from django.contrib import admin
from django.db.models import Q
from django.utils.translation import gettext_lazy

from affiliates.affiliate_filter import match_affiliate
from lib.admin.bases import ReadOnlyAdmin
from tracking.links.link_fields import SUB_IDS
from tracking.models import Click, ClickLoss, Link, LinkName

# A search that finds more is too wide to be of use.
MAX_LINKS = 1000


@admin.register(Click)
class ClickAdmin(ReadOnlyAdmin):
    list_reads_replica = True
    list_display = ("at", "link", "affiliate", "kind", "failed_deep_link", "device", "sub1", "referrer_host", "address")
    list_filter = ("kind", ("failed_deep_link", admin.EmptyFieldListFilter), "device")
    list_select_related = ("link__affiliate",)
    search_fields = ("link__code",)
    search_help_text = gettext_lazy(
        "Beginning of a link's code or its name in the address, or affiliate's code, e-mail address or name"
    )
    sortable_by = ()
    fields = (
        *("id", "at", "link", "affiliate", "kind", "failed_deep_link"),
        *(*SUB_IDS, "device", "address", "user_agent", "referrer_host"),
    )
    readonly_fields = ("affiliate", "failed_deep_link")

    def build_search(self, text: str) -> Q:
        named = LinkName.objects.filter(name__startswith=text.lower()).values("link")
        links = Link.objects.filter(Q(code__startswith=text) | Q(pk__in=named) | match_affiliate(text)).order_by()
        # A list of ids, so that the clicks of each link are read from their index.
        return Q(link__in=list(links.values_list("pk", flat=True)[:MAX_LINKS]))

    @admin.display(description=gettext_lazy("affiliate"))
    def affiliate(self, click: Click) -> str:
        return str(click.link.affiliate)


@admin.register(ClickLoss)
class ClickLossAdmin(ReadOnlyAdmin):
    list_display = ("recorded_at", "count", "late")
    fields = ("recorded_at", "count", "late")
