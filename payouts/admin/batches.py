"""Batches of payouts: submit, approve, export, import what the bank said."""

import base64
import binascii
from decimal import Decimal
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import Count, Q, Sum
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from unfold.widgets import UnfoldAdminFileFieldWidget

from accounts.staff import staff_member
from agreements.program_currency import annotate_currency, get_program_currency
from audit import trail
from lib.admin.actions import ConfirmForm, ReasonForm
from lib.admin.bases import ReadOnlyAdmin, ReadOnlyInline, cache_on_row
from lib.admin.pages import build_admin_link, build_changelist_url, run_and_redirect, run_row_action
from lib.csv import MAX_BYTES
from lib.formatting import format_money
from lib.typed import action
from payouts.admin.bases import build_amount_column, money_page
from payouts.disbursement import approval, bank_results, exports, payout_transitions
from payouts.disbursement.approval import UNSENT_BATCH_STATES
from payouts.disbursement.bank_results import Effect
from payouts.disbursement.payout_warnings import list_payout_warnings
from payouts.models import Payout, PayoutBatch, PayoutFile

State = PayoutBatch.State
MAX_ROWS_SHOWN = 1000


class PayoutInline(ReadOnlyInline):
    model = Payout
    fields = ("payout", "affiliate", "details", "amount_display", "state", "failure")
    readonly_fields = fields
    verbose_name_plural = gettext_lazy("payouts")
    amount_display = build_amount_column("amount", gettext_lazy("amount"))

    def payout(self, row: Payout) -> SafeString | str:
        return build_admin_link(row)

    def get_queryset(self, request: HttpRequest) -> Any:
        return annotate_currency(super().get_queryset(request).select_related("affiliate", "details"))


