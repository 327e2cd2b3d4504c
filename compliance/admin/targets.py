"""Sales targets in the admin: checks, missed-target notices, pauses and the forecast of notices and reviews."""

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from affiliates.affiliate_filter import AffiliateSearchMixin
from agreements.models import Program
from compliance.admin.forms import PauseForm
from compliance.models import TargetCheck, TargetNotice, TargetPause
from compliance.targets.pauses import declare_pause
from compliance.targets.target_forecast import forecast_targets
from lib.admin.bases import ReadOnlyAdmin
from lib.admin.pages import build_changelist_url, render_admin_page
from lib.admin.staff_action import StaffAction, StaffPage


@admin.register(TargetNotice)
class TargetNoticeAdmin(AffiliateSearchMixin, ReadOnlyAdmin):
    list_display = ("affiliate", "orders", "target", "state", "notified_at", "cure_by", "ended_at", "review")
    list_filter = ("state",)
    list_select_related = ("affiliate", "review")
    search_fields = ("affiliate__code", "affiliate__name")
    fields = (
        "affiliate", "orders", "target", "agreement", "clause", "notified_at", "cure_by", "state", "ended_at", "review",
    )  # fmt: skip
    readonly_fields = fields
    actions_list = ("target_forecast",)

    @StaffPage(gettext_lazy("Target forecast"), permission="compliance.view_targetnotice")
    def target_forecast(self, request: HttpRequest) -> HttpResponse:
        """List affiliates who will be notified or reviewed in the next 30 days if no more orders arrive."""
        return render_admin_page(
            self,
            request,
            "admin/compliance/target_forecast.html",
            _("Target forecast"),
            rows=forecast_targets(now=timezone.now()),
            opened=Program.objects.exclude(opened_at=None).exists(),
            back=build_changelist_url(TargetNotice),
        )


@admin.register(TargetCheck)
class TargetCheckAdmin(AffiliateSearchMixin, ReadOnlyAdmin):
    list_display = ("day", "affiliate", "result", "orders", "target", "window_from", "days_paused", "warning_sent")
    list_filter = ("result", "day", "warning_sent")
    list_select_related = ("affiliate",)
    search_fields = ("affiliate__code",)
    # One row for each affiliate and day.
    sortable_by = ()


@admin.register(TargetPause)
class TargetPauseAdmin(ReadOnlyAdmin):
    ordering = ("-starts_on", "-pk")
    list_display = ("starts_on", "ends_on", "reason", "declared_at", "declared_by")
    list_select_related = ("declared_by",)
    actions_list = ("declare",)

    declare = StaffAction(
        gettext_lazy("Declare a pause"),
        permission="compliance.add_targetpause",
        form=PauseForm,
        do=lambda _row, answers, now, by: declare_pause(now=now, by=by, **answers),
        title=gettext_lazy("Pause all sales targets"),
        explanation=gettext_lazy("Target periods overlapping these days are extended. Past results don't change."),
        success=gettext_lazy("Target pause declared."),
    )
