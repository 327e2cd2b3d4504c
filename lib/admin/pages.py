"""Helpers of admin pages: links, actions and custom pages."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from django.contrib import messages
from django.contrib.admin import ModelAdmin
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import Model
from django.http import HttpRequest, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from lib.errors import NotAllowed


def build_admin_link(obj: Model | None, label: object = None) -> SafeString | str:
    """Return a link to the admin page of `obj`, or "-" for None."""
    if obj is None:
        return "-"
    address = reverse(f"admin:{obj._meta.app_label}_{obj._meta.model_name}_change", args=[obj.pk])
    return format_html('<a href="{}">{}</a>', address, str(obj if label is None else label))


def build_admin_links(rows: Iterable[Model]) -> SafeString | str:
    """Return links to the admin pages of the rows, one per line, or "-" if there are none."""
    return format_html_join(mark_safe("<br>"), "{}", ((build_admin_link(row),) for row in rows)) or "-"


def build_changelist_url(model: type[Model], query: str = "") -> str:
    """Return the URL of the admin list of `model`."""
    address = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
    return f"{address}?{query}" if query else address


def run_and_redirect(
    request: HttpRequest, do: Callable[[], Any], done: str | Callable[[Any], str], back: str
) -> HttpResponseRedirect:
    """Call `do`, which must not run within another transaction, such as a close or an export, and show the outcome.

    `done` is the success message, or a function that returns it for the result of `do`.
    """
    try:
        result = do()
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    except (NotAllowed, PermissionDenied) as error:
        messages.error(request, str(error) or _("You don't have permission to do this."))
    else:
        messages.success(request, done if isinstance(done, str) else done(result))
    return HttpResponseRedirect(back)


def render_admin_page(
    admin: ModelAdmin[Any], request: HttpRequest, template: str, title: str, **context: Any
) -> TemplateResponse:
    """Return a custom page in the frame of the admin."""
    shared = {**admin.admin_site.each_context(request), "opts": admin.opts, "media": admin.media, "title": title}
    return TemplateResponse(request, template, shared | context)
