"""Tracking links in the admin: made and changed through the rules that affiliates have, and on the record."""

from collections.abc import Callable
from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.staff import staff_member
from affiliates.admin_fields import render_link
from lib.admin.actions import ConfirmForm, run_action
from lib.admin.bases import ReadOnlyAdmin
from lib.typed import action
from tracking.admin.forms import LinkCreateForm, LinkUpdateForm
from tracking.links import tracking_links
from tracking.links.tracking_links import SUB_IDS
from tracking.models import Link


@admin.register(Link)
class LinkAdmin(ReadOnlyAdmin):
    list_display = ("code", "name", "affiliate", "target", "created_at", "paused_at")
    list_filter = (("paused_at", admin.EmptyFieldListFilter),)
    list_select_related = ("affiliate",)
    search_fields = ("code", "name", "target", "affiliate__code", "affiliate__name")
    fields = (
        "affiliate",
        "address",
        "name",
        "target",
        "permitted_hosts",
        *SUB_IDS,
        "created_at",
        "paused_at",
        "changed_at",
    )
    readonly_fields = ("address",)
    actions_list = ("make",)
    actions_detail = ("edit", "pause", "resume")

    @admin.display(description=gettext_lazy("address to publish"))
    def address(self, link: Link) -> SafeString:
        return render_link(tracking_links.build_short_url(link))

    def has_make_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        return request.user.has_perm("tracking.add_link")

    def has_edit_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        return request.user.has_perm("tracking.change_link")

    def has_pause_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        return self._can_switch(request, object_id, paused=False)

    def has_resume_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        return self._can_switch(request, object_id, paused=True)

    @action(description=gettext_lazy("Make a link"), permissions=["make"], icon="add")
    def make(self, request: HttpRequest) -> HttpResponse:
        def do(given: dict[str, Any]) -> None:
            tracking_links.create_link(
                affiliate=given["affiliate"], **_get_link_fields(given), now=timezone.now(), by=staff_member(request)
            )

        back = reverse("admin:tracking_link_changelist")
        return run_action(request, self, LinkCreateForm, _("Make a link"), do, back)

    @action(description=gettext_lazy("Change"), permissions=["edit"], icon="edit")
    def edit(self, request: HttpRequest, object_id: str) -> HttpResponse:
        link = _get_link(object_id)

        def do(given: dict[str, Any]) -> None:
            tracking_links.update_link(
                link=link, **_get_link_fields(given), now=timezone.now(), by=staff_member(request)
            )

        as_it_is = {name: getattr(link, name) for name in ("target", "name", *SUB_IDS)}
        title = _("Change %(link)s") % {"link": link}
        return run_action(request, self, LinkUpdateForm, title, do, _get_change_url(object_id), initial=as_it_is)

    @action(description=gettext_lazy("Pause"), permissions=["pause"], icon="pause")
    def pause(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return self._switch(request, object_id, tracking_links.pause_link, _("Pause %(link)s"))

    @action(description=gettext_lazy("Track again"), permissions=["resume"], icon="play_arrow")
    def resume(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return self._switch(request, object_id, tracking_links.resume_link, _("Track %(link)s again"))

    def _switch(self, request: HttpRequest, object_id: str, switch: Callable[..., None], title: str) -> HttpResponse:
        link = _get_link(object_id)

        def do(_given: dict[str, Any]) -> None:
            switch(link=link, now=timezone.now(), by=staff_member(request))

        return run_action(request, self, ConfirmForm, title % {"link": link}, do, _get_change_url(object_id))

    def _can_switch(self, request: HttpRequest, object_id: str | None, *, paused: bool) -> bool:
        if not self.has_edit_permission(request):
            return False
        return object_id is None or Link.objects.filter(pk=object_id, paused_at__isnull=not paused).exists()


def _get_link(object_id: str) -> Link:
    return get_object_or_404(Link.objects.select_related("affiliate__user"), pk=object_id)


def _get_change_url(object_id: str) -> str:
    return reverse("admin:tracking_link_change", args=[object_id])


def _get_link_fields(given: dict[str, Any]) -> dict[str, Any]:
    return {"target": given["target"], "name": given["name"], "sub_ids": tuple(given[name] for name in SUB_IDS)}
