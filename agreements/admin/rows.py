"""The rows of a draft in the order chosen by staff, by dragging or by position number."""

from typing import Any

from django import forms
from django.http import HttpRequest
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy

from agreements.admin import draft_problems
from agreements.models import AgreementVersion


class DraftInlineMixin:
    """Make the rows of an inline editable in a draft and read-only in a published version."""

    def has_add_permission(self, request: HttpRequest, obj: AgreementVersion | None = None) -> bool:
        return self._can_edit(request, obj)

    def has_change_permission(self, request: HttpRequest, obj: AgreementVersion | None = None) -> bool:
        return self._can_edit(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: AgreementVersion | None = None) -> bool:
        return self._can_edit(request, obj)

    def has_view_permission(self, request: HttpRequest, obj: AgreementVersion | None = None) -> bool:
        return request.user.has_perm("agreements.view_agreementversion") or self._can_edit(request, obj)

    def get_extra(self, request: HttpRequest, obj: AgreementVersion | None = None, **kwargs: Any) -> int:
        return 1 if self._can_edit(request, obj) else 0  # the only way to add a row without JavaScript

    def _can_edit(self, request: HttpRequest, obj: AgreementVersion | None) -> bool:
        draft = obj is None or obj.published_at is None
        return draft and request.user.has_perm("agreements.change_agreementversion")


class RowForm(forms.ModelForm):  # type: ignore[type-arg]  # generic for the type checker only
    """A row with its position; the formset decides the position of a new row without one."""

    position = forms.IntegerField(
        label=gettext_lazy("Position"),
        required=False,
        min_value=0,
        max_value=9999,
        widget=forms.NumberInput(attrs={"class": "place", "inputmode": "numeric"}),
    )
    # The problems of this row that keep the version from being published; set by the formset.
    problems: tuple[str, ...] = ()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **(kwargs | {"label_suffix": ""}))
        self.stored_position: int | None = None if self.instance._state.adding else self.instance.position
        self.initial["position"] = self.stored_position

    def clean_position(self) -> int:
        """Return the requested position, or else the stored one."""
        position: int | None = self.cleaned_data["position"]
        self.requested_position = self.stored_position if position is None else position
        return self.requested_position or 0


def _get_position_key(form: RowForm) -> tuple[int, int]:
    """Sort a row that moves up before the row already at that position, and one that moves down after it."""
    requested, stored = form.requested_position, form.stored_position
    assert requested is not None
    return requested, 1 if requested == stored else 0 if stored is None or requested < stored else 2


class RowFormSet(forms.BaseInlineFormSet):  # type: ignore[type-arg]  # generic for the type checker only
    """The rows of one version."""

    def get_queryset(self) -> Any:
        if not hasattr(self, "_queryset"):
            for row in super().get_queryset():
                row.agreement = self.instance  # saves a query per row
        return super().get_queryset()

    def add_fields(self, form: Any, index: int | None) -> None:
        super().add_fields(form, index)
        form.problems = (
            () if form.instance._state.adding else draft_problems.list_row_causes(self.instance, form.instance.pk)
        )

    @property
    def part_problems(self) -> tuple[str, ...]:
        """The problems of the rows as a whole."""
        return draft_problems.list_causes(self.instance, str(self.prefix))

    def save(self, commit: bool = True) -> Any:
        saved = super().save(commit=commit)
        moved = []
        for position, row in enumerate(self.ordered_rows, 1):
            if row.position != position:
                row.position = position
                moved.append(row)
        self.get_queryset().model.objects.bulk_update(moved, ["position"])
        return saved

    @cached_property
    def ordered_rows(self) -> list[Any]:
        """The rows that are not deleted, in the requested order; `get_insert_index` places those without a position."""
        kept: list[Any] = [form for form in self.forms if form not in self.deleted_forms]
        kept = [form for form in kept if form.has_changed() or not form.instance._state.adding]
        rows = [
            form.instance
            for form in sorted((f for f in kept if f.requested_position is not None), key=_get_position_key)
        ]
        for form in kept:
            if form.requested_position is None:
                rows.insert(self.get_insert_index(form.instance, rows), form.instance)
        return rows

    def get_insert_index(self, row: Any, rows: list[Any]) -> int:
        """Return the index for a new row without a position: the end."""
        return len(rows)
