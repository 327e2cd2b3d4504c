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

from shops.csv_import.columns import OF_THE_CUSTOMER, OF_THE_LINE, OF_THE_ORDER, REQUIRED
from shops.strict_json import NoNumber, Unreadable, parse
from tracking.orders import snapshots

# A row of more lines, or of no form that has fields, is corrected as the text that it is.
MOST_LINES = 50
REMOVED = "(removed)"


def form_for(content: str, posted: Any = None) -> "CorrectForm | TextForm":
    """The form for a row that was kept as `content`; filled with it, or with what was posted."""
    row = _parsed(content)
    if isinstance(row, dict) and isinstance(row.get("lines"), list) and 1 <= len(row["lines"]) <= MOST_LINES:
        lines = row["lines"]
        if all(isinstance(line, dict) for line in lines):
            return CorrectForm(row, posted)
    return TextForm(content, posted)


def pretty(content: str) -> str:
    """A row as it was kept, in lines if it is JSON, without what no page can hold."""
    row = _parsed(content)
    try:
        shown = content if row is None else json.dumps(row, indent=2, ensure_ascii=False, default=_number)
    except RecursionError:
        shown = content
    return shown.encode(errors="backslashreplace").decode()


def _number(value: NoNumber) -> str:
    return value.text


def _parsed(content: str) -> Any:
    try:
        return parse(content)
    except Unreadable:
        return None


class Correcting(forms.Form):
    """What both forms share: a refusal stands beside its field, else above all."""

    def refuse(self, field: str, cause: str) -> None:
        """Show a refusal of intake's."""
        path = self.path_of(field)
        beside = path in self.fields
        self.add_error(path if beside else None, cause if beside or not field else f"{field}: {cause}")

    def path_of(self, field: str) -> str:
        """The form's field that the path of a snapshot names."""
        return field


class TextForm(Correcting):
    """A row that is no snapshot by far: the text of it."""

    row = forms.CharField(label=gettext_lazy("The row, as JSON"), widget=UnfoldAdminTextareaWidget(attrs={"rows": 16}))

    def __init__(self, content: str, posted: Any) -> None:
        super().__init__(posted if posted is not None else {"row": pretty(content)})

    def text(self) -> str:
        """The row as it is to be sent, as JSON."""
        return str(self.cleaned_data["row"])


class CorrectForm(Correcting):
    """A field for each that a snapshot has; their names are the paths that a refusal names."""

    def __init__(self, row: dict[str, Any], posted: Any) -> None:
        self.lines: list[dict[str, Any]] = row["lines"]
        self.unknown = list(_unknown(row))
        self.kept: list[int] = []
        super().__init__(posted if posted is not None else self._values(row))
        for path in OF_THE_ORDER:
            self.fields[path] = _field(path, path)
        for index in range(len(self.lines)):
            for name in OF_THE_LINE:
                self.fields[f"lines[{index}].{name}"] = _field(f"lines[{index}].{name}", name)
            self.fields[f"leave-{index}"] = forms.BooleanField(
                required=False, label=_("Leave this line out"), widget=UnfoldBooleanWidget
            )

    def _values(self, row: dict[str, Any]) -> dict[str, str]:
        customer = row.get("customer") if isinstance(row.get("customer"), dict) else {}
        found = {path: _shown(_at(row, customer or {}, path)) for path in OF_THE_ORDER}
        for index, line in enumerate(self.lines):
            found |= {f"lines[{index}].{name}": _shown(line.get(name)) for name in OF_THE_LINE}
        return found

    def of_the_order(self) -> Iterator[forms.BoundField]:
        return (self[path] for path in OF_THE_ORDER)

    def of_the_lines(self) -> Iterator[tuple[int, list[forms.BoundField]]]:
        for index in range(len(self.lines)):
            names = [*(f"lines[{index}].{name}" for name in OF_THE_LINE), f"leave-{index}"]
            yield index + 1, [self[name] for name in names]

    def path_of(self, field: str) -> str:
        """Lines that were left out count no more in what was refused; they still do here."""
        place, dot, name = field.removeprefix("lines[").partition("]")
        if field.startswith("lines[") and dot and place.isdecimal() and int(place) < len(self.kept):
            return f"lines[{self.kept[int(place)]}]{name}"
        return field

    def text(self) -> str:
        """The row as it is to be sent, as JSON, without the lines that were left out."""
        answers = self.cleaned_data
        self.kept = [index for index in range(len(self.lines)) if not answers[f"leave-{index}"]]
        of_the_order = [path for path in OF_THE_ORDER if path not in OF_THE_CUSTOMER]
        row: dict[str, Any] = _filled({path: answers[path] for path in of_the_order})
        row["customer"] = {path.removeprefix("customer."): _value(path, answers[path]) for path in OF_THE_CUSTOMER}
        row["lines"] = [
            _filled({name: answers[f"lines[{index}].{name}"] for name in OF_THE_LINE}) for index in self.kept
        ]
        return json.dumps(row)


def _filled(answers: dict[str, str]) -> dict[str, Any]:
    """The values of the fields; one that is required and empty is left out, so that it is refused as such."""
    values = {name: _value(name, text) for name, text in answers.items()}
    return {name: value for name, value in values.items() if value is not None or name not in REQUIRED}


def _field(path: str, name: str) -> forms.Field:
    if path == "status":
        choices = [(status, status) for status in snapshots.STATUSES]
        return forms.CharField(
            required=False, label=name, widget=UnfoldAdminSelectWidget(choices=[("", "–"), *choices])
        )
    return forms.CharField(required=False, label=name, strip=False, widget=UnfoldAdminTextInputWidget)


def _at(row: dict[str, Any], customer: dict[str, Any], path: str) -> Any:
    return customer.get(path.removeprefix("customer.")) if path in OF_THE_CUSTOMER else row.get(path)


def _shown(value: Any) -> str:
    """A value as it stands in its field; what is no single value as JSON, and nothing for what was taken out."""
    if value is None or value == REMOVED:
        return ""
    try:
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=_number)
    except RecursionError:
        text = ""
    # Neither a page nor a form can hold these.
    return text.replace("\0", "\ufffd").encode(errors="replace").decode()


def _value(path: str, text: str) -> str | int | None:
    if not text.strip():
        return None
    if path == "quantity" and text.strip().isascii() and text.strip().isdigit() and len(text.strip()) <= 18:
        return int(text)
    return text


def _unknown(row: dict[str, Any]) -> Iterator[str]:
    """Keys that no snapshot has: they are left out."""
    yield from (key for key in row if key not in snapshots.KEYS)
    customer = row.get("customer")
    if isinstance(customer, dict):
        yield from (f"customer.{key}" for key in customer if key not in snapshots.CUSTOMER_KEYS)
    for index, line in enumerate(row["lines"]):
        yield from (f"lines[{index}].{key}" for key in line if key not in snapshots.LINE_KEYS)
