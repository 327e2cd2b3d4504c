"""Base classes of admin pages: pages that only show."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib.admin.utils import unquote
from django.core.exceptions import ValidationError
from django.db import models
from django.http import Http404, HttpRequest, HttpResponseBase
from django.urls import URLPattern

from lib.typed import ModelAdmin, TabularInline


def cache_on_row(column: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    """A column that is worked out once a row: the template of a row's page asks for each value up to five times."""
    name = f"_{column.__name__}_worked_out"

    @wraps(column)
    def remembered(of: Any, row: Any) -> Any:
        if name not in vars(row):
            setattr(row, name, column(of, row))
        return getattr(row, name)

    return remembered


class BaseAdmin(ModelAdmin):
    """What every admin of ours is: an address whose id is none answers 404 to staff, and not with an error."""

    def get_urls(self) -> list[URLPattern]:
        patterns: list[URLPattern] = super().get_urls()
        for pattern in patterns:
            if "object_id" in pattern.pattern.converters:
                pattern.callback = self._require_valid_id(pattern.callback)
        return patterns

    def _require_valid_id(self, view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
        @wraps(view)
        def checked(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            # Whoever is not of the staff is sent to sign in, whatever the address.
            if self.admin_site.has_permission(request):
                try:
                    self.opts.pk.to_python(unquote(kwargs["object_id"]))
                except ValidationError:
                    raise Http404 from None
            return view(request, *args, **kwargs)

        return checked


class ReadOnlyMixin:
    """Mixed into an admin or an inline: rows are shown and changed by domain functions alone."""

    def has_add_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return False


class ReadOnlyAdmin(ReadOnlyMixin, BaseAdmin):
    """A list and a page that show; actions ask for permissions of their own."""

    list_filter_submit = True
    list_per_page = 50
    show_full_result_count = False


class ReadOnlyInline(ReadOnlyMixin, TabularInline):
    """Rows of another model, shown in a tab."""

    extra = 0
    tab = True
    per_page = 20
    can_delete = False
