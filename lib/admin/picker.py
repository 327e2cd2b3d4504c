"""A text field of admin forms that suggests rows while one types: a combobox with a script, plain text without."""

from collections.abc import Iterable
from typing import ClassVar, NamedTuple

from django.http import JsonResponse
from django.urls import reverse_lazy
from django.utils.translation import gettext_lazy
from unfold.widgets import UnfoldAdminTextInputWidget


class Suggestion(NamedTuple):
    """A row that `static/picker.js` shows: the text that is put into the field, its name, and what tells it apart."""

    value: str
    label: str
    detail: str


class PickerInput(UnfoldAdminTextInputWidget):  # type: ignore[misc]  # unfold has no types
    """Suggests what the view `url_name` answers to the text typed; with `several`, values separated by commas."""

    class Media:
        css: ClassVar = {"all": ("picker.css",)}
        js = ("picker.js",)

    def __init__(self, url_name: str, *, several: bool = False) -> None:
        attributes = {
            "data-picker": reverse_lazy(url_name),
            "data-none": gettext_lazy("Nothing found."),
            "data-found": gettext_lazy("Suggestions, choose one with the arrow keys:"),
            "autocomplete": "off",
        }
        super().__init__(attrs=attributes | ({"data-several": ""} if several else {}))


def build_picker_response(suggestions: Iterable[Suggestion]) -> JsonResponse:
    """Return the answer that `static/picker.js` reads; it is never stored, because it names people."""
    response = JsonResponse({"suggestions": [one._asdict() for one in suggestions]})
    response["Cache-Control"] = "no-store"
    return response
