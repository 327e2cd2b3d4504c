"""Tracking links in the admin. Staff follow the same rules as affiliates, and their changes are audited."""

from typing import Any

from django.contrib import admin
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.staff import staff_member
from affiliates.admin_fields import render_link
from affiliates.affiliate_filter import match_affiliate
from lib.admin.actions import ReasonForm, UsualReasonForm, run_action
from lib.admin.bases import ReadOnlyAdmin
from lib.admin.staff_action import StaffAction, StaffPage
from lib.formatting import format_date
from tracking import uncounted_clicks
from tracking.admin.forms import LinkCreateForm, LinkUpdateForm
from tracking.links import own_names, tracking_links
from tracking.links.link_fields import SUB_IDS
from tracking.models import Link, LinkName


class PauseForm(UsualReasonForm):
    """Asks for the reason to pause, resume or restore a link."""

    usual_reason = tracking_links.FOR_THE_AFFILIATE


@admin.register(Link)
class LinkAdmin(ReadOnlyAdmin):
    list_reads_replica = True
    list_display = ("code", "own_name", "name", "affiliate", "target", "created_at", "paused_at")
    list_filter = (("paused_at", admin.EmptyFieldListFilter), ("archived_at", admin.EmptyFieldListFilter))
    list_select_related = ("affiliate",)
    search_fields = ("code", "names__name", "name", "target", "affiliate__code", "affiliate__name")
    fields = (
        "affiliate",
        "address",
        "earlier_names",
        "name",
        "target",
        "permitted_hosts",
        *SUB_IDS,
        "created_at",
        "paused_at",
        "archived_at",
        "changed_at",
        "failed_deep_links",
    )
    readonly_fields = ("address", "earlier_names", "failed_deep_links")
    actions_list = ("make",)
    actions_detail = ("edit", "pause", "resume", "archive", "restore")

    make = StaffAction(
        gettext_lazy("Create a link"),
        permission="tracking.add_link",
        form=LinkCreateForm,
        do=lambda _row, answers, now, by: tracking_links.create_link(
            affiliate=answers["affiliate"], **_get_link_fields(answers), now=now, by=by
        ),
        success=gettext_lazy("Link created."),
        icon="add",
    )
    pause = StaffAction(
        gettext_lazy("Pause"),
        permission="tracking.change_link",
        rows=Q(paused_at=None),
        form=PauseForm,
        do=lambda link, answers, now, by: tracking_links.pause_link(link=link, now=now, by=by, **answers),
        title=lambda link: _("Pause %(link)s") % {"link": link},
        explanation=gettext_lazy("The link still leads to the shop, but its clicks are not tracked."),
        success=gettext_lazy("Link paused."),
        icon="pause",
    )
    resume = StaffAction(
        gettext_lazy("Resume"),
        permission="tracking.change_link",
        rows=Q(paused_at__isnull=False),
        form=PauseForm,
        do=lambda link, answers, now, by: tracking_links.resume_link(link=link, now=now, by=by, **answers),
        title=lambda link: _("Resume %(link)s") % {"link": link},
        success=gettext_lazy("Link resumed."),
        icon="play_arrow",
    )

    archive = StaffAction(
        gettext_lazy("Archive"),
        permission="tracking.change_link",
        rows=Q(archived_at=None),
        form=ReasonForm,
        do=lambda link, answers, now, by: tracking_links.archive_link(link=link, now=now, by=by, **answers),
        title=lambda link: _("Archive %(link)s") % {"link": link},
        explanation=gettext_lazy(
            "The link works and earns as before, but the affiliate’s list leaves it out. The affiliate sees the reason on"
            " the page of the link and can restore it."
        ),
        success=gettext_lazy("Link archived."),
        icon="archive",
    )
    restore = StaffAction(
        gettext_lazy("Restore"),
        permission="tracking.change_link",
        rows=Q(archived_at__isnull=False),
        form=PauseForm,
        do=lambda link, answers, now, by: tracking_links.restore_link(link=link, now=now, by=by, **answers),
        title=lambda link: _("Restore %(link)s") % {"link": link},
        explanation=gettext_lazy("The affiliate’s list shows the link again."),
        success=gettext_lazy("Link restored."),
        icon="unarchive",
    )

    def build_search(self, text: str) -> Q:
        named = LinkName.objects.filter(name__startswith=text.lower()).values("link")
        local = Q(code__startswith=text) | Q(name__icontains=text) | Q(target__icontains=text)
        return local | Q(pk__in=named) | match_affiliate(text)

    @admin.display(description=gettext_lazy("tracking link"))
    def address(self, link: Link) -> SafeString:
        return render_link(tracking_links.build_short_url(link))

    @admin.display(description=gettext_lazy("earlier names, which still lead here"))
    def earlier_names(self, link: Link) -> str:
        return ", ".join(own_names.list_earlier_names(link))

    @admin.display(description=gettext_lazy("failed deep links, last 30 days"))
    def failed_deep_links(self, link: Link) -> SafeString:
        found = uncounted_clicks.list_failed_deep_links(link.affiliate, now=timezone.now(), links=[link.pk])
        rows = ((format_date(failed.day), failed.requested, failed.visits) for failed in found)
        return format_html_join(mark_safe("<br>"), "{}: {} ({})", rows)

    @StaffPage(gettext_lazy("Edit"), permission="tracking.change_link", icon="edit")
    def edit(self, request: HttpRequest, object_id: str) -> HttpResponse:
        link = get_object_or_404(Link.objects.select_related("affiliate__user"), pk=object_id)

        def save(answers: dict[str, Any]) -> None:
            tracking_links.update_link(
                link=link, **_get_link_fields(answers), now=timezone.now(), by=staff_member(request)
            )

        return run_action(
            request,
            self,
            LinkUpdateForm,
            _("Edit %(link)s") % {"link": link},
            save,
            reverse("admin:tracking_link_change", args=[object_id]),
            success_message=_("Link saved."),
            initial={name: getattr(link, name) for name in ("target", "name", "own_name", *SUB_IDS)},
        )


def _get_link_fields(answers: dict[str, Any]) -> dict[str, Any]:
    sub_ids = tuple(answers[name] for name in SUB_IDS)
    return {name: answers[name] for name in ("target", "name", "own_name")} | {"sub_ids": sub_ids}
