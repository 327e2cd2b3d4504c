"""What the admin pages about money share: amounts come with the program's currency."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib.admin import ModelAdmin
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.template.response import TemplateResponse

from agreements.program_currency import annotate_currency, get_program_currency
from lib.admin import pages
from lib.admin.bases import ReadOnlyAdmin
from lib.formatting import format_money


class MoneyAdmin(ReadOnlyAdmin):
    """A list and a page with amounts: the program's currency comes with the rows."""

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return annotate_currency(super().get_queryset(request))


def build_amount_column(field: str, label: Any) -> Callable[[Any, Model], str]:
    """A column with an amount in the program's currency; on a list, of rows `with_currency`."""

    def shown(_admin: Any, obj: Model) -> str:
        value = getattr(obj, field)
        if value is None:
            return ""
        return format_money(value, getattr(obj, "program_currency", "") or get_program_currency())

    shown.short_description = label  # type: ignore[attr-defined]  # as the admin wants it
    shown.admin_order_field = field  # type: ignore[attr-defined]  # as the admin wants it
    shown.__name__ = f"{field}_display"
    return shown


def money_page(
    admin: ModelAdmin[Any], request: HttpRequest, template: str, title: str, **context: Any
) -> TemplateResponse:
    """Return a page of our own within the admin, which knows the program's currency."""
    return pages.render_admin_page(admin, request, template, title, currency=get_program_currency(), **context)
