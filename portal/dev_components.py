"""/dev/components/: each component of templates/components/ with sample data, to be looked at while DEBUG is on.

To add one, write templates/dev_components/NAME.html and a line in COMPONENTS.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from types import SimpleNamespace
from typing import Any, NamedTuple

import django_tables2 as tables
from django import forms
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path

from lib.admin.picker import PickerInput, Suggestion, build_picker_response
from lib.components import TONES
from lib.typed import Table
from payouts.filters import ActiveFilter
from payouts.tables import AmountColumn, place

app_name = "dev_components"
_AT = datetime(2026, 11, 3, 14, 5, tzinfo=UTC)


class Component(NamedTuple):
    """A component and what builds the sample data of its page."""

    title: str
    build_context: Callable[[HttpRequest], dict[str, Any]] = lambda _request: {}


class _SampleForm(forms.Form):
    order = forms.CharField(label="Order number", required=False, max_length=64)
    state = forms.ChoiceField(label="State", choices=[("", "all"), ("held", "held")], required=False)
    sort = forms.ChoiceField(label="Sort", choices=[("-placed", "newest first"), ("placed", "oldest first")])


class _SampleTable(Table):
    order = tables.Column(verbose_name="Order", orderable=False, attrs=place("title"), footer="Total")
    placed = tables.TemplateColumn("{{ record.placed|moment }}", verbose_name="Placed", attrs=place("date"))
    state = tables.TemplateColumn("{% status record.state %}", verbose_name="State", attrs=place("state"))
    amount = AmountColumn("Commission", "key", footer="8.75")

    class Meta:
        attrs = {"class": "table compact"}

    has_amounts = True


class _SamplePickerForm(forms.Form):
    affiliate = forms.CharField(label="Affiliate", required=False, help_text="Code, e-mail address or name.")
    affiliates = forms.CharField(label="Affiliates", required=False, help_text="Several, separated by commas.")

    def __init__(self) -> None:
        super().__init__()
        self.fields["affiliate"].widget = PickerInput("dev_components:suggest")
        self.fields["affiliates"].widget = PickerInput("dev_components:suggest", several=True)


_SUGGESTIONS = (
    Suggestion("AC01A2", "Anna Ackers", "AC01A2 · anna@example.org · active"),
    Suggestion("AC7B31", "Annika Berg", "AC7B31 · annika@example.org · suspended"),
    Suggestion("D6B6F0", "Ben Bower", "D6B6F0 · ben@example.org · applied"),
)


def _build_error_summary(_request: HttpRequest) -> dict[str, Any]:
    return {"form": _SampleForm({"order": "x" * 65, "state": "lost"})}


def _build_table(request: HttpRequest) -> dict[str, Any]:
    rows = [
        {"order": f"JP-2395{number}", "placed": _AT - timedelta(days=number), "state": state, "amount": Decimal(amount)}
        for number, (state, amount) in enumerate([("pending", "5.00"), ("held", "3.75"), ("void", "0.00")])
    ]
    table = _SampleTable(rows)
    sort = request.GET.get("sort", "")
    table.order_by = sort if sort.lstrip("-") in table.columns.names() else "-placed"
    return {
        "form": _SampleForm(initial={"sort": "-placed"}),
        "address": request.path,
        "csv_address": request.path,
        "is_filtered": True,
        "table": table,
        "older": "sample",
        "active_filters": [
            ActiveFilter("State", "held", "category=home-decor", finds_nothing=True),
            ActiveFilter("Category", "Home decor", "state=held", finds_nothing=False),
        ],
    }


def _build_status(_request: HttpRequest) -> dict[str, Any]:
    return {"tones": {tone: sorted(statuses) for tone, statuses in TONES.items()}}


def _build_confirmation(_request: HttpRequest) -> dict[str, Any]:
    amounts = {"Anna Ackers (AC01A2)": Decimal("120.00"), "Ben Bower (D6B6F0)": Decimal("54.20")}
    rows = [{"name": name, "amount": amount} for name, amount in amounts.items()]
    return {"rows": rows, "total": sum(amounts.values())}


def _build_timeline(_request: HttpRequest) -> dict[str, Any]:
    entries = [
        SimpleNamespace(title="Notice", at=_AT, actor="staff", text="Orders of your own household."),
        SimpleNamespace(title="Reply", at=_AT + timedelta(days=2), actor="you", text=""),
        SimpleNamespace(title="Decision due", at=_AT + timedelta(days=30), actor="", text="", is_later=True),
    ]
    return {"entries": entries}


def _build_difference(_request: HttpRequest) -> dict[str, Any]:
    pieces = [("same", "We pay within "), ("removed", "14 days"), ("added", "7 days"), ("same", " of the close.")]
    return {"pieces": [{"kind": kind, "text": text} for kind, text in pieces]}


def _build_picker(_request: HttpRequest) -> dict[str, Any]:
    return {"form": _SamplePickerForm()}


def _build_empty_states(request: HttpRequest) -> dict[str, Any]:
    return {name: value for name, value in _build_table(request).items() if name in ("active_filters", "address")}


COMPONENTS = {
    "copy-field": Component("Copy field"),
    "error-summary": Component("Error summary", _build_error_summary),
    "table": Component("Table with search, sort, filters and export", _build_table),
    "empty-states": Component("Empty states", _build_empty_states),
    "status": Component("Status", _build_status),
    "figure-card": Component("Figure card"),
    "explanation": Component("Explanation"),
    "picker": Component("Picker", _build_picker),
    "confirmation": Component("Confirmation with names and sums", _build_confirmation),
    "timeline": Component("Timeline", _build_timeline),
    "difference": Component("Difference", _build_difference),
}


def list_components(request: HttpRequest) -> HttpResponse:
    """List the components."""
    return render(request, "dev_components/list.html", {"components": COMPONENTS})


def show_component(request: HttpRequest, name: str) -> HttpResponse:
    """Show a component with sample data."""
    component = COMPONENTS.get(name)
    if component is None:
        raise Http404
    context = {"title": component.title} | component.build_context(request)
    return render(request, f"dev_components/{name.replace('-', '_')}.html", context)


def suggest(request: HttpRequest) -> HttpResponse:
    """Suggest sample rows to the picker."""
    typed = request.GET.get("q", "").strip().casefold()
    return build_picker_response(one for one in _SUGGESTIONS if typed and typed in one.detail + one.label.casefold())


urlpatterns = [
    path("", list_components, name="list"),
    path("picker/suggestions/", suggest, name="suggest"),
    path("<slug:name>/", show_component, name="component"),
]
