"""The form in which staff correct a refused row: a field for each of a snapshot's, with the refusal beside the one it names."""

import json
from collections.abc import Iterator
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.widgets import (
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanWidget,
)

from shops.csv_import.columns import CUSTOMER_FIELDS, LINE_FIELDS, ORDER_FIELDS, REQUIRED
from shops.strict_json import InvalidNumber, UnreadableInput, parse_json
from tracking.orders import snapshots

# A row of more lines, or of no form that has fields, is corrected as the text that it is.
MAX_LINES = 50
REMOVED = "(removed)"


def build_reject_form(content: str, posted: Any = None) -> "SnapshotRejectForm | RawRejectForm":
    """The form for a row that was kept as `content`; filled with it, or with what was posted."""
    row = _parse_row(content)
    if isinstance(row, dict) and isinstance(row.get("lines"), list) and 1 <= len(row["lines"]) <= MAX_LINES:
        lines = row["lines"]
        if all(isinstance(line, dict) for line in lines):
            return SnapshotRejectForm(row, posted)
    return RawRejectForm(content, posted)


def format_row(content: str) -> str:
    """A row as it was kept, in lines if it is JSON, without what no page can hold."""
    row = _parse_row(content)
    try:
        shown = content if row is None else json.dumps(row, indent=2, ensure_ascii=False, default=_format_number)
    except RecursionError:
        shown = content
    return shown.encode(errors="backslashreplace").decode()


def _format_number(value: InvalidNumber) -> str:
    return value.text


def _parse_row(content: str) -> Any:
    try:
        return parse_json(content)
    except UnreadableInput:
        return None


class RejectForm(forms.Form):
    """What both forms share: a refusal stands beside its field, else above all."""

    def add_rejection(self, field: str, cause: str) -> None:
        """Show a refusal of intake's."""
        path = self.get_field_name(field)
        beside = path in self.fields
        self.add_error(path if beside else None, cause if beside or not field else f"{field}: {cause}")

    def get_field_name(self, field: str) -> str:
        """The form's field that the path of a snapshot names."""
        return field


class RawRejectForm(RejectForm):
    """A row that is no snapshot by far: the text of it."""

    row = forms.CharField(label=gettext_lazy("The row, as JSON"), widget=UnfoldAdminTextareaWidget(attrs={"rows": 16}))

    def __init__(self, content: str, posted: Any) -> None:
        super().__init__(posted if posted is not None else {"row": format_row(content)})

    def to_json(self) -> str:
        """The row as it is to be sent, as JSON."""
        return str(self.cleaned_data["row"])


class SnapshotRejectForm(RejectForm):
    """A field for each that a snapshot has; their names are the paths that a refusal names."""

    def __init__(self, row: dict[str, Any], posted: Any) -> None:
        self.lines: list[dict[str, Any]] = row["lines"]
        self.unknown_keys = list(_list_unknown_keys(row))
        self.kept_indexes: list[int] = []
        super().__init__(posted if posted is not None else self._build_initial(row))
        for path in ORDER_FIELDS:
            self.fields[path] = _build_field(path, path)
        for index in range(len(self.lines)):
            for name in LINE_FIELDS:
                self.fields[f"lines[{index}].{name}"] = _build_field(f"lines[{index}].{name}", name)
            self.fields[f"omit-{index}"] = forms.BooleanField(
                required=False, label=_("Leave this line out"), widget=UnfoldBooleanWidget
            )

    def _build_initial(self, row: dict[str, Any]) -> dict[str, str]:
        customer = row.get("customer") if isinstance(row.get("customer"), dict) else {}
        found = {path: _format_value(_get_value(row, customer or {}, path)) for path in ORDER_FIELDS}
        for index, line in enumerate(self.lines):
            found |= {f"lines[{index}].{name}": _format_value(line.get(name)) for name in LINE_FIELDS}
        return found

    def iter_order_fields(self) -> Iterator[forms.BoundField]:
        return (self[path] for path in ORDER_FIELDS)

    def line_fields(self) -> Iterator[tuple[int, list[forms.BoundField]]]:
        for index in range(len(self.lines)):
            names = [*(f"lines[{index}].{name}" for name in LINE_FIELDS), f"omit-{index}"]
            yield index + 1, [self[name] for name in names]

    def get_field_name(self, field: str) -> str:
        """Lines that were left out count no more in what was refused; they still do here."""
        place, dot, name = field.removeprefix("lines[").partition("]")
        if field.startswith("lines[") and dot and place.isdecimal() and int(place) < len(self.kept_indexes):
            return f"lines[{self.kept_indexes[int(place)]}]{name}"
        return field

    def to_json(self) -> str:
        """The row as it is to be sent, as JSON, without the lines that were left out."""
        answers = self.cleaned_data
        self.kept_indexes = [index for index in range(len(self.lines)) if not answers[f"omit-{index}"]]
        of_the_order = [path for path in ORDER_FIELDS if path not in CUSTOMER_FIELDS]
        row: dict[str, Any] = _build_values({path: answers[path] for path in of_the_order})
        row["customer"] = {
            path.removeprefix("customer."): _parse_value(path, answers[path]) for path in CUSTOMER_FIELDS
        }
        row["lines"] = [
            _build_values({name: answers[f"lines[{index}].{name}"] for name in LINE_FIELDS})
            for index in self.kept_indexes
        ]
        return json.dumps(row)


def _build_values(answers: dict[str, str]) -> dict[str, Any]:
    """The values of the fields; one that is required and empty is left out, so that it is refused as such."""
    values = {name: _parse_value(name, text) for name, text in answers.items()}
    return {name: value for name, value in values.items() if value is not None or name not in REQUIRED}


def _build_field(path: str, name: str) -> forms.Field:
    if path == "status":
        choices = [(status, status) for status in snapshots.STATUSES]
        return forms.CharField(
            required=False, label=name, widget=UnfoldAdminSelectWidget(choices=[("", "–"), *choices])
        )
    return forms.CharField(required=False, label=name, strip=False, widget=UnfoldAdminTextInputWidget)


def _get_value(row: dict[str, Any], customer: dict[str, Any], path: str) -> Any:
    return customer.get(path.removeprefix("customer.")) if path in CUSTOMER_FIELDS else row.get(path)


def _format_value(value: Any) -> str:
    """A value as it stands in its field; what is no single value as JSON, and nothing for what was taken out."""
    if value is None or value == REMOVED:
        return ""
    try:
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=_format_number)
    except RecursionError:
        text = ""
    # Neither a page nor a form can hold these.
    return text.replace("\0", "\ufffd").encode(errors="replace").decode()


def _parse_value(path: str, text: str) -> str | int | None:
    if not text.strip():
        return None
    if path == "quantity" and text.strip().isascii() and text.strip().isdigit() and len(text.strip()) <= 18:
        return int(text)
    return text


def _list_unknown_keys(row: dict[str, Any]) -> Iterator[str]:
    """Keys that no snapshot has: they are left out."""
    yield from (key for key in row if key not in snapshots.KEYS)
    customer = row.get("customer")
    if isinstance(customer, dict):
        yield from (f"customer.{key}" for key in customer if key not in snapshots.CUSTOMER_KEYS)
    for index, line in enumerate(row["lines"]):
        yield from (f"lines[{index}].{key}" for key in line if key not in snapshots.LINE_KEYS)
