"""The rows of a draft in the order in which staff put them: by dragging, or by the number of the place alone."""

from typing import Any

from django import forms
from django.http import HttpRequest
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy

from agreements.admin import draft_problems
from agreements.models import AgreementVersion


class DraftInlineMixin:
    """Mixed into an inline: rows may be changed while their version is a draft, and only be read once it is published."""

    def has_add_permission(self, request: HttpRequest, obj: AgreementVersion | None = None) -> bool:
        return self._can_edit(request, obj)

    def has_change_permission(self, request: HttpRequest, obj: AgreementVersion | None = None) -> bool:
        return self._can_edit(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: AgreementVersion | None = None) -> bool:
        return self._can_edit(request, obj)

    def has_view_permission(self, request: HttpRequest, obj: AgreementVersion | None = None) -> bool:
        return request.user.has_perm("agreements.view_agreementversion") or self._can_edit(request, obj)

    def get_extra(self, request: HttpRequest, obj: AgreementVersion | None = None, **kwargs: Any) -> int:
        return 1 if self._can_edit(request, obj) else 0  # without scripts nobody could add a row else

    def _can_edit(self, request: HttpRequest, obj: AgreementVersion | None) -> bool:
        draft = obj is None or obj.published_at is None
        return draft and request.user.has_perm("agreements.change_agreementversion")


class RowForm(forms.ModelForm):  # type: ignore[type-arg]  # generic for the type checker only
    """A row with its place among the others; a new one may leave that to its formset."""

    position = forms.IntegerField(
        label=gettext_lazy("Place"),
        required=False,
        min_value=0,
        max_value=9999,
        widget=forms.NumberInput(attrs={"class": "place", "inputmode": "numeric"}),
    )
    # What has to be mended here before the version can be published; said by the formset.
    problems: tuple[str, ...] = ()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **(kwargs | {"label_suffix": ""}))
        self.stored_position: int | None = None if self.instance._state.adding else self.instance.position
        self.initial["position"] = self.stored_position

    def clean_position(self) -> int:
        """The place asked for; the stored one where none is."""
        asked: int | None = self.cleaned_data["position"]
        self.requested_position = self.stored_position if asked is None else asked
        return self.requested_position or 0


def _get_position_key(form: RowForm) -> tuple[int, int]:
    """Who moves up to a place stands before the one that has it, who moves down to it after."""
    asked, before = form.requested_position, form.stored_position
    assert asked is not None
    return asked, 1 if asked == before else 0 if before is None or asked < before else 2


class RowFormSet(forms.BaseInlineFormSet):  # type: ignore[type-arg]  # generic for the type checker only
    """The rows of one version, which know it: a hundred rows that each ask for it are a hundred queries."""

    def get_queryset(self) -> Any:
        if not hasattr(self, "_queryset"):  # which the formset asks for at each of its rows
            for row in super().get_queryset():
                row.agreement = self.instance
        return super().get_queryset()

    def add_fields(self, form: Any, index: int | None) -> None:
        super().add_fields(form, index)
        form.problems = (
            () if form.instance._state.adding else draft_problems.list_row_causes(self.instance, form.instance.pk)
        )

    @property
    def part_problems(self) -> tuple[str, ...]:
        """What is wrong with none of the rows but with all of them together."""
        return draft_problems.list_causes(self.instance, str(self.prefix))

    def save(self, commit: bool = True) -> Any:
        saved = super().save(commit=commit)
        moved = []
        for place, row in enumerate(self.ordered_rows, 1):
            if row.position != place:
                row.position = place
                moved.append(row)
        self.get_queryset().model.objects.bulk_update(moved, ["position"])
        return saved

    @cached_property
    def ordered_rows(self) -> list[Any]:
        """The rows that stay, in the order asked for; those without a place where `get_insert_index` puts them."""
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
        """How many of `rows` stand before a new row for which nobody named a place: all of them."""
        return len(rows)
