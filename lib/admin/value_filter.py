"""A filter of a list by the values of a column, which are named and not looked up in all rows of a large table."""

from collections.abc import Iterable
from typing import Any

from django.contrib.admin import SimpleListFilter
from django.db.models import QuerySet
from django.http import HttpRequest


class ValueFilter(SimpleListFilter):
    """Rows with one value in the column `parameter_name`, out of `list_values()`, which each filter defines."""

    def list_values(self) -> Iterable[tuple[str, str]]:
        """Return each value with its label."""
        raise NotImplementedError

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return sorted(self.list_values())

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(**{self.parameter_name or "pk": self.value()}) if self.value() else queryset
