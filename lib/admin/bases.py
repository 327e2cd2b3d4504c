"""Base classes of admin pages."""

import re
from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any

from django.contrib import admin
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.utils import unquote
from django.contrib.admin.views.main import ChangeList
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import URLPattern
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from lib.admin.keyset_list import KeysetChangeList
from lib.admin.time_columns import build_time_column
from lib.replica import reads_replica
from lib.text import clean_code
from lib.typed import ModelAdmin, TabularInline


def cache_on_row(column: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    """Compute a column once per row: the template of a row's page reads each value up to five times."""
    name = f"_{column.__name__}_cached"

    @wraps(column)
    def cached(model_admin: Any, row: Any) -> Any:
        if name not in vars(row):
            setattr(row, name, column(model_admin, row))
        return getattr(row, name)

    return cached


class BaseAdmin(ModelAdmin):
    """Base class of all our admins. A malformed id or filter in the URL gives 404 or 400 instead of an error."""

    # A page of the list weighs less than 100 kB.
    list_per_page = 25
    # Whether the list may be read from the replica: for long lists that no decision is taken on.
    list_reads_replica = False

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        # The title of the window has the words of the heading and the menu.
        extra_context = {"title": capfirst(self.opts.verbose_name_plural), **(extra_context or {})}
        show: Callable[..., HttpResponse] = super().changelist_view
        if any(getattr(column, "shows_time", False) for column in self.get_list_display(request)):
            extra_context = {**extra_context, "zone_name": timezone.get_current_timezone_name()}
        response = (reads_replica(show) if self.list_reads_replica else show)(request, extra_context)
        if isinstance(response, TemplateResponse) and not response.is_rendered:
            response.add_post_render_callback(_remove_indentation)
        return response

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> Any:
        if object_id is not None:
            extra_context = {"title": capfirst(self.opts.verbose_name), **(extra_context or {})}
        return super().changeform_view(request, object_id, form_url, extra_context)

    @admin.display(description="")
    def action_checkbox(self, obj: models.Model) -> SafeString:
        """Return the box that selects a row, with one class in place of unfold's thirty."""
        return format_html(
            '<input type="checkbox" name="{}" value="{}" class="row-box action-select" aria-label="{}">',
            ACTION_CHECKBOX_NAME, obj.pk, _("Select %s") % obj,
        )  # fmt: skip

    def build_search(self, text: str) -> Q | None:
        """Return the condition of a search that reads indexes, for lists that can be very long; None for Django's own."""
        return None

    def get_search_results(
        self, request: HttpRequest, queryset: models.QuerySet[Any], search_term: str
    ) -> tuple[models.QuerySet[Any], bool]:
        """Search by `build_search`, or as Django does in the `search_fields`."""
        text = clean_code(search_term)
        condition = self.build_search(text) if text and "\0" not in text else None
        if condition is not None:
            return queryset.filter(condition), False
        found: tuple[models.QuerySet[Any], bool] = super().get_search_results(request, queryset, search_term)
        return found

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        """Return a change list that never counts all rows of a large table."""
        return KeysetChangeList

    def get_sortable_by(self, request: HttpRequest) -> Any:
        return [self._build_column(name) for name in super().get_sortable_by(request)]

    def get_list_display(self, request: HttpRequest) -> Any:
        """Show times without their zone, which the page of the list names once."""
        return [self._build_column(name) for name in super().get_list_display(request)]

    def get_list_display_links(self, request: HttpRequest, list_display: Sequence[Any]) -> Any:
        links = super().get_list_display_links(request, list_display)
        return links and [self._build_column(name) for name in links]

    def _build_column(self, name: Any) -> Any:
        is_own = not isinstance(name, str) or hasattr(self, name)
        return name if is_own else build_time_column(self.model, name)

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        """Refuse ranges in the URL: Django passes their text to the database as one value per character."""
        return not lookup.endswith("__range") and bool(super().lookup_allowed(lookup, value, request))

    def get_urls(self) -> list[URLPattern]:
        patterns: list[URLPattern] = super().get_urls()
        for pattern in patterns:
            if "object_id" in pattern.pattern.converters:
                pattern.callback = self._require_valid_id(pattern.callback)
        return patterns

    def _require_valid_id(self, view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
        @wraps(view)
        def checked(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            # Other visitors are redirected to sign in, whatever the URL.
            if self.admin_site.has_permission(request):
                try:
                    self.opts.pk.to_python(unquote(kwargs["object_id"]))
                except ValidationError:
                    raise Http404 from None
            return view(request, *args, **kwargs)

        return checked


class ReadOnlyMixin:
    """Makes an admin or an inline read-only: only domain functions change its rows."""

    def has_add_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return False


class ReadOnlyAdmin(ReadOnlyMixin, BaseAdmin):
    """A read-only list and page; actions check their own permissions.

    Ids start with the time or count, so the newest rows come first, by the index of the primary key. A list with another
    order has an index for it, or never many rows.
    """

    ordering: Sequence[str] = ("-pk",)
    list_filter_submit = True
    show_full_result_count = False


class ReadOnlyInline(ReadOnlyMixin, TabularInline):
    """Read-only rows of another model in a tab."""

    extra = 0
    tab = True
    per_page = 20
    can_delete = False


def _remove_indentation(response: HttpResponse) -> None:
    """Take the white space at the ends of lines out of the page of a list: almost half of its weight."""
    response.content = re.sub(rb"\s*\n\s*", b"\n", response.content)
