"""The payouts and the files of a batch, on its page."""

from typing import Any
from uuid import UUID

from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy

from agreements.program_currency import annotate_currency
from lib.admin.bases import ReadOnlyInline
from lib.admin.pages import build_admin_link
from payouts.admin.bases import build_amount_column
from payouts.disbursement import approval
from payouts.disbursement.approval import UNSENT_BATCH_STATES
from payouts.models import Payout, PayoutBatch, PayoutFile
from payouts.payout_details.methods import METHODS


class PayoutInline(ReadOnlyInline):
    model = Payout
    # Its columns say all that its name does.
    hide_title = True
    fields = ("payout", "affiliate", "details", "amount_display", "state", "failure", "cannot_be_sent")
    readonly_fields = fields
    verbose_name_plural = gettext_lazy("payouts")
    amount_display = build_amount_column("amount", gettext_lazy("amount"))

    def payout(self, row: Payout) -> SafeString | str:
        return build_admin_link(row)

    @admin.display(description=gettext_lazy("cannot be sent now"))
    def cannot_be_sent(self, row: Payout) -> str:
        """Say why, and until when."""
        return self._blockers.get(row.pk, "-")

    def get_formset(self, request: HttpRequest, obj: PayoutBatch | None = None, **kwargs: Any) -> Any:
        self._blockers = _describe_blockers(obj)
        return super().get_formset(request, obj, **kwargs)

    def get_queryset(self, request: HttpRequest) -> Any:
        return annotate_currency(super().get_queryset(request).select_related("affiliate", "details"))


class FileInline(ReadOnlyInline):
    model = PayoutFile
    # Its columns say all that its name does.
    hide_title = True
    fields = ("download", "method", "columns", "payouts", "total_display", "sha256", "made_at", "made_by")
    readonly_fields = fields
    verbose_name_plural = gettext_lazy("files")
    total_display = build_amount_column("total", gettext_lazy("total"))

    def get_queryset(self, request: HttpRequest) -> Any:
        return annotate_currency(super().get_queryset(request))

    @admin.display(description=gettext_lazy("columns"))
    def columns(self, row: PayoutFile) -> str:
        method = METHODS.get(row.method)
        return str(method.layout) if method else "-"

    def download(self, row: PayoutFile) -> SafeString:
        address = reverse("admin:payouts_payoutbatch_file", args=[row.batch_id, row.pk])
        return format_html('<a href="{}">{}</a>', address, row.name)


def _describe_blockers(batch: PayoutBatch | None) -> dict[UUID, str]:
    """Return why payouts of a batch that is not sent yet cannot be sent, and until when, by primary key."""
    if batch is None or batch.state not in UNSENT_BATCH_STATES:
        return {}
    return {row.payout.pk: str(row) for row in approval.list_batch_blockers(batch, timezone.now())}
