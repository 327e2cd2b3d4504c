"""Orders from a CSV file: upload, match the columns, look at what would become of it, import (CONTRACT 4)."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, StreamingHttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.widgets import UnfoldAdminFileFieldWidget, UnfoldAdminSelectWidget

from accounts.staff import staff_member
from lib.admin.bases import ReadOnlyAdmin
from lib.admin.pages import build_changelist_url, run_and_redirect
from lib.csv import iter_csv_lines
from lib.typed import action
from payouts.admin.bases import money_page
from shops.csv_import import columns, files
from shops.models import OrderFile, Reject
from tracking.admin import orders
from tracking.models import Order
from tracking.orders.incoming import Outcome

State = OrderFile.State
MAX_ROWS_SHOWN = 100
REFUSAL_COLUMNS = ("row", "order_id", "field", "column", "outcome", "cause")
OUTCOME_LABELS = {
    Outcome.CREATED: gettext_lazy("created"),
    Outcome.UPDATED: gettext_lazy("updated"),
    Outcome.UNCHANGED: gettext_lazy("unchanged"),
    Outcome.STALE: gettext_lazy("stale"),
    Outcome.CONFLICT: gettext_lazy("conflict"),
    Outcome.REJECTED: gettext_lazy("rejected"),
}


class UploadForm(forms.Form):
    # Unfold's script expects the markup of its own widget around every file input.
    file = forms.FileField(label=gettext_lazy("CSV file"), allow_empty_file=True, widget=UnfoldAdminFileFieldWidget)


class ColumnsForm(forms.Form):
    """For each column of the file, which field of an order it is, or none."""

    def __init__(self, file: OrderFile, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.file = file
        fields = {place: field for field, place in files.propose_columns(file).items()}
        choices = [("", _("– leave out –")), *((name, _build_field_label(name)) for name in columns.FIELDS)]
        for place, heading in enumerate(file.headings):
            self.fields[f"column-{place}"] = forms.ChoiceField(
                label=heading, required=False, choices=choices, initial=fields.get(place, ""),
                widget=UnfoldAdminSelectWidget,
            )  # fmt: skip

    def clean(self) -> dict[str, Any]:
        """Gives {field: place} as `columns`."""
        answers: dict[str, Any] = super().clean() or {}
        found: dict[str, int] = {}
        for place in range(len(self.file.headings)):
            name = answers.get(f"column-{place}")
            if name and name in found:
                self.add_error(
                    f"column-{place}", _("Another column is matched with %(name)s already.") % {"name": name}
                )
            elif name:
                found[name] = place
        if not self.errors:
            columns.check_columns(found, self.file.headings)
        return answers | {"columns": found}


def _build_field_label(field: str) -> str:
    return _("%(field)s (required)") % {"field": field} if field in columns.REQUIRED else field


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
        return (
            ", ".join(f"{one['count']} {one['label']}" for one in _count_outcomes(file.outcomes) if one["count"]) or "-"
        )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return OrderFile.objects.visible_to(staff_member(request))

    def has_import_permission(self, request: HttpRequest, object_id: str = "") -> bool:
        return request.user.has_perm("shops.import_orders")

    @action(description=gettext_lazy("Import a CSV file"), permissions=["import"])
    def upload(self, request: HttpRequest) -> HttpResponse:
        """Take the file; nothing of it is an order yet."""
        posted = request.method == "POST"
        form = UploadForm(request.POST if posted else None, request.FILES if posted else None)
        if form.is_bound and form.is_valid():
            upload = form.cleaned_data["file"]
            try:
                file = files.store_file(name=upload.name, content=upload, now=timezone.now(), by=staff_member(request))
            except ValidationError as refusal:
                form.add_error(None, refusal)
            else:
                return HttpResponseRedirect(_get_url(file, "match"))
        return money_page(
            self, request, "admin/shops/order_file_upload.html", _("Import orders from a CSV file"),
            form=form, back=build_changelist_url(OrderFile), required=columns.REQUIRED,
            optional=[field for field in columns.FIELDS if field not in columns.REQUIRED],
        )  # fmt: skip

    @action(description=gettext_lazy("Match the columns"), permissions=["import"])
    def match(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Say which column is which field; then every order is tried, and none is taken."""
        file = self._get_own_waiting_file(request, object_id)
        form = ColumnsForm(file, request.POST if request.method == "POST" else None)
        if form.is_bound and form.is_valid():
            answers = form.cleaned_data["columns"]
            return run_and_redirect(
                request, lambda: files.match_columns(file=file, columns=answers, now=timezone.now()),
                _("Every order of the file was tried. Nothing is stored yet."), _get_url(file),
            )  # fmt: skip
        rows = files.read_sample(file)
        values = ([row[place] for row in rows if row[place]][:2] for place in range(len(file.headings)))
        return money_page(
            self, request, "admin/shops/order_file_columns.html", _("Match the columns"),
            form=form, file=file, fields=list(zip(form, values, strict=True)), back=build_changelist_url(OrderFile),
        )  # fmt: skip

    @action(description=gettext_lazy("Import it"), permissions=["import"])
    def import_orders(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Import what was looked at."""
        file = self._get_own_waiting_file(request, object_id)
        if request.method != "POST":
            return HttpResponseRedirect(_get_url(file))
        digest = request.POST.get("digest", "")
        return run_and_redirect(
            request, lambda: files.import_orders(file=file, digest=digest, now=timezone.now(), by=staff_member(request)),
            _("Every order of the file that is not refused is taken, or about to be."), _get_url(file),
        )  # fmt: skip

    @action(description=gettext_lazy("Discard it"), permissions=["import"])
    def discard(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Forget the file; nothing of it was taken."""
        file = self._get_own_waiting_file(request, object_id)
        if request.method != "POST":
            return HttpResponseRedirect(_get_url(file))
        return run_and_redirect(
            request, lambda: files.discard_file(file=file, now=timezone.now()),
            _("The file is discarded; nothing of it was taken."), build_changelist_url(OrderFile),
        )  # fmt: skip

    @action(description=gettext_lazy("Refusals as CSV"), permissions=["view"])
    def refusals(self, request: HttpRequest, object_id: str) -> StreamingHttpResponse:
        """Every refusal with its row, field and cause."""
        file = get_object_or_404(self.get_queryset(request), pk=object_id)
        rows = file.rejects.values_list("row", "order_id", "field", "heading", "outcome", "cause").iterator()
        headers = {"Content-Disposition": f'attachment; filename="refused-{file.pk}.csv"', "Cache-Control": "no-store"}
        lines = iter_csv_lines(REFUSAL_COLUMNS, rows)
        return StreamingHttpResponse(lines, content_type="text/csv; charset=utf-8", headers=headers)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """What would become of the file, or has become of it."""
        if request.method == "POST" or not self.has_view_permission(request):
            raise PermissionDenied
        file = get_object_or_404(self.get_queryset(request).select_related("uploaded_by"), pk=object_id)
        waits = file.state == State.WAITING
        if waits and not file.columns:
            return HttpResponseRedirect(_get_url(file, "match"))
        refused = list(file.rejects.all()[: MAX_ROWS_SHOWN + 1])
        return money_page(
            self, request, "admin/shops/order_file.html", file.name,
            file=file, outcomes=_count_outcomes(file.expected_outcomes if waits else file.outcomes), refused=refused[:MAX_ROWS_SHOWN],
            more=len(refused) > MAX_ROWS_SHOWN, max_shown=MAX_ROWS_SHOWN, digest=files.compute_digest(file),
            fields=sorted(file.columns, key=file.columns.__getitem__), sample=_build_sample(file) if waits else [],
            can_decide=waits and file.uploaded_by_id == request.user.pk and self.has_import_permission(request),
            rejects=build_changelist_url(Reject, "state__exact=open"), orders=build_changelist_url(Order), back=build_changelist_url(OrderFile),
        )  # fmt: skip

    def _get_own_waiting_file(self, request: HttpRequest, object_id: str | UUID) -> OrderFile:
        """A file that waits for whoever uploaded it; to others, and once it is decided, it is not there."""
        mine = OrderFile.objects.filter(uploaded_by=staff_member(request), state=State.WAITING)
        return get_object_or_404(mine, pk=object_id)


def _get_url(file: OrderFile, to: str = "change") -> str:
    return reverse(f"admin:shops_orderfile_{to}", args=[file.pk])


def _count_outcomes(outcomes: Mapping[str, int]) -> list[dict[str, Any]]:
    return [{"label": word, "count": outcomes.get(outcome.value, 0)} for outcome, word in OUTCOME_LABELS.items()]


def _build_sample(file: OrderFile) -> list[list[str]]:
    """The first rows, the cells of matched columns alone."""
    places = sorted(file.columns.values())
    return [[row[place] for place in places] for row in files.read_sample(file)]


admin.site.unregister(Order)


@admin.register(Order)
class OrderAdmin(orders.OrderAdmin):
    """Orders as tracking shows them, and the way to import some."""

    actions_list = ("import_file",)

    def has_import_permission(self, request: HttpRequest, object_id: str = "") -> bool:
        return request.user.has_perm("shops.import_orders")

    @action(description=gettext_lazy("Import a CSV file"), permissions=["import"])
    def import_file(self, request: HttpRequest) -> HttpResponse:
        """Where files of orders are uploaded."""
        return HttpResponseRedirect(reverse("admin:shops_orderfile_upload"))
