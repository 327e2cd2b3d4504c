"""The parts of a draft as rows: rates, prohibited activities, clauses; each says beside it what has to be mended."""

from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.admin import StackedInline, TabularInline
from unfold.widgets import UnfoldAdminTextareaWidget, UnfoldAdminTextInputWidget

from agreements.admin.mending import causes
from agreements.models import Agreement, Clause, ProhibitedActivity, Rate


class OfADraft:
    """Mixed into an inline: rows may be changed while their version is a draft, and only be read once it is published."""

    def has_add_permission(self, request: HttpRequest, obj: Agreement | None = None) -> bool:
        return self._may(request, obj)

    def has_change_permission(self, request: HttpRequest, obj: Agreement | None = None) -> bool:
        return self._may(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Agreement | None = None) -> bool:
        return self._may(request, obj)

    def has_view_permission(self, request: HttpRequest, obj: Agreement | None = None) -> bool:
        return request.user.has_perm("agreements.view_agreement") or self._may(request, obj)

    def _may(self, request: HttpRequest, obj: Agreement | None) -> bool:
        draft = obj is None or obj.published_at is None
        return draft and request.user.has_perm("agreements.change_agreement")


class Rows(forms.BaseInlineFormSet):  # type: ignore[type-arg]  # generic for the type checker only
    """The rows of one version, which know it: a hundred rows that each ask for it are a hundred queries."""

    def get_queryset(self) -> Any:
        rows = super().get_queryset()
        for row in rows:
            row.agreement = self.instance
        return rows


class RateRows(Rows):
    def clean(self) -> None:
        super().clean()
        kept = [form for form in self.forms if form.cleaned_data and not form.cleaned_data.get("DELETE")]
        standing = [form for form in kept if form.cleaned_data.get("everything_else")]
        for form in standing[1:]:
            form.add_error("everything_else", ValidationError(_("Another row stands for everything else already.")))


class RateInline(OfADraft, TabularInline):  # type: ignore[misc]  # unfold has no types
    model = Rate
    formset = RateRows
    fields = ("category", "percent", "everything_else", "position", "to_mend")
    readonly_fields = ("to_mend",)
    ordering_field = "position"
    hide_ordering_field = True
    extra = 0
    tab = True

    @admin.display(description=gettext_lazy("to mend"))
    def to_mend(self, row: Rate) -> str:
        return "" if row._state.adding else causes(row.agreement, f"rate {row.category}")


class ActivityInline(OfADraft, StackedInline):  # type: ignore[misc]  # unfold has no types
    model = ProhibitedActivity
    formset = Rows
    fields = (("code", "title", "gravest_consequence"), "text", "position", "to_mend")
    readonly_fields = ("to_mend",)
    ordering_field = "position"
    hide_ordering_field = True
    extra = 0
    tab = True

    @admin.display(description=gettext_lazy("to mend"))
    def to_mend(self, row: ProhibitedActivity) -> str:
        return "" if row._state.adding else causes(row.agreement, f"activity {row.code}")


class ClauseForm(forms.ModelForm):  # type: ignore[type-arg]  # generic for the type checker only
    class Meta:
        model = Clause
        fields = ("number", "heading", "body", "rules", "position")
        widgets = {"body": UnfoldAdminTextareaWidget(attrs={"rows": 7})}
        help_texts = {
            "body": gettext_lazy(
                "A blank line separates paragraphs. {names} stand for terms; the tab General lists them."
            ),
            "rules": gettext_lazy("The rules that this clause states, separated by commas."),
        }


class ClauseInline(OfADraft, StackedInline):  # type: ignore[misc]  # unfold has no types
    model = Clause
    form = ClauseForm
    formset = Rows
    fields = (("number", "heading"), "body", "rules", "position", "to_mend")
    readonly_fields = ("to_mend",)
    ordering_field = "position"
    hide_ordering_field = True
    extra = 0
    tab = True

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "rules":
            kwargs["widget"] = UnfoldAdminTextInputWidget  # a list is a text box of ten lines else
        return super().formfield_for_dbfield(db_field, request, **kwargs)

    @admin.display(description=gettext_lazy("to mend"))
    def to_mend(self, row: Clause) -> str:
        return "" if row._state.adding else causes(row.agreement, f"clause {row.number}")
