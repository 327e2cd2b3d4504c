"""The form in which staff choose which column of a CSV file holds which field, the same for every import."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.widgets import UnfoldAdminSelectWidget

from lib.csv_columns import ColumnMapping, Field, Layout, check_mapping, guess_columns

MAX_VALUES_SHOWN = 2


class ColumnsForm(forms.Form):
    """A choice for each column of the file: the field that it holds, or none; and of the export that it comes from."""

    def __init__(
        self, layout: Layout, headings: Sequence[str], mapping: ColumnMapping, posted: Any = None, **kwargs: Any
    ) -> None:
        super().__init__(posted, **kwargs)
        self.layout, self.headings = layout, headings
        self.proposed_preset = mapping.preset.name if mapping.preset else ""
        if layout.presets:
            presets = [("", _("– no preset –")), *((preset.name, preset.label) for preset in layout.presets)]
            self.fields["preset"] = forms.ChoiceField(
                label=gettext_lazy("Preset"), required=False, choices=presets,
                initial=self.proposed_preset, widget=UnfoldAdminSelectWidget,
            )  # fmt: skip
        fields = {index: name for name, index in mapping.columns.items()}
        choices = [("", _("– skip this column –"))]
        choices += [(field.name, self._build_label(field, mapping)) for field in layout.fields]
        for index, heading in enumerate(headings):
            if heading:
                self.fields[f"column-{index}"] = forms.ChoiceField(
                    label=heading, required=False, choices=choices, initial=fields.get(index, ""),
                    widget=UnfoldAdminSelectWidget,
                )  # fmt: skip

    def _build_label(self, field: Field, mapping: ColumnMapping) -> str:
        if self.layout.is_required(field, mapping.preset):
            return _("%(field)s (required)") % {"field": field.name}
        return field.name

    def clean(self) -> dict[str, Any]:
        """Add the ColumnMapping as `mapping`."""
        values: dict[str, Any] = super().clean() or {}
        columns: dict[str, int] = {}
        for index in range(len(self.headings)):
            field = values.get(f"column-{index}")
            if field and field in columns:
                error = _("Another column is already mapped to %(name)s.") % {"name": field}
                self.add_error(f"column-{index}", error)
            elif field:
                columns[field] = index
        # The preset stays as proposed unless another was posted.
        preset = values.get("preset") if "preset" in self.data else self.proposed_preset
        mapping = ColumnMapping(columns, self.layout.get_preset(preset or ""))
        if not self.errors:
            check_mapping(self.layout, mapping, self.headings)
        return values | {"mapping": mapping}

    def list_columns(self, rows: Sequence[Sequence[str]]) -> list[tuple[forms.BoundField, list[str]]]:
        """Return the choice for each column, with its values in the first rows."""
        return [
            (self[f"column-{index}"], [row[index] for row in rows if row[index]][:MAX_VALUES_SHOWN])
            for index, heading in enumerate(self.headings)
            if heading
        ]


def build_columns_form(
    request: HttpRequest, layout: Layout, headings: Sequence[str], mapping: ColumnMapping
) -> ColumnsForm:
    """Return the form as posted, or with the columns of another preset if that was asked for, or as proposed."""
    if request.method != "POST":
        return ColumnsForm(layout, headings, mapping)
    if "apply-preset" in request.POST:
        preset = layout.get_preset(request.POST.get("preset", ""))
        return ColumnsForm(layout, headings, ColumnMapping(guess_columns(layout, headings, preset), preset))
    return ColumnsForm(layout, headings, mapping, request.POST)
