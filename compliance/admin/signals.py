"""Signals and abuse reports in the admin; staff open a review or dismiss them."""

from typing import Any

from django.contrib import admin
from django.db.models import Q
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.utils.safestring import SafeString
from django.utils.text import Truncator
from django.utils.translation import gettext_lazy

from affiliates.affiliate_filter import AffiliateSearchMixin
from compliance.admin.cases import render_evidence
from compliance.admin.reviews import build_open_review_url
from compliance.models import AbuseReport, Signal
from compliance.signals import dismissals
from lib.admin.actions import ReasonForm
from lib.admin.bases import ReadOnlyAdmin, ReadOnlyInline
from lib.admin.pages import build_admin_link
from lib.admin.staff_action import StaffAction, StaffPage


class ReportInline(ReadOnlyInline):
    model = AbuseReport
    fields = ("page_url", "link_or_coupon", "text", "email")
    readonly_fields = fields
    verbose_name_plural = gettext_lazy("report")
    tab = False


@admin.register(Signal)
class SignalAdmin(AffiliateSearchMixin, ReadOnlyAdmin):
    list_display = ("kind", "affiliate", "state", "raised_at", "review", "decided_by")
    list_filter = ("state", "kind")
    list_select_related = ("affiliate", "review", "decided_by")
    search_fields = ("affiliate__code", "affiliate__name")
    fields = (
        *("kind", "affiliate_link", "raised_at", "formatted_evidence"),
        *("state", "review_link", "decided_at", "decided_by", "note"),
    )
    readonly_fields = fields
    inlines = (ReportInline,)
    actions_detail = ("open_review", "dismiss")

    def get_inlines(self, request: HttpRequest, obj: Signal | None) -> Any:
        """Show the table of the report only under a signal that is one."""
        return self.inlines if obj and obj.kind == Signal.Kind.ABUSE_REPORT else ()

    @admin.display(description=gettext_lazy("affiliate"))
    def affiliate_link(self, signal: Signal) -> SafeString | str:
        return build_admin_link(signal.affiliate)

    @admin.display(description=gettext_lazy("review"))
    def review_link(self, signal: Signal) -> SafeString | str:
        return build_admin_link(signal.review)

    @admin.display(description=gettext_lazy("evidence"))
    def formatted_evidence(self, signal: Signal) -> SafeString:
        return render_evidence(signal)

    @StaffPage(gettext_lazy("Open a review"), permission="compliance.add_review", rows=Q(state=Signal.State.OPEN))
    def open_review(self, request: HttpRequest, object_id: str) -> HttpResponse:
        signal = get_object_or_404(Signal.objects.select_related("affiliate"), pk=object_id)
        return HttpResponseRedirect(build_open_review_url(signal.affiliate, signal))

    dismiss = StaffAction(
        gettext_lazy("Dismiss"),
        permission="compliance.change_signal",
        rows=Q(state=Signal.State.OPEN),
        form=ReasonForm,
        do=lambda signal, answers, now, by: dismissals.dismiss_signal(signal=signal, now=now, by=by, **answers),
        title=gettext_lazy("Dismiss this signal"),
        success=gettext_lazy("Signal dismissed."),
    )


@admin.register(AbuseReport)
class AbuseReportAdmin(ReadOnlyAdmin):
    list_display = ("reported_page", "affiliate", "raised_at", "state", "link_or_coupon", "beginning")
    list_filter = ("signal__state",)
    list_select_related = ("signal__affiliate", "signal__review")
    search_fields = ("page_url", "link_or_coupon", "text", "signal__affiliate__code")
    fields = (
        *("affiliate_link", "raised_at", "page_url", "link_or_coupon", "text", "email"),
        *("state", "review_link", "signal_link"),
    )
    readonly_fields = fields

    @admin.display(description=gettext_lazy("report"))
    def reported_page(self, report: AbuseReport) -> str:
        return report.page_url or report.text[:60]

    @admin.display(description=gettext_lazy("what happened"))
    def beginning(self, report: AbuseReport) -> str:
        """Return the beginning of the text, so that not each report has to be opened."""
        return Truncator(report.text).chars(120)

    @admin.display(description=gettext_lazy("affiliate"))
    def affiliate_link(self, report: AbuseReport) -> SafeString | str:
        return build_admin_link(report.signal.affiliate)

    @admin.display(description=gettext_lazy("review"))
    def review_link(self, report: AbuseReport) -> SafeString | str:
        return build_admin_link(report.signal.review)

    @admin.display(description=gettext_lazy("signal"))
    def signal_link(self, report: AbuseReport) -> SafeString | str:
        return build_admin_link(report.signal)

    @admin.display(description=gettext_lazy("affiliate"))
    def affiliate(self, report: AbuseReport) -> str:
        return str(report.signal.affiliate or "-")

    @admin.display(description=gettext_lazy("raised"), ordering="signal__raised_at")
    def raised_at(self, report: AbuseReport) -> object:
        return report.signal.raised_at

    @admin.display(description=gettext_lazy("state"))
    def state(self, report: AbuseReport) -> str:
        return str(report.signal.get_state_display())
