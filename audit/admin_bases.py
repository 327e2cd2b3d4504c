"""Base class of admins whose changes are audited."""

import copy
from collections.abc import Iterator
from typing import Any

from django import forms
from django.db import models
from django.forms import ModelForm
from django.forms.models import InlineForeignKeyField
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy
from unfold.widgets import UnfoldAdminTextInputWidget

from audit import trail
from lib.admin.bases import BaseAdmin

REASON = "audit_reason"
# A deletion is confirmed on a page of its own, which has no field for the reason.
DELETED = "Deleted on the confirmation page."


def build_reason_field() -> forms.CharField:
    """Return the field in which staff give the reason of a change."""
    return forms.CharField(
        label=gettext_lazy("Reason for this change"),
        max_length=2000,
        widget=UnfoldAdminTextInputWidget,
        help_text=gettext_lazy("Kept in the audit trail."),
    )


def _build_original(form: "ModelForm[Any]") -> models.Model:
    """Return the row as it was before the form was applied to it."""
    row: models.Model = copy.copy(form.instance)
    for field in row._meta.concrete_fields:
        if field.name in form.initial:
            setattr(row, field.attname, form.initial[field.name])
    return row


class AuditedAdmin(BaseAdmin):
    """An admin that writes one audit record per save, inlines included, in the same transaction (specification 9)."""

    # Of these fields only the fact that they changed is recorded, not their values.
    unrecorded_fields: tuple[str, ...] = ()
    # The reason of every change; if empty, the form asks for it.
    usual_reason = ""

    def get_form(
        self, request: HttpRequest, obj: models.Model | None = None, change: bool = False, **kwargs: Any
    ) -> "type[ModelForm[Any]]":
        if self._asks_reason(request, obj):
            base: Any = kwargs.get("form") or (getattr(self, "add_form", self.form) if obj is None else self.form)
            kwargs["form"] = type(base.__name__, (base,), {REASON: build_reason_field()})
        form: type[ModelForm[Any]] = super().get_form(request, obj, change=change, **kwargs)
        return form

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        fieldsets = super().get_fieldsets(request, obj)
        return (*fieldsets, (None, {"fields": (REASON,)})) if self._asks_reason(request, obj) else fieldsets

    def _asks_reason(self, request: HttpRequest, obj: models.Model | None) -> bool:
        may_save = self.has_add_permission(request) if obj is None else self.has_change_permission(request, obj)
        return may_save and not self.usual_reason

    def save_related(self, request: HttpRequest, form: "ModelForm[Any]", formsets: Any, change: bool) -> None:
        # Collected before saving: afterwards a deleted row has no id.
        rows = [pair for formset in formsets for pair in self.iter_row_changes(formset)]
        super().save_related(request, form, formsets, change)
        fields = [name for name in form.changed_data if name in form.cleaned_data and name != REASON]
        before = {name: self._format_value(name, form.initial.get(name)) for name in fields} if change else {}
        after = {name: self._format_value(name, form.cleaned_data[name]) for name in fields}
        for old, new in rows:
            before |= old
            after |= new
        reason = self.usual_reason or form.cleaned_data[REASON]
        self.record_change(
            request, form.instance, "changed" if change else "added", before=before, after=after, reason=reason
        )

    def iter_row_changes(self, formset: Any) -> Iterator[tuple[dict[str, str], dict[str, str]]]:
        """Yield the old and new values of each inline row that is added, changed or deleted, by row name and field."""
        deleted = formset.deleted_forms
        for form in formset.forms:
            adding = form.instance._state.adding
            if not form.has_changed() or (adding and form in deleted):
                continue
            row = f"{form.instance._meta.verbose_name} {form.instance if adding else _build_original(form)}"
            fields = [name for name in form.fields if name in form.cleaned_data and self._is_recorded(form, name)]
            recorded = fields if adding or form in deleted else [name for name in fields if name in form.changed_data]
            old = {f"{row}: {name}": self._format_value(name, form.initial.get(name)) for name in recorded}
            new = {f"{row}: {name}": self._format_value(name, form.cleaned_data[name]) for name in recorded}
            yield {} if adding else old, {} if form in deleted else new

    def _is_recorded(self, form: "ModelForm[Any]", name: str) -> bool:
        """Return whether the field is of interest: not the id, the parent or the delete box."""
        return name not in ("DELETE", form.instance._meta.pk.name) and not isinstance(
            form.fields[name], InlineForeignKeyField
        )

    def delete_model(self, request: HttpRequest, obj: models.Model) -> None:
        self.record_change(request, obj, "deleted", before={"was": str(obj)}, reason=DELETED)
        super().delete_model(request, obj)

    def delete_queryset(self, request: HttpRequest, queryset: models.QuerySet[Any]) -> None:
        for obj in queryset:
            self.delete_model(request, obj)

    def record_change(
        self,
        request: HttpRequest,
        subject: models.Model,
        verb: str,
        before: dict[str, str] | None = None,
        after: dict[str, str] | None = None,
        *,
        reason: str,
    ) -> None:
        """Write an audit record that the signed-in user did `verb` to `subject`."""
        trail.record(
            action=f"{self.opts.model_name} {verb}",
            subject=subject,
            now=timezone.now(),
            by=request.user if request.user.is_authenticated else None,
            before=before,
            after=after,
            reason=reason,
        )

    def _format_value(self, name: str, value: object) -> str:
        if name in self.unrecorded_fields:
            return "(not recorded)"
        if isinstance(value, (list, models.QuerySet)):
            return ", ".join(sorted(str(item) for item in value))
        return "" if value is None else str(value)
