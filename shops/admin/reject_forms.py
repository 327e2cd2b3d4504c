"""The form in which staff correct a rejected row: one field per snapshot field, with the cause beside its field."""

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

# A row with more lines, or one that is not shaped like a snapshot, is corrected as JSON text.
MAX_LINES = 50
REMOVED = "(removed)"


def build_reject_form(content: str, posted: Any = None) -> "SnapshotRejectForm | RawRejectForm":
    """Return the form for a row stored as `content`, filled with `posted` if given, else with the row."""
    row = _parse_row(content)
    if isinstance(row, dict) and isinstance(row.get("lines"), list) and 1 <= len(row["lines"]) <= MAX_LINES:
        lines = row["lines"]
        if all(isinstance(line, dict) for line in lines):
            return SnapshotRejectForm(row, posted)
    return RawRejectForm(content, posted)


def format_row(content: str) -> str:
    """Return a stored row as text for a page: indented if it is JSON, with lone surrogates escaped."""
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
    """The base of both forms: an error is shown beside its field if the form has it, else at the top."""

    def add_rejection(self, field: str, cause: str) -> None:
        path = self.get_field_name(field)
        has_field = path in self.fields
        self.add_error(path if has_field else None, cause if has_field or not field else f"{field}: {cause}")

    def get_field_name(self, field: str) -> str:
        """Return the name of the form field for a snapshot path."""
        return field


class RawRejectForm(RejectForm):
    """The form for a row that is not shaped like a snapshot: its text."""

    row = forms.CharField(label=gettext_lazy("Row as JSON"), widget=UnfoldAdminTextareaWidget(attrs={"rows": 16}))

    def __init__(self, content: str, posted: Any) -> None:
        super().__init__(posted if posted is not None else {"row": format_row(content)})

    def to_json(self) -> str:
        """Return the corrected row."""
        return str(self.cleaned_data["row"])


class SnapshotRejectForm(RejectForm):
    """The form for a snapshot; its field names are the paths that a rejection names."""

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
                required=False, label=_("Remove this line"), widget=UnfoldBooleanWidget
            )

    def _build_initial(self, row: dict[str, Any]) -> dict[str, str]:
        customer = row.get("customer") if isinstance(row.get("customer"), dict) else {}
        initial = {path: _format_value(_get_value(row, customer or {}, path)) for path in ORDER_FIELDS}
        for index, line in enumerate(self.lines):
            initial |= {f"lines[{index}].{name}": _format_value(line.get(name)) for name in LINE_FIELDS}
        return initial

    def list_order_fields(self) -> Iterator[forms.BoundField]:
        return (self[path] for path in ORDER_FIELDS)

    def list_line_fields(self) -> Iterator[tuple[int, list[forms.BoundField]]]:
        for index in range(len(self.lines)):
            names = [*(f"lines[{index}].{name}" for name in LINE_FIELDS), f"omit-{index}"]
            yield index + 1, [self[name] for name in names]

    def get_field_name(self, field: str) -> str:
        # A rejection counts only the lines that were sent; the form also has the removed ones.
        index, dot, name = field.removeprefix("lines[").partition("]")
        if field.startswith("lines[") and dot and index.isdecimal() and int(index) < len(self.kept_indexes):
            return f"lines[{self.kept_indexes[int(index)]}]{name}"
        return "coupons" if field.startswith("coupons[") else field

    def to_json(self) -> str:
        """Return the corrected row without the removed lines."""
        values = self.cleaned_data
        self.kept_indexes = [index for index in range(len(self.lines)) if not values[f"omit-{index}"]]
        order_paths = [path for path in ORDER_FIELDS if path not in CUSTOMER_FIELDS]
        row: dict[str, Any] = _build_values({path: values[path] for path in order_paths})
        row["customer"] = {path.removeprefix("customer."): _parse_value(path, values[path]) for path in CUSTOMER_FIELDS}
        row["lines"] = [
            _build_values({name: values[f"lines[{index}].{name}"] for name in LINE_FIELDS})
            for index in self.kept_indexes
        ]
        return json.dumps(row)


def _build_values(texts: dict[str, str]) -> dict[str, Any]:
    """Return the values of the fields without empty required ones, so that intake reports these as missing."""
    values = {name: _parse_value(name, text) for name, text in texts.items()}
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
    """Return the text of a value in its field: a list or object as JSON, and "" for a removed value."""
    if value is None or value == REMOVED:
        return ""
    try:
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=_format_number)
    except RecursionError:
        text = ""
    # Pages and forms cannot hold NUL and lone surrogates.
    return text.replace("\0", "\ufffd").encode(errors="replace").decode()


def _parse_value(path: str, text: str) -> str | int | list[Any] | None:
    if not text.strip():
        return None
    if path == "coupons":
        codes = _parse_row(text)
        return codes if isinstance(codes, list) else text.split(",")
    if path == "quantity" and text.strip().isascii() and text.strip().isdigit() and len(text.strip()) <= 18:
        return int(text)
    return text


def _list_unknown_keys(row: dict[str, Any]) -> Iterator[str]:
    yield from (key for key in row if key not in snapshots.KEYS)
    customer = row.get("customer")
    if isinstance(customer, dict):
        yield from (f"customer.{key}" for key in customer if key not in snapshots.CUSTOMER_KEYS)
    for index, line in enumerate(row["lines"]):
        yield from (f"lines[{index}].{key}" for key in line if key not in snapshots.LINE_KEYS)
