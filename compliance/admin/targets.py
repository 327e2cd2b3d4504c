"""Sales targets in the admin: the answers, the notices, the pauses, and who will be noticed and reviewed when."""

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.staff import staff_member
from agreements.models import Program
from compliance.admin.forms import PauseForm
from compliance.models import TargetCheck, TargetNotice, TargetPause
from compliance.targets import checks
from compliance.targets.target_forecast import forecast_targets
from lib.admin.actions import run_action
from lib.admin.bases import ReadOnlyAdmin
from lib.admin.pages import build_changelist_url
from lib.typed import action
from payouts.admin.bases import money_page


@admin.register(TargetNotice)
class TargetNoticeAdmin(ReadOnlyAdmin):
    list_display = ("affiliate", "orders", "target", "state", "notified_at", "cure_by", "ended_at", "review")
    list_filter = ("state",)
    list_select_related = ("affiliate", "review")
    search_fields = ("affiliate__code", "affiliate__name")
    fields = (
        "affiliate", "orders", "target", "agreement", "clause", "notified_at", "cure_by", "state", "ended_at", "review",
    )  # fmt: skip
    readonly_fields = fields
    actions_list = ("target_forecast",)

    def has_forecast_permission(self, request: HttpRequest, object_id: str = "") -> bool:
        return request.user.has_perm("compliance.view_targetnotice")

    @action(description=gettext_lazy("Targets ahead"), permissions=["forecast"])
    def target_forecast(self, request: HttpRequest) -> HttpResponse:
        """Who will be noticed and who will be reviewed in the next 30 days, and when, if no further order comes."""
        return money_page(
            self, request, "admin/compliance/target_forecast.html", _("Targets ahead"),
            rows=forecast_targets(now=timezone.now()),
            opened=Program.objects.exclude(opened_at=None).exists(),
            back=build_changelist_url(TargetNotice),
        )  # fmt: skip


@admin.register(TargetCheck)
class TargetCheckAdmin(ReadOnlyAdmin):
    list_display = ("day", "affiliate", "result", "orders", "target", "window_from", "days_paused", "warning_sent")
    list_filter = ("result", "day", "warning_sent")
    list_select_related = ("affiliate",)
    search_fields = ("affiliate__code",)


@admin.register(TargetPause)
class TargetPauseAdmin(ReadOnlyAdmin):
    list_display = ("starts_on", "ends_on", "reason", "declared_at", "declared_by")
    list_select_related = ("declared_by",)
    actions_list = ("declare",)

    def has_declare_permission(self, request: HttpRequest, object_id: str = "") -> bool:
        return request.user.has_perm("compliance.add_targetpause")

    @action(description=gettext_lazy("Declare a pause"), permissions=["declare"])
    def declare(self, request: HttpRequest) -> HttpResponse:
        return run_action(
            request, self, PauseForm, _("Declare a pause of all targets"),
            lambda answers: checks.declare_pause(now=timezone.now(), by=staff_member(request), **answers),
            build_changelist_url(TargetPause),
            explanation=_("Every window that these days lie in grows by them. Answers that were given stay as they are."),
        )  # fmt: skip
