"""Endings in the admin: notices of termination, suspensions, and the end of the program."""

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.staff import staff_member
from compliance.admin.forms import AffiliateReasonForm, ProgramEndForm
from compliance.models import TerminationNotice
from compliance.offboarding import program_end, termination
from lib.admin.actions import ReasonForm, run_action
from lib.admin.bases import ReadOnlyAdmin
from lib.admin.pages import build_changelist_url, run_row_action
from lib.typed import action


@admin.register(TerminationNotice)
class TerminationNoticeAdmin(ReadOnlyAdmin):
    list_display = ("affiliate", "ground", "state", "given_at", "takes_effect_at", "ended_at", "review")
    list_filter = ("state", "ground")
    list_select_related = ("affiliate", "review")
    search_fields = ("affiliate__code", "affiliate__name")
    fields = (
        "affiliate", "ground", "reason", "clause", "review", "given_at", "given_by", "takes_effect_at", "state", "ended_at",
    )  # fmt: skip
    readonly_fields = fields
    actions_list = ("give_notice", "suspend", "reinstate", "announce_end")
    actions_detail = ("revoke",)

    def has_notice_permission(self, request: HttpRequest, object_id: str = "") -> bool:
        return request.user.has_perm("compliance.add_terminationnotice")

    def has_suspend_permission(self, request: HttpRequest, object_id: str = "") -> bool:
        return request.user.has_perm("compliance.suspend_affiliate")

    def has_end_permission(self, request: HttpRequest, object_id: str = "") -> bool:
        return request.user.has_perm("compliance.end_program")

    def has_revoke_permission(self, request: HttpRequest, object_id: str = "") -> bool:
        running = TerminationNotice.objects.filter(pk=object_id, state=TerminationNotice.State.RUNNING)
        return self.has_notice_permission(request) and (request.method == "POST" or running.exists())

    @action(description=gettext_lazy("Give notice"), permissions=["notice"])
    def give_notice(self, request: HttpRequest) -> HttpResponse:
        return run_action(
            request, self, AffiliateReasonForm, _("Give notice of termination"),
            lambda answers: termination.give_notice(
                ground=TerminationNotice.Ground.CHOICE, now=timezone.now(), by=staff_member(request), **answers
            ),
            build_changelist_url(TerminationNotice),
            explanation=_("The affiliate goes on until the notice has run off, and all that they earned is paid."),
        )  # fmt: skip

    @action(description=gettext_lazy("Suspend an affiliate"), permissions=["suspend"])
    def suspend(self, request: HttpRequest) -> HttpResponse:
        return run_action(
            request, self, AffiliateReasonForm, _("Suspend an affiliate"),
            lambda answers: termination.suspend(now=timezone.now(), by=staff_member(request), **answers),
            build_changelist_url(TerminationNotice),
            explanation=_("New clicks and orders do not count, and nothing is paid out, until they are reinstated."),
        )  # fmt: skip

    @action(description=gettext_lazy("Reinstate an affiliate"), permissions=["suspend"])
    def reinstate(self, request: HttpRequest) -> HttpResponse:
        return run_action(
            request, self, AffiliateReasonForm, _("Reinstate an affiliate"),
            lambda answers: termination.reinstate(now=timezone.now(), by=staff_member(request), **answers),
            build_changelist_url(TerminationNotice),
        )  # fmt: skip

    @action(description=gettext_lazy("Announce the end of the program"), permissions=["end"])
    def announce_end(self, request: HttpRequest) -> HttpResponse:
        return run_action(
            request, self, ProgramEndForm, _("Announce the end of the program"),
            lambda answers: program_end.announce_end(now=timezone.now(), by=staff_member(request), **answers),
            build_changelist_url(TerminationNotice),
            explanation=_("Every affiliate is told at once and applications close. It cannot be taken back."),
        )  # fmt: skip

    @action(description=gettext_lazy("Take the notice back"), permissions=["revoke"])
    def revoke(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return run_row_action(
            self, request, object_id, ReasonForm, _("Take this notice back"),
            lambda row, answers, now, by: termination.revoke_notice(notice=row, reason=answers["reason"], now=now, by=by),
        )  # fmt: skip