class FileInline(ReadOnlyInline):
    model = PayoutFile
    fields = ("download", "method", "sha256", "made_at", "made_by")
    readonly_fields = fields
    verbose_name_plural = gettext_lazy("files")

    def download(self, row: PayoutFile) -> SafeString:
        address = reverse("admin:payouts_payoutbatch_file", args=[row.batch_id, row.pk])
        return format_html('<a href="{}">{}</a>', address, row.name)


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
        """What was approved and sent stays, whatever came back of it; a cancelled payout was never sent."""
        rows = batch.payouts.exclude(state=Payout.State.CANCELLED)
        shown = rows.aggregate(sum=Sum("amount"), count=Count("pk"))
        words = ngettext("%(total)s in %(count)s payout", "%(total)s in %(count)s payouts", shown["count"])
        total = format_money(shown["sum"] or Decimal("0.00"), get_program_currency())
        return words % {"total": total, "count": shown["count"]}

    @admin.display(description=gettext_lazy("results"))
    @cache_on_row
    def results(self, batch: PayoutBatch) -> str:
        """How many were paid, failed, were returned after they had been paid, and wait for their result."""
        came_back = Q(state=Payout.State.FAILED)
        counts = batch.payouts.aggregate(
            paid=Count("pk", Q(state=Payout.State.PAID)),
            failed=Count("pk", came_back & Q(paid_at=None)),
            returned=Count("pk", came_back & Q(paid_at__isnull=False)),
            waiting=Count("pk", Q(state=Payout.State.SENT)),
        )
        if not any(counts.values()):
            return "-"
        return _("%(paid)s paid, %(failed)s failed, %(returned)s returned, %(waiting)s without a result") % counts

    def get_urls(self) -> list[URLPattern]:
        mine = path(
            "<uuid:batch>/files/<uuid:pk>/",
            self.admin_site.admin_view(self.download_file),
            name="payouts_payoutbatch_file",
        )
        return [mine, *super().get_urls()]

    def has_submit_permission(self, request: HttpRequest, object_id: str = "") -> bool:
        return self._is_allowed(request, "submit", object_id, State.DRAFT)

    def has_approve_permission(self, request: HttpRequest, object_id: str = "") -> bool:
        return self._is_allowed(request, "approve", object_id, State.SUBMITTED)

    def has_return_to_draft_permission(self, request: HttpRequest, object_id: str = "") -> bool:
        may = self._is_allowed(request, "submit", object_id, State.SUBMITTED, State.APPROVED)
        return may or self._is_allowed(request, "approve", object_id, State.SUBMITTED, State.APPROVED)

    def has_remove_unpayable_permission(self, request: HttpRequest, object_id: str = "") -> bool:
        live = PayoutBatch.objects.filter(pk=object_id, state__in=UNSENT_BATCH_STATES)
        return request.user.has_perm("payouts.return_payout") and (request.method == "POST" or live.exists())

    def has_export_permission(self, request: HttpRequest, object_id: str = "") -> bool:
        return self._is_allowed(request, "export", object_id, State.APPROVED)

    def has_import_results_permission(self, request: HttpRequest, object_id: str = "") -> bool:
        return request.user.has_perm("payouts.export_payoutbatch")

    def has_mark_paid_permission(self, request: HttpRequest, object_id: str = "") -> bool:
        return self._is_allowed(request, "export", object_id, State.SENT)

    def _is_allowed(self, request: HttpRequest, verb: str, object_id: str, *states: str) -> bool:
        if not request.user.has_perm(f"payouts.{verb}_payoutbatch"):
            return False
        # A button stands only where it can do something; whoever is too late gets a message, not a refusal.
        return request.method == "POST" or PayoutBatch.objects.filter(pk=object_id, state__in=states).exists()

    @action(description=gettext_lazy("Submit"), permissions=["submit"])
    def submit(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Hand the drafts to somebody else for approval."""
        batch = get_object_or_404(PayoutBatch, pk=object_id)
        told = {"name": batch.name, "total": self.total(batch)}
        return run_row_action(
            self, request, object_id, ConfirmForm, _("Submit these payouts"),
            lambda row, _answers, now, by: approval.submit(batch=row, now=now, by=by),
            explanation=_("%(name)s: %(total)s. Somebody else has to approve them.") % told,
        )  # fmt: skip

    @action(description=gettext_lazy("Approve"), permissions=["approve"])
    def approve(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Show payees, amounts and destinations, and approve exactly what was shown."""
        batch, now = get_object_or_404(PayoutBatch, pk=object_id), timezone.now()
        back = reverse("admin:payouts_payoutbatch_change", args=[batch.pk])
        if request.method == "POST":
            digest = request.POST.get("digest", "")
            return run_and_redirect(
                request,
                lambda: approval.approve(batch=batch, digest=digest, now=now, by=staff_member(request)),
                _("Approved."),
                back,
            )
        shown, unusual = approval.summarize_batch(batch, now), list_payout_warnings(batch)
        rows = [(row, unusual.get(row.pk, ())) for row in shown.payouts]
        return money_page(
            self, request, "admin/payouts/approve.html", _("Approve these payouts"),
            batch=batch, summary=shown, rows=rows[:MAX_ROWS_SHOWN], more=max(0, len(rows) - MAX_ROWS_SHOWN),
            unusual=sum(bool(kinds) for _row, kinds in rows),
            back=back, is_own_submission=batch.submitted_by_id == staff_member(request).pk,
        )  # fmt: skip

    @action(description=gettext_lazy("Put aside what cannot be sent"), permissions=["remove_unpayable"])
    def remove_unpayable(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Take each payout with something against it back to the balance, so that the others can go."""
        batch, now = get_object_or_404(PayoutBatch, pk=object_id), timezone.now()
        back = reverse("admin:payouts_payoutbatch_change", args=[batch.pk])
        if request.method == "POST":
            return run_and_redirect(
                request,
                lambda: payout_transitions.remove_unpayable(batch=batch, now=now, by=staff_member(request)),
                _("Put aside: their amounts are the affiliates' again. Submit the others."),
                back,
            )
        found = approval.list_batch_blockers(batch, now)
        return money_page(
            self, request, "admin/payouts/remove_unpayable.html", _("Put aside what cannot be sent"),
            batch=batch, rows=found[:MAX_ROWS_SHOWN], more=max(0, len(found) - MAX_ROWS_SHOWN), back=back,
        )  # fmt: skip

    @action(description=gettext_lazy("Back to draft"), permissions=["return_to_draft"])
    def return_to_draft(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Take a submission or an approval back, with the reason."""
        return run_row_action(
            self, request, object_id, ReasonForm, _("Make it a draft again"),
            lambda row, answers, now, by: approval.return_to_draft(batch=row, reason=answers["reason"], now=now, by=by),
        )  # fmt: skip

    @action(description=gettext_lazy("Export"), permissions=["export"])
    def export(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Make the files that are paid from; the affiliates are told that their money is on its way."""
        batch = get_object_or_404(PayoutBatch, pk=object_id)
        back = reverse("admin:payouts_payoutbatch_change", args=[batch.pk])
        if request.method == "POST":
            return run_and_redirect(
                request,
                lambda: exports.export(batch=batch, now=timezone.now(), by=staff_member(request)),
                _("Exported: the files are below. Take them to the bank or provider, then import what it says."),
                back,
            )
        return money_page(
            self, request, "admin/payouts/confirm_export.html", _("Export these payouts"), back=back,
            explanation=_("Each payout becomes “sent”, and its affiliate is told. Its files can be downloaded repeatedly."),
        )  # fmt: skip

    @action(description=gettext_lazy("All of it was paid"), permissions=["mark_paid"])
    def mark_paid(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Record that the bank paid everything that was sent."""
        return run_row_action(
            self, request, object_id, ConfirmForm, _("All of it was paid"),
            lambda row, _answers, now, by: bank_results.mark_paid(batch=row, now=now, by=by),
            explanation=_("Every payout of this batch that waits for its result is recorded as paid."),
        )  # fmt: skip

    @action(description=gettext_lazy("Import results"), permissions=["import_results"])
    def import_results(self, request: HttpRequest) -> HttpResponse:
        """Look at what the bank said, line by line, then take it in."""
        asked = request.method == "POST"
        form = ResultsForm(request.POST if asked else None, request.FILES if asked else None)
        context: dict[str, Any] = {"form": form, "back": build_changelist_url(PayoutBatch), "lines": None}
        if form.is_bound and form.is_valid():
            content = form.cleaned_data["content"]
            try:
                if "import" in request.POST:
                    lines = bank_results.import_results(content=content, now=timezone.now(), by=staff_member(request))
                    context |= {"done": True}
                else:
                    lines = bank_results.preview_results(content)
            except ValidationError as refusal:
                form.add_error("file", refusal.messages)
            else:
                counts = {effect.value: sum(line.effect == effect for line in lines) for effect in Effect}
                context |= {"lines": lines, "counts": counts, "content": base64.b64encode(content).decode()}
        return money_page(self, request, "admin/payouts/results.html", _("Import results"), **context)

    def download_file(self, request: HttpRequest, batch: UUID, pk: UUID) -> HttpResponse:
        """One file, as it was made. It names accounts in clear, so each download is on the record."""
        if not request.user.has_perm("payouts.export_payoutbatch"):
            raise PermissionDenied
        row = get_object_or_404(PayoutFile, pk=pk, batch=batch)
        trail.record(
            action="payout file downloaded",
            subject=row,
            now=timezone.now(),
            by=staff_member(request),
            after={"sha256": row.sha256},
            reason="To take it to the bank or provider.",
        )
        headers = {"Content-Disposition": f'attachment; filename="{row.name}"', "Cache-Control": "no-store"}
        return HttpResponse(exports.get_file_content(row), content_type=row.media_type, headers=headers)


class ResultsForm(forms.Form):
    """The file first; its content again with the second answer, after the preview."""

    # Unfold's script expects the markup of its own widget around every file input.
    file = forms.FileField(label=gettext_lazy("File"), required=False, widget=UnfoldAdminFileFieldWidget)
    encoded_content = forms.CharField(required=False, widget=forms.HiddenInput)

    def clean(self) -> dict[str, Any]:
        """Gives the bytes of the file as `content`."""
        answers: dict[str, Any] = super().clean() or {}
        upload = answers.get("file")
        if upload is not None and upload.size > MAX_BYTES:
            raise ValidationError({"file": _("The file is larger than 10 MiB.")})
        try:
            carried = base64.b64decode(answers.get("encoded_content") or "", validate=True)
        except (binascii.Error, ValueError):
            carried = b""
        answers["content"] = upload.read() if upload is not None else carried
        if not answers["content"]:
            raise ValidationError({"file": _("Choose a file.")})
        return answers
