"""The pages of an import from a CSV file: upload, mapping of the columns, preview, confirmation.

One component for the imports whose files are `Upload` rows; each import says what is its own in a `CsvImport`.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from itertools import islice
from typing import Any, NamedTuple, Protocol

from django import forms
from django.contrib import messages
from django.contrib.admin import ModelAdmin
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from unfold.widgets import UnfoldAdminFileFieldWidget

from accounts.staff import staff_member
from lib import csv_columns
from lib.admin.column_form import build_columns_form
from lib.csv import CsvTable, collect_rows, read_table
from lib.csv_columns import ColumnMapping, Layout
from lib.errors import NotAllowed
from payouts.admin.bases import money_page
from payouts.disbursement import uploads
from payouts.models import Upload

SAMPLE_ROWS = 5
MAX_ROWS_SHOWN = 1000
MAX_PROBLEMS_SHOWN = 200


class Preview(NamedTuple):
    """What an import of the file would do.

    `rows` are shown under `headings`; `problems` are (line, field, cause). `outcome` is what the confirmation is bound
    to. The file can be imported if `is_importable`. `remarks` are sentences above the rows.
    """

    summary: str
    headings: Sequence[str]
    rows: Sequence[Sequence[object]]
    problems: Sequence[tuple[int, str, str]]
    outcome: object
    is_importable: bool
    remarks: Sequence[str] = ()


class CsvImport(Protocol):
    """An import of one kind of file."""

    kind: Upload.Kind
    layout: Layout
    title: str
    explanation: str
    button: str
    back: str

    def build_form(self, posted: Any) -> forms.Form:
        """Return the form of what the import asks beside the file."""

    def preview(self, content: bytes, mapping: ColumnMapping) -> Preview:
        """Return what the import would do. Raises ValidationError if the file cannot be read."""

    def run(self, request: HttpRequest, content: bytes, mapping: ColumnMapping, answers: dict[str, Any]) -> str:
        """Import the file and return what was done. Raises ValidationError, also for fields of the form."""


class UploadForm(forms.Form):
    # Unfold's script expects the markup of its own widget around each file input.
    file = forms.FileField(
        label=gettext_lazy("CSV file"), allow_empty_file=True, widget=UnfoldAdminFileFieldWidget,
        error_messages={"required": gettext_lazy("Choose a file.")},
    )  # fmt: skip


def serve_import(model_admin: ModelAdmin[Any], request: HttpRequest, job: CsvImport) -> HttpResponse:
    """Serve the page that the query names: `file` is the upload, `step=columns` its mapping. Else the upload form."""
    if "file" not in request.GET:
        return _serve_upload(model_admin, request, job)
    upload = uploads.find_upload(kind=job.kind, pk=request.GET["file"], by=staff_member(request))
    if upload is None:
        raise Http404
    if request.method == "POST" and "discard" in request.POST:
        upload.delete()
        messages.success(request, _("Upload deleted. Nothing was imported."))
        return HttpResponseRedirect(request.path)
    try:
        content = uploads.read_upload(upload)
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
        return HttpResponseRedirect(request.path)
    table = read_table(io.BytesIO(content))
    if not upload.columns or request.GET.get("step") == "columns":
        return _serve_columns(model_admin, request, job, upload, table)
    return _serve_preview(model_admin, request, job, upload, content, table.headings)


def _serve_upload(model_admin: ModelAdmin[Any], request: HttpRequest, job: CsvImport) -> HttpResponse:
    posted = request.method == "POST"
    form = UploadForm(request.POST if posted else None, request.FILES if posted else None)
    if form.is_bound and form.is_valid():
        file, by = form.cleaned_data["file"], staff_member(request)
        try:
            upload = uploads.store_upload(kind=job.kind, name=file.name, content=file, now=timezone.now(), by=by)
        except ValidationError as error:
            form.add_error(None, error)
        else:
            return HttpResponseRedirect(f"{request.path}?file={upload.pk}&step=columns")
    return money_page(
        model_admin, request, "admin/csv/upload.html", job.title,
        form=form, job=job, back=job.back, fields=job.layout.fields,
        presets=[(each.label, job.layout.list_required(each)) for each in job.layout.presets],
    )  # fmt: skip


def _serve_columns(
    model_admin: ModelAdmin[Any], request: HttpRequest, job: CsvImport, upload: Upload, table: CsvTable
) -> HttpResponse:
    headings = table.headings
    form = build_columns_form(request, job.layout, headings, uploads.get_mapping(upload, job.layout, headings))
    if form.is_bound and form.is_valid():
        mapping = form.cleaned_data["mapping"]
        uploads.set_mapping(upload=upload, mapping=mapping, layout=job.layout, headings=headings)
        return HttpResponseRedirect(f"{request.path}?file={upload.pk}")
    return money_page(
        model_admin, request, "admin/csv/columns.html", _("Map columns"),
        form=form, upload=upload, columns=form.list_columns(_read_sample(table)),
        back=request.path,
    )  # fmt: skip


def _serve_preview(
    model_admin: ModelAdmin[Any], request: HttpRequest, job: CsvImport, upload: Upload, content: bytes,
    headings: list[str],
) -> HttpResponse:  # fmt: skip
    mapping = uploads.get_mapping(upload, job.layout, headings)
    is_confirmed = request.method == "POST" and "confirm" in request.POST
    form = job.build_form(request.POST if is_confirmed else None)
    if is_confirmed and form.is_valid():
        try:
            done = _confirm(request, job, upload, mapping, form.cleaned_data)
        except ValidationError as error:
            _add_errors(form, error)
        except NotAllowed as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, done)
            return HttpResponseRedirect(job.back)
    notes = csv_columns.describe_mapping(job.layout, mapping, headings)
    context: dict[str, Any] = {
        "form": form, "job": job, "upload": upload, "notes": notes, "back": job.back,
        "mapping_url": f"{request.path}?file={upload.pk}&step=columns",
    }  # fmt: skip
    try:
        preview = job.preview(content, mapping)
    except ValidationError as error:
        context |= {"error": " ".join(error.messages)}
    else:
        context |= {
            "preview": preview, "digest": uploads.compute_digest(upload, preview.outcome),
            "fields": preview.headings, "sample": preview.rows[:MAX_ROWS_SHOWN],
            "rows_title": _describe_rows(len(preview.rows)),
            "more_rows": max(0, len(preview.rows) - MAX_ROWS_SHOWN), "problems": preview.problems[:MAX_PROBLEMS_SHOWN],
            "more_problems": max(0, len(preview.problems) - MAX_PROBLEMS_SHOWN),
        }  # fmt: skip
    return money_page(model_admin, request, "admin/csv/preview.html", job.title, **context)


def _describe_rows(number: int) -> str:
    """Return the heading of the rows that are shown: whether these are all."""
    if number > MAX_ROWS_SHOWN:
        text = _("The first %(shown)s of %(number)s rows as they will be imported")
        return text % {"shown": f"{MAX_ROWS_SHOWN:,}", "number": f"{number:,}"}
    text = ngettext("The only row, as it will be imported", "All %(number)s rows as they will be imported", number)
    return text % {"number": f"{number:,}"}


def _confirm(
    request: HttpRequest, job: CsvImport, upload: Upload, mapping: ColumnMapping, answers: dict[str, Any]
) -> str:
    """Import the file once, exactly as it was previewed, and delete it."""
    with transaction.atomic():
        locked = uploads.find_upload(kind=job.kind, pk=str(upload.pk), by=staff_member(request), lock=True)
        if locked is None:
            raise NotAllowed(_("This file has already been imported or discarded."))
        content = uploads.read_upload(locked)
        preview = job.preview(content, mapping)
        uploads.check_digest(locked, preview.outcome, request.POST.get("digest", ""))
        done = job.run(request, content, mapping, answers)
        locked.delete()
    return done


def _add_errors(form: forms.Form, error: ValidationError) -> None:
    """Add the errors of an import to its form, those of fields that it does not have at the top."""
    if not hasattr(error, "error_dict"):
        form.add_error(None, error)
        return
    for field, errors in error.error_dict.items():
        form.add_error(field if field in form.fields else None, errors)


def _read_sample(table: CsvTable) -> list[list[str]]:
    """Return the first rows; a row that cannot be read is named by the preview."""
    sample = CsvTable(table.headings, islice(table.rows, SAMPLE_ROWS))
    return [row.cells for row in collect_rows(sample)[0]]
