"""Sales targets in the admin: checks, missed-target notices, pauses and the forecast of notices and reviews."""

from datetime import date

from django.contrib import admin
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from affiliates.affiliate_filter import AffiliateSearchMixin
from agreements.models import Program
from compliance.admin.forms import PauseForm
from compliance.models import TargetCheck, TargetNotice, TargetPause
from compliance.targets.pauses import declare_pause, preview_pause
from compliance.targets.target_forecast import forecast_targets
from lib.admin.bases import ReadOnlyAdmin
from lib.admin.confirmation import Fact
from lib.admin.pages import build_changelist_url, render_admin_page
from lib.admin.staff_action import StaffAction, StaffPage
from lib.formatting import format_date, format_datetime

MAX_NAMED = 10
FORECAST_LABEL = gettext_lazy("Forecast: who will miss next")


def list_pause_facts(starts_on: date, ends_on: date) -> list[Fact]:
    """Return the days of a pause, how many target periods it extends, and the notices whose dates it does not move."""
    effect = preview_pause(starts_on=starts_on, ends_on=ends_on, now=timezone.now())
    named = [
        _("%(affiliate)s: stays %(due)s") % {"affiliate": notice.affiliate, "due": format_datetime(notice.cure_by)}
        for notice in effect.notices[:MAX_NAMED]
    ]
    more = len(effect.notices) - len(named)
    named += [ngettext("%(count)d more", "%(count)d more", more) % {"count": more}] if more else []
    return [
        Fact(gettext_lazy("Paused days"), f"{format_date(starts_on)} – {format_date(ends_on)}"),
        Fact(gettext_lazy("Affiliates whose target period is extended"), f"{effect.extended:,}"),
        Fact(gettext_lazy("Notices that run"), "; ".join(named) or _("none")),
    ]


@admin.register(TargetNotice)
class TargetNoticeAdmin(AffiliateSearchMixin, ReadOnlyAdmin):
    list_display = ("affiliate", "orders", "target", "state", "notified_at", "cure_by", "ended_at", "review")
    list_filter = ("state",)
    list_select_related = ("affiliate", "review")
    search_fields = ("affiliate__code", "affiliate__name")
    fields = (
        "affiliate", "orders", "target", "agreement", "clause", "notified_at", "cure_by", "pauses", "state", "ended_at",
        "review",
    )  # fmt: skip
    readonly_fields = fields
    actions_list = ("target_forecast",)

    @admin.display(description=gettext_lazy("target pauses"))
    def pauses(self, notice: TargetNotice) -> str:
        return _(
            "A pause does not move the date of this notice. On it, the orders of the period longer by the pause count."
        )

    @StaffPage(FORECAST_LABEL, permission="compliance.view_targetnotice")
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
    actions_list = ("target_forecast",)

    @StaffPage(FORECAST_LABEL, permission="compliance.view_targetnotice")
    def target_forecast(self, request: HttpRequest) -> HttpResponse:
        """Lead to the forecast: the list has only the checks of the past."""
        return HttpResponseRedirect(reverse("admin:compliance_targetnotice_target_forecast"))


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
        explanation=gettext_lazy(
            "Target periods overlapping these days are extended. Past results don't change. Missed-target notices that run"
            " already keep their dates; on that day the orders of the longer period count."
        ),
        facts=lambda _row, answers: list_pause_facts(answers["starts_on"], answers["ends_on"]),
        success=gettext_lazy("Target pause declared."),
    )
