"""Batches of payouts in the admin: submit, approve, export, import the results."""

from datetime import datetime
from uuid import UUID

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import Count, Q, Sum
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts.authentication import require_recent_authentication
from accounts.staff import staff_member
from agreements.program_currency import get_program_currency
from audit import trail
from lib.admin.actions import ReasonForm
from lib.admin.bases import ReadOnlyAdmin, cache_on_row
from lib.admin.pages import run_and_redirect
from lib.admin.staff_action import StaffAction, StaffPage
from lib.formatting import format_money
from lib.money import ZERO
from payouts.admin import money_facts
from payouts.admin.bases import money_page
from payouts.admin.batch_inlines import FileInline, PayoutInline
from payouts.admin.csv_import import serve_import
from payouts.admin.result_import import ResultImport
from payouts.disbursement import (
    approval,
    bank_results,
    exports,
    month_end,
    partial_approval,
    payout_notes,
    payout_transitions,
)
from payouts.disbursement.approval import UNSENT_BATCH_STATES
from payouts.models import Payout, PayoutBatch, PayoutFile

State = PayoutBatch.State
MAX_ROWS_SHOWN = 1000


def _describe_total(batch: PayoutBatch) -> str:
    # Failed and returned payouts count: they were approved and sent. Cancelled ones never were.
    rows = batch.payouts.exclude(state=Payout.State.CANCELLED)
    sums = rows.aggregate(sum=Sum("amount"), count=Count("pk"))
    text = ngettext("%(total)s in %(count)s payout", "%(total)s in %(count)s payouts", sums["count"])
    total = format_money(sums["sum"] or ZERO, get_program_currency())
    return text % {"total": total, "count": sums["count"]}


def _may_return_to_draft(request: HttpRequest) -> bool:
    return request.user.has_perm("payouts.submit_payoutbatch") or request.user.has_perm("payouts.approve_payoutbatch")


def _approve_as_posted(request: HttpRequest, batch: PayoutBatch, now: datetime, back: str) -> HttpResponse:
    """Approve the whole batch, or the payouts of it that can be sent, as they were shown."""
    approves_payable = "payable" in request.POST
    approve = partial_approval.approve_payable if approves_payable else approval.approve
    digest = request.POST.get("digest", "")
    return run_and_redirect(
        request,
        lambda: approve(batch=batch, digest=digest, now=now, by=staff_member(request)),
        _describe_rest if approves_payable else _("Payouts approved."),
        back,
    )


def _describe_rest(rest: PayoutBatch) -> SafeString:
    """Say what was approved, with a link to the batch of the others."""
    link = format_html('<a href="{}">{}</a>', reverse("admin:payouts_payoutbatch_change", args=[rest.pk]), rest.name)
    return format_html(_("Payouts approved. The others wait as drafts in a batch of their own: {}."), link)


