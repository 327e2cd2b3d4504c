"""Channels in the admin, approved or rejected one by one or together."""

from django.contrib import admin
from django.db.models import Q
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from affiliates import channels
from affiliates.admin_fields import STATE_COLORS, render_link
from affiliates.affiliate_filter import match_affiliate
from affiliates.models import Channel
from agreements.applicable_version import cite_applicable_clause
from agreements.rules import Rule
from lib.admin.actions import ReasonForm, UsualReasonForm
from lib.admin.bases import ReadOnlyAdmin
from lib.admin.staff_action import StaffAction
from lib.typed import display
from portal.admin.list_filters import ChannelDecisionFilter


class ApprovalForm(UsualReasonForm):
    """Asks for the reason to approve a channel or an application."""

    usual_reason = channels.MEETS_REQUIREMENTS


@admin.register(Channel)
class ChannelAdmin(ReadOnlyAdmin):
    list_display = ("added_at", "affiliate", "kind", "link", "state_label", "decided_at", "decided_by")
    list_display_links = ("added_at",)
    list_filter = (ChannelDecisionFilter, "state", "kind")
    list_select_related = ("affiliate", "decided_by")
    search_fields = ("address", "affiliate__code", "affiliate__name")
    fields = ("affiliate", "kind", "link", "state", "added_at", "decided_at", "decided_by", "reason")
    readonly_fields = ("link",)
    actions = ("approve_selected", "reject_selected")
    actions_detail = ("approve", "reject")

    def build_search(self, text: str) -> Q:
        return Q(address__icontains=text) | match_affiliate(text)

    @admin.display(description=gettext_lazy("address"), ordering="address")
    def link(self, channel: Channel) -> SafeString:
        return render_link(channel.address)

    @display(description=gettext_lazy("state"), ordering="state", label=STATE_COLORS)
    def state_label(self, channel: Channel) -> tuple[str, str]:
        return channel.state, channel.get_state_display()

    approve = StaffAction(
        gettext_lazy("Approve"),
        permission="affiliates.decide_channel",
        rows=Q(state__in=channels.DECISIONS[Channel.State.APPROVED]),
        form=ApprovalForm,
        do=lambda channel, answers, now, by: channels.approve(
            channel=channel,
            clause=cite_applicable_clause(channel.affiliate, Rule.CHANNELS, now),
            now=now,
            by=by,
            **answers,
        ),
        title=lambda channel: _("Approve %s") % channel,
        success=gettext_lazy("Channel approved."),
        list_label=gettext_lazy("Approve the channels"),
        list_title=gettext_lazy("Approve %s"),
        list_success=lambda count: (
            ngettext("%(count)d channel approved.", "%(count)d channels approved.", count) % {"count": count}
        ),
        icon="check",
        variant="primary",
    )
    reject = StaffAction(
        gettext_lazy("Reject"),
        permission="affiliates.decide_channel",
        rows=Q(state__in=channels.DECISIONS[Channel.State.REJECTED]),
        form=ReasonForm,
        do=lambda channel, answers, now, by: channels.reject(
            channel=channel,
            clause=cite_applicable_clause(channel.affiliate, Rule.CHANNELS, now),
            now=now,
            by=by,
            **answers,
        ),
        title=lambda channel: _("Reject %s") % channel,
        explanation=gettext_lazy("The reason is shown to the affiliate."),
        success=gettext_lazy("Channel rejected."),
        list_label=gettext_lazy("Reject the channels"),
        list_title=gettext_lazy("Reject %s"),
        list_success=lambda count: (
            ngettext("%(count)d channel rejected.", "%(count)d channels rejected.", count) % {"count": count}
        ),
        icon="close",
        variant="danger",
    )
