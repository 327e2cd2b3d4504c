"""Base classes and helpers of the admin pages with amounts in the program's currency."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.template.response import TemplateResponse
from django.utils.translation import gettext_lazy
from unfold.widgets import UnfoldAdminTextareaWidget

from agreements.program_currency import annotate_currency, get_program_currency
from lib.admin import pages
from lib.admin.bases import ReadOnlyAdmin
from lib.formatting import format_money


class MoneyAdmin(ReadOnlyAdmin):
    """A read-only admin whose rows are annotated with the program's currency."""

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return annotate_currency(super().get_queryset(request))


def build_amount_column(field: str, label: Any) -> Callable[[Any, Model], str]:
    """Return a column with an amount in the program's currency; in lists, annotate the rows with the currency."""

    def show_amount(_admin: Any, obj: Model) -> str:
        value = getattr(obj, field)
        if value is None:
            return ""
        return format_money(value, getattr(obj, "program_currency", "") or get_program_currency())

    show_amount.__name__ = f"{field}_display"
    return admin.display(description=label, ordering=field)(show_amount)


def build_reason_field() -> forms.CharField:
    """Return a field for a reason that the affiliate reads."""
    return forms.CharField(
        label=gettext_lazy("Reason (shown to the affiliate)"), max_length=2000, widget=UnfoldAdminTextareaWidget
    )


def money_page(
    model_admin: admin.ModelAdmin[Any], request: HttpRequest, template: str, title: str, **context: Any
) -> TemplateResponse:
    """Render a page of our own within the admin, with the program's currency in its context."""
    return pages.render_admin_page(model_admin, request, template, title, currency=get_program_currency(), **context)
