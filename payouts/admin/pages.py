"""What the pages of this room's admin share."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.contrib.admin import ModelAdmin
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from accounts.admin_bases import ReadOnlyAdmin
from accounts.errors import Refused
from accounts.models import User
from accounts.staff_actions import run_action
from affiliates.errors import IllegalTransition
from payouts.close import CannotClose
from payouts.currency import program_currency, with_currency
from payouts.wording import money


class MoneyAdmin(ReadOnlyAdmin):
    """A list and a page with amounts: the program's currency comes with the rows."""

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return with_currency(super().get_queryset(request))


def staff(request: HttpRequest) -> User:
    """Whoever is signed in, where the admin has made sure that somebody is."""
    if not isinstance(request.user, User):
        raise PermissionDenied
    return request.user


def link(obj: Model | None, label: object = None) -> SafeString | str:
    """A link to the admin page of `obj`."""
    if obj is None:
        return "-"
    address = reverse(f"admin:{obj._meta.app_label}_{obj._meta.model_name}_change", args=[obj.pk])
    return format_html('<a href="{}">{}</a>', address, str(obj if label is None else label))


def links(rows: Iterable[Model]) -> SafeString | str:
    """A link to the admin page of each, one a line."""
    return format_html_join(mark_safe("<br>"), "{}", ((link(row),) for row in rows)) or "-"


def list_of(model: type[Model], query: str = "") -> str:
    """The address of the admin list of `model`."""
    address = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
    return f"{address}?{query}" if query else address


def amount(field: str, label: Any) -> Callable[[Any, Model], str]:
    """A column with an amount in the program's currency; on a list, of rows `with_currency`."""

    def shown(_admin: Any, obj: Model) -> str:
        value = getattr(obj, field)
        if value is None:
            return ""
        return money(value, getattr(obj, "program_currency", "") or program_currency())

    shown.short_description = label  # type: ignore[attr-defined]  # as the admin wants it
    shown.admin_order_field = field  # type: ignore[attr-defined]  # as the admin wants it
    shown.__name__ = f"{field}_shown"
    return shown


def ask(
    admin: ModelAdmin[Any],
    request: HttpRequest,
    object_id: str | UUID,
    form_class: type[forms.Form],
    title: str,
    do: Callable[[Any, dict[str, Any], datetime, User], object],
    **options: Any,
) -> HttpResponse:
    """A page that asks, then does `do(row, answers, now, by)` to the row `object_id`, and goes back to it."""
    row = get_object_or_404(admin.get_queryset(request), pk=object_id)
    back = reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_change", args=[row.pk])
    return run_action(
        request,
        admin,
        form_class,
        title,
        lambda answers: do(row, answers, timezone.now(), staff(request)),
        options.pop("back", back),
        **options,
    )


def attempt(
    request: HttpRequest, do: Callable[[], Any], done: str | Callable[[Any], str], back: str
) -> HttpResponseRedirect:
    """Do what must not run within another transaction (a close, an export), and say how it went; `done` is what to say,
    or makes it of what came of it."""
    try:
        made = do()
    except ValidationError as refusal:
        messages.error(request, " ".join(refusal.messages))
    except (Refused, IllegalTransition, CannotClose, PermissionDenied) as refusal:
        messages.error(request, str(refusal) or _("You may not do this."))
    else:
        messages.success(request, done if isinstance(done, str) else done(made))
    return HttpResponseRedirect(back)


def page(admin: ModelAdmin[Any], request: HttpRequest, template: str, title: str, **context: Any) -> TemplateResponse:
    """A page of our own within the admin."""
    shared = {**admin.admin_site.each_context(request), "opts": admin.opts, "media": admin.media, "title": title}
    return TemplateResponse(request, template, shared | {"currency": program_currency()} | context)
