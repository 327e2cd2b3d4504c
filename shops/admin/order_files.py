"""Order imports: upload a CSV file, map its columns, preview the outcome, import (specification 4)."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.contrib import admin
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, StreamingHttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.staff import staff_member
from lib.admin.bases import ReadOnlyAdmin
from lib.admin.column_form import build_columns_form
from lib.admin.pages import build_changelist_url, run_and_redirect
from lib.admin.staff_action import StaffPage
from lib.csv_downloads import stream_csv_response
from lib.keyset import iterate_by_key
from lib.typed import action
from payouts.admin.bases import money_page
from payouts.admin.csv_import import UploadForm
from shops.csv_import import files
from shops.csv_import.columns import LAYOUT
from shops.csv_import.file_rejects import REJECTED_OUTCOMES
from shops.models import OrderFile, Reject
from tracking.models import Order
from tracking.orders.incoming import Outcome

State = OrderFile.State
IMPORT_PERMISSION = "shops.import_orders"
MAX_ROWS_SHOWN = 100
REJECT_COLUMNS = ("row", "order_id", "field", "column", "outcome", "cause")
OUTCOME_LABELS = {
    Outcome.CREATED: gettext_lazy("created"),
    Outcome.UPDATED: gettext_lazy("updated"),
    Outcome.UNCHANGED: gettext_lazy("unchanged"),
    Outcome.STALE: gettext_lazy("stale"),
    Outcome.CONFLICT: gettext_lazy("conflict"),
    Outcome.REJECTED: gettext_lazy("rejected"),
}


@admin.register(OrderFile)
class OrderFileAdmin(ReadOnlyAdmin):
    list_display = ("name", "uploaded_at", "uploaded_by", "state", "rows", "orders", "result")
    list_filter = ("state",)
    list_select_related = ("uploaded_by",)
    search_fields = ("name",)
    actions_list = ("upload",)
    actions_detail = ("match", "import_orders", "discard", "refusals")

    @admin.display(description=gettext_lazy("result"))
    def result(self, file: OrderFile) -> str:
        counts = (f"{each['count']} {each['label']}" for each in _count_outcomes(file.outcomes) if each["count"])
        return ", ".join(counts) or "-"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return OrderFile.objects.visible_to(staff_member(request))

    @StaffPage(gettext_lazy("Import a CSV file"), permission=IMPORT_PERMISSION)
    def upload(self, request: HttpRequest) -> HttpResponse:
        posted = request.method == "POST"
        form = UploadForm(request.POST if posted else None, request.FILES if posted else None)
        if form.is_bound and form.is_valid():
            upload = form.cleaned_data["file"]
            try:
                file = files.store_file(name=upload.name, content=upload, now=timezone.now(), by=staff_member(request))
            except ValidationError as error:
                form.add_error(None, error)
            else:
                return HttpResponseRedirect(_get_url(file, "match"))
        return money_page(
            self, request, "admin/shops/order_file_upload.html", _("Import orders from a CSV file"),
            form=form, back=build_changelist_url(OrderFile), fields=LAYOUT.fields,
            presets=[(preset.label, LAYOUT.list_required(preset)) for preset in LAYOUT.presets],
        )  # fmt: skip

    @StaffPage(gettext_lazy("Map columns"), permission=IMPORT_PERMISSION)
    def match(self, request: HttpRequest, object_id: str) -> HttpResponse:
        file = self._get_own_waiting_file(request, object_id)
        form = build_columns_form(request, LAYOUT, file.headings, files.propose_mapping(file))
        if form.is_bound and form.is_valid():
            mapping = form.cleaned_data["mapping"]
            return run_and_redirect(
                request, lambda: files.match_columns(file=file, mapping=mapping, now=timezone.now()),
                _("Preview ready. Nothing is stored yet."), _get_url(file),
            )  # fmt: skip
        return money_page(
            self, request, "admin/shops/order_file_columns.html", _("Map columns"),
            form=form, file=file, columns=form.list_columns(files.read_sample(file)),
            back=build_changelist_url(OrderFile),
        )  # fmt: skip

    @StaffPage(gettext_lazy("Import orders"), permission=IMPORT_PERMISSION)
    def import_orders(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Import the file as previewed."""
        file = self._get_own_waiting_file(request, object_id)
        if request.method != "POST":
            return HttpResponseRedirect(_get_url(file))
        digest, by = request.POST.get("digest", ""), staff_member(request)
        return run_and_redirect(
            request, lambda: files.import_orders(file=file, digest=digest, now=timezone.now(), by=by),
            _("Import confirmed. Valid orders are stored now; a large file takes a few minutes."), _get_url(file),
        )  # fmt: skip

    @StaffPage(gettext_lazy("Delete upload"), permission=IMPORT_PERMISSION)
    def discard(self, request: HttpRequest, object_id: str) -> HttpResponse:
        file = self._get_own_waiting_file(request, object_id)
        if request.method != "POST":
            return HttpResponseRedirect(_get_url(file))
        return run_and_redirect(
            request, lambda: files.discard_file(file=file, now=timezone.now()),
            _("Upload deleted. None of its orders was imported."), build_changelist_url(OrderFile),
        )  # fmt: skip

    @action(description=gettext_lazy("Download rejected rows"), permissions=["view"])
    def refusals(self, request: HttpRequest, object_id: str) -> StreamingHttpResponse:
        """Return a CSV file of the rejected rows, each with its field and cause."""
        file = get_object_or_404(self.get_queryset(request), pk=object_id)
        rows = file.rejects.values_list("row", "order_id", "field", "heading", "outcome", "cause")
        return stream_csv_response(f"rejected-{file.pk}.csv", REJECT_COLUMNS, iterate_by_key(rows))

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Show the preview of a waiting file, or the result of its import."""
        if request.method == "POST" or not self.has_view_permission(request):
            raise PermissionDenied
        file = get_object_or_404(self.get_queryset(request).select_related("uploaded_by"), pk=object_id)
        is_waiting = file.state == State.WAITING
        if is_waiting and not file.columns:
            return HttpResponseRedirect(_get_url(file, "match"))
        fields, sample = files.preview_sample(file) if is_waiting else ([], [])
        rejected = list(file.rejects.all()[: MAX_ROWS_SHOWN + 1])
        outcomes = _count_outcomes(file.expected_outcomes if is_waiting else file.outcomes)
        is_own = file.uploaded_by_id == request.user.pk
        return money_page(
            self, request, "admin/shops/order_file.html", file.name,
            file=file, outcomes=outcomes, valid_orders=_count_valid(file.expected_outcomes),
            rejected=rejected[:MAX_ROWS_SHOWN], has_more=len(rejected) > MAX_ROWS_SHOWN, max_shown=MAX_ROWS_SHOWN,
            digest=files.compute_digest(file), fields=fields, sample=sample,
            can_decide=is_waiting and is_own and request.user.has_perm(IMPORT_PERMISSION),
            rejects_url=build_changelist_url(Reject, "state__exact=open"), orders_url=build_changelist_url(Order),
            back=build_changelist_url(OrderFile),
        )  # fmt: skip

    def _get_own_waiting_file(self, request: HttpRequest, object_id: str | UUID) -> OrderFile:
        """Return a waiting file of this user's; 404 for other users' files and for files already decided."""
        own_files = OrderFile.objects.filter(uploaded_by=staff_member(request), state=State.WAITING)
        return get_object_or_404(own_files, pk=object_id)


def _get_url(file: OrderFile, to: str = "change") -> str:
    return reverse(f"admin:shops_orderfile_{to}", args=[file.pk])


def _count_outcomes(outcomes: Mapping[str, int]) -> list[dict[str, Any]]:
    return [{"label": label, "count": outcomes.get(outcome.value, 0)} for outcome, label in OUTCOME_LABELS.items()]


def _count_valid(outcomes: Mapping[str, int]) -> int:
    return sum(count for outcome, count in outcomes.items() if outcome not in REJECTED_OUTCOMES)
