"""Channels, to be approved or rejected one by one or together."""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.staff import staff_member
from affiliates import channels
from affiliates.admin_fields import STATE_COLORS, render_link
from affiliates.models import Channel
from agreements.applicable_version import cite_applicable_clause
from agreements.rules import Rule
from lib.admin.actions import ConfirmForm, ReasonForm, apply_to_each, describe_rows, run_action
from lib.admin.bases import ReadOnlyAdmin
from lib.typed import action, display


@admin.register(Channel)
class ChannelAdmin(ReadOnlyAdmin):
    list_display = ("added_at", "affiliate", "kind", "link", "state_label", "decided_at", "decided_by")
    list_display_links = ("added_at",)
    list_filter = ("state", "kind")
    list_select_related = ("affiliate", "decided_by")
    search_fields = ("address", "affiliate__code", "affiliate__name")
    fields = ("affiliate", "kind", "link", "state", "added_at", "decided_at", "decided_by", "reason")
    readonly_fields = ("link",)
    actions = ("approve_selected", "reject_selected")
    actions_detail = ("approve", "reject")

    @admin.display(description=gettext_lazy("address"), ordering="address")
    def link(self, channel: Channel) -> SafeString:
        return render_link(channel.address)

    @display(description=gettext_lazy("state"), ordering="state", label=STATE_COLORS)
    def state_label(self, channel: Channel) -> tuple[str, str]:
        return channel.state, channel.get_state_display()

    def has_approve_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        return self._can_decide(request, object_id, Channel.State.APPROVED)

    def has_reject_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        return self._can_decide(request, object_id, Channel.State.REJECTED)

    def _can_decide(self, request: HttpRequest, object_id: str | None, to: Channel.State) -> bool:
        if not request.user.has_perm("affiliates.decide_channel"):
            return False
        # An answer that comes too late is told why by the domain, rather than forbidden.
        if object_id is None or request.method == "POST":
            return True
        return Channel.objects.filter(pk=object_id, state__in=channels.DECISIONS[to]).exists()

    @action(description=gettext_lazy("Approve"), permissions=["approve"], icon="check", variant="primary")
    def approve(self, request: HttpRequest, object_id: str) -> HttpResponse:
        get_object_or_404(Channel, pk=object_id)
        return self._approve(
            request, Channel.objects.filter(pk=object_id), reverse("admin:affiliates_channel_change", args=[object_id])
        )

    @action(description=gettext_lazy("Reject"), permissions=["reject"], icon="close", variant="danger")
    def reject(self, request: HttpRequest, object_id: str) -> HttpResponse:
        get_object_or_404(Channel, pk=object_id)
        return self._reject(
            request, Channel.objects.filter(pk=object_id), reverse("admin:affiliates_channel_change", args=[object_id])
        )

    @admin.action(description=gettext_lazy("Approve the channels"), permissions=["approve"])
    def approve_selected(self, request: HttpRequest, queryset: QuerySet[Channel]) -> HttpResponse:
        return self._approve(request, queryset, reverse("admin:affiliates_channel_changelist"))

    @admin.action(description=gettext_lazy("Reject the channels"), permissions=["reject"])
    def reject_selected(self, request: HttpRequest, queryset: QuerySet[Channel]) -> HttpResponse:
        return self._reject(request, queryset, reverse("admin:affiliates_channel_changelist"))

    def _approve(self, request: HttpRequest, chosen: QuerySet[Channel], back: str) -> HttpResponse:
        return run_action(
            request,
            self,
            ConfirmForm,
            _("Approve %(what)s") % {"what": describe_rows(chosen)},
            apply_to_each(
                chosen,
                lambda channel, _answers: channels.approve(
                    channel=channel,
                    clause=cite_applicable_clause(channel.affiliate, Rule.CHANNELS, timezone.now()),
                    now=timezone.now(),
                    by=staff_member(request),
                ),
            ),
            back,
        )

    def _reject(self, request: HttpRequest, chosen: QuerySet[Channel], back: str) -> HttpResponse:
        return run_action(
            request,
            self,
            ReasonForm,
            _("Reject %(what)s") % {"what": describe_rows(chosen)},
            apply_to_each(
                chosen,
                lambda channel, answers: channels.reject(
                    channel=channel,
                    reason=answers["reason"],
                    clause=cite_applicable_clause(channel.affiliate, Rule.CHANNELS, timezone.now()),
                    now=timezone.now(),
                    by=staff_member(request),
                ),
            ),
            back,
            explanation=_("The affiliate reads the reason."),
        )
