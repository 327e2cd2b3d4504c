"""Base class of admins whose changes are audited."""

import copy
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin
from django.contrib.admin.actions import delete_selected
from django.db import models, transaction
from django.forms import ModelForm
from django.forms.models import InlineForeignKeyField
from django.http import HttpRequest, HttpResponse, QueryDict
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.translation import gettext_lazy
from unfold.widgets import UnfoldAdminTextInputWidget

from audit import trail
from lib.admin.bases import BaseAdmin
from lib.reasons import require_reason

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

REASON = "audit_reason"
# The field that Django's confirmation pages post.
CONFIRMED = "post"


def build_reason_field(label: "StrOrPromise") -> forms.CharField:
    """Return the field in which staff give a reason."""
    return forms.CharField(
        label=label,
        max_length=2000,
        widget=UnfoldAdminTextInputWidget,
        help_text=gettext_lazy("Kept in the audit trail."),
    )


class DeletionForm(forms.Form):
    """Asks for the reason on the confirmation page of a deletion."""

    audit_reason = build_reason_field(gettext_lazy("Reason for the deletion"))


def _build_original(form: "ModelForm[Any]") -> models.Model:
    """Return the row as it was before the form was applied to it."""
    row: models.Model = copy.copy(form.instance)
    for field in row._meta.concrete_fields:
        if field.name in form.initial:
            setattr(row, field.attname, form.initial[field.name])
    return row


def _check_deletion(request: HttpRequest, *, is_confirmed: bool) -> DeletionForm:
    """Return the form of the confirmation page. Without a proper reason, the page is shown again."""
    if not is_confirmed:
        return DeletionForm()
    form = DeletionForm(request.POST)
    if not form.is_valid():
        # Django deletes if anything was posted, and shows the page otherwise.
        request.POST = QueryDict()
    return form


class AuditedAdmin(BaseAdmin):
    """An admin that writes one audit record per save, inlines included, in the same transaction (specification 9).

    Each deleted row gets a record too, with the reason that the confirmation page asks for.
    """

    actions: Sequence[Callable[..., Any] | str] | None = ("delete_selected",)
    # Of these fields only the fact that they changed is recorded, not their values.
    unrecorded_fields: tuple[str, ...] = ()
    # The reason of every save; if empty, the form asks for it.
    usual_reason = ""

    def get_form(
        self, request: HttpRequest, obj: models.Model | None = None, change: bool = False, **kwargs: Any
    ) -> "type[ModelForm[Any]]":
        if self._asks_reason(request, obj):
            base: Any = kwargs.get("form") or (getattr(self, "add_form", self.form) if obj is None else self.form)
            kwargs["form"] = type(
                base.__name__, (base,), {REASON: build_reason_field(gettext_lazy("Reason for this change"))}
            )
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

    def delete_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        context = {**(extra_context or {}), "reason_form": _check_deletion(request, is_confirmed=bool(request.POST))}
        response: HttpResponse = super().delete_view(request, object_id, context)
        return response

    @admin.action(permissions=["delete"], description=gettext_lazy("Delete selected %(verbose_name_plural)s"))
    def delete_selected(self, request: HttpRequest, queryset: models.QuerySet[Any]) -> HttpResponse | None:
        form = _check_deletion(request, is_confirmed=bool(request.POST.get(CONFIRMED)))
        response: TemplateResponse | None = delete_selected(self, request, queryset)
        if response is not None:
            response.context_data = {**(response.context_data or {}), "reason_form": form}
        return response

    def delete_model(self, request: HttpRequest, obj: models.Model) -> None:
        reason = require_reason(request.POST.get(REASON, ""), field=REASON)
        self.record_change(request, obj, "deleted", before={"was": str(obj)}, reason=reason)
        super().delete_model(request, obj)

    @transaction.atomic
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