@admin.register(PayoutBatch)
class PayoutBatchAdmin(ReadOnlyAdmin):
    list_display = ("name", "state", "close", "created_at", "submitted_by", "approved_by", "sent_at")
    list_filter = ("state",)
    list_select_related = ("close", "submitted_by", "approved_by")
    search_fields = ("name",)
    fields = (
        "name", "state", "close", "total", "results", "created_at", "submitted_at", "submitted_by", "approved_at",
        "approved_by", "digest", "sent_at",
    )  # fmt: skip
    readonly_fields = fields
    inlines = (PayoutInline, FileInline)
    actions_list = ("import_results",)
    actions_detail = ("submit", "approve", "remove_unpayable", "return_to_draft", "export", "mark_paid")

    @admin.display(description=gettext_lazy("total"))
    @cache_on_row
    def total(self, batch: PayoutBatch) -> str:
        return _describe_total(batch)

    @admin.display(description=gettext_lazy("results"))
    @cache_on_row
    def results(self, batch: PayoutBatch) -> str:
        counts = month_end.count_results(batch)
        if not any(counts):
            return "-"
        return (
            _("%(paid)s paid, %(failed)s failed, %(returned)s returned, %(waiting)s without a result")
            % counts._asdict()
        )

    def get_urls(self) -> list[URLPattern]:
        file_url = path(
            "<uuid:batch>/files/<uuid:pk>/",
            self.admin_site.admin_view(self.download_file),
            name="payouts_payoutbatch_file",
        )
        return [file_url, *super().get_urls()]

    submit = StaffAction(
        gettext_lazy("Submit"),
        permission="payouts.submit_payoutbatch",
        rows=Q(state=State.DRAFT),
        do=lambda batch, _answers, now, by: approval.submit(batch=batch, now=now, by=by),
        title=gettext_lazy("Submit these payouts"),
        explanation=gettext_lazy("Another member of staff must approve them."),
        facts=lambda batch, _answers: money_facts.list_submission_facts(batch),
        find_obstacle=lambda batch: approval.find_submission_obstacle(batch, timezone.now()),
        success=gettext_lazy("Payouts submitted."),
    )
    return_to_draft = StaffAction(
        gettext_lazy("Return to the preparer"),
        permission=_may_return_to_draft,
        rows=Q(state__in=(State.SUBMITTED, State.APPROVED)),
        form=ReasonForm,
        do=lambda batch, answers, now, by: approval.return_to_draft(batch=batch, now=now, by=by, **answers),
        title=gettext_lazy("Return these payouts to draft"),
        explanation=gettext_lazy("The member of staff who submitted them gets the reason by e-mail."),
        facts=lambda batch, _answers: money_facts.list_batch_facts(batch),
        success=gettext_lazy("Payouts returned to draft."),
    )
    mark_paid = StaffAction(
        gettext_lazy("Mark all as paid"),
        permission="payouts.export_payoutbatch",
        rows=Q(state=State.SENT),
        do=lambda batch, _answers, now, by: bank_results.mark_paid(batch=batch, now=now, by=by),
        title=gettext_lazy("Mark all payouts as paid"),
        explanation=gettext_lazy("Every payout of this batch that is waiting for its result is recorded as paid."),
        facts=lambda batch, _answers: money_facts.list_batch_facts(batch, Payout.State.SENT),
        success=gettext_lazy("Payouts marked as paid."),
    )

    @StaffPage(gettext_lazy("Approve"), permission="payouts.approve_payoutbatch", rows=Q(state=State.SUBMITTED))
    @require_recent_authentication
    def approve(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Show payees, amounts and destinations, and approve exactly what was shown."""
        batch, now = get_object_or_404(PayoutBatch, pk=object_id), timezone.now()
        back = reverse("admin:payouts_payoutbatch_change", args=[batch.pk])
        if request.method == "POST":
            return _approve_as_posted(request, batch, now, back)
        summary, is_partial = partial_approval.summarize_approvable(batch, now)
        notes = payout_notes.explain_batch(batch, summary.payouts)
        rows = [(row, notes.get(row.pk, ())) for row in summary.payouts]
        return money_page(
            self,
            request,
            "admin/payouts/approve.html",
            _("Approve these payouts"),
            batch=batch,
            summary=summary,
            rows=rows[:MAX_ROWS_SHOWN],
            more=max(0, len(rows) - MAX_ROWS_SHOWN),
            unusual=len(notes),
            blocked=sum((row.payout.amount for row in summary.blockers), ZERO),
            back=back,
            is_partial=is_partial,
            return_url=reverse("admin:payouts_payoutbatch_return_to_draft", args=[batch.pk]),
            is_own_submission=batch.submitted_by_id == staff_member(request).pk,
        )

    @StaffPage(
        gettext_lazy("Remove unpayable payouts"),
        permission="payouts.return_payout",
        rows=Q(state__in=UNSENT_BATCH_STATES),
    )
    def remove_unpayable(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Cancel the payouts that cannot be sent, so that the rest can."""
        batch, now = get_object_or_404(PayoutBatch, pk=object_id), timezone.now()
        back = reverse("admin:payouts_payoutbatch_change", args=[batch.pk])
        if request.method == "POST":
            return run_and_redirect(
                request,
                lambda: payout_transitions.remove_unpayable(batch=batch, now=now, by=staff_member(request)),
                _("Removed. The amounts went back to the affiliates' balances. Submit the rest."),
                back,
            )
        blockers = approval.list_batch_blockers(batch, now)
        return money_page(
            self,
            request,
            "admin/payouts/remove_unpayable.html",
            _("Remove unpayable payouts"),
            batch=batch,
            rows=blockers[:MAX_ROWS_SHOWN],
            more=max(0, len(blockers) - MAX_ROWS_SHOWN),
            back=back,
        )

    @StaffPage(gettext_lazy("Export"), permission="payouts.export_payoutbatch", rows=Q(state=State.APPROVED))
    def export(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Build the payout files and notify the affiliates."""
        batch = get_object_or_404(PayoutBatch, pk=object_id)
        back = reverse("admin:payouts_payoutbatch_change", args=[batch.pk])
        if request.method == "POST":
            return run_and_redirect(
                request,
                lambda: exports.export(batch=batch, now=timezone.now(), by=staff_member(request)),
                _("Exported. Download the files below, upload them to the bank or provider, then import its results."),
                f"{back}#files",  # the tab of the files
            )
        return money_page(
            self,
            request,
            "admin/confirm.html",
            _("Export these payouts"),
            back=back,
            facts=money_facts.list_batch_facts(batch),
            explanation=_(
                "Every payout becomes “sent”, and its affiliate is notified. You can download the files repeatedly."
            ),
        )

    @StaffPage(gettext_lazy("Import results"), permission="payouts.export_payoutbatch")
    def import_results(self, request: HttpRequest) -> HttpResponse:
        """Map the columns of the file, preview its results line by line, then import them."""
        return serve_import(self, request, ResultImport())

    def download_file(self, request: HttpRequest, batch: UUID, pk: UUID) -> HttpResponse:
        """Return a payout file; each download is audited, because the file has accounts in clear."""
        if not request.user.has_perm("payouts.export_payoutbatch"):
            raise PermissionDenied
        row = get_object_or_404(PayoutFile, pk=pk, batch=batch)
        content = exports.get_file_content(row)
        trail.record(
            action="payout file downloaded",
            subject=row,
            now=timezone.now(),
            by=staff_member(request),
            after={"sha256": row.sha256},
            reason="For upload to the bank or provider.",
        )
        headers = {"Content-Disposition": f'attachment; filename="{row.name}"', "Cache-Control": "no-store"}
        # As it was built: banks and PayPal read a byte order mark as part of the first cell, so it has none.
        return HttpResponse(content, content_type=row.media_type, headers=headers)
