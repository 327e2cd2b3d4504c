"""A number input with its unit beside it."""

from typing import Any, ClassVar

from django import forms
from unfold.widgets import INPUT_CLASSES


class UnitInput(forms.NumberInput):
    template_name = "admin/agreements/unit.html"

    class Media:
        css: ClassVar = {"all": ("draft.css",)}

    def __init__(self, unit: Any, attrs: dict[str, Any] | None = None) -> None:
        super().__init__({"class": " ".join(INPUT_CLASSES)} | (attrs or {}))
        self.unit = unit

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        return super().get_context(name, value, attrs) | {"unit": self.unit}
