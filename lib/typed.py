"""Typed access to libraries without types, so that only this module needs `type: ignore`."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Protocol, TypeVar, overload

import allauth.account.decorators
import celery
import django_filters
import django_tables2
import unfold.admin
import unfold.decorators

F = TypeVar("F", bound=Callable[..., Any])


class _ActionDecorator(Protocol):
    def __call__(
        self,
        *,
        description: Any = None,
        permissions: Iterable[str] | None = None,
        url_path: str | None = None,
        icon: str | None = None,
        variant: Any = None,
    ) -> Callable[[F], F]: ...


class _DisplayDecorator(Protocol):
    def __call__(
        self,
        *,
        description: Any = None,
        ordering: str | None = None,
        boolean: bool | None = None,
        empty_value: str | None = None,
        label: bool | str | Mapping[str, str] | None = None,
    ) -> Callable[[F], F]: ...


class Task(Protocol):
    """A Celery task that returns a summary of what it did, or "" if there was nothing to do."""

    name: str

    def __call__(self) -> str | None: ...

    def apply(self, *args: Any, **options: Any) -> Any: ...

    def delay(self) -> Any: ...


class _TaskDecorator(Protocol):
    @overload
    def __call__(self, function: Callable[[], str | None]) -> Task: ...

    @overload
    def __call__(self, *, expires: float) -> Callable[[Callable[[], str | None]], Task]: ...


action: _ActionDecorator = unfold.decorators.action
display: _DisplayDecorator = unfold.decorators.display
shared_task: _TaskDecorator = celery.shared_task
reauthentication_required: Callable[[F], F] = allauth.account.decorators.reauthentication_required


class ModelAdmin(unfold.admin.ModelAdmin):  # type: ignore[misc]  # unfold has no types
    pass


class TabularInline(unfold.admin.TabularInline):  # type: ignore[misc]  # unfold has no types
    pass


class StackedInline(unfold.admin.StackedInline):  # type: ignore[misc]  # unfold has no types
    pass


class Table(django_tables2.Table):  # type: ignore[misc]  # django-tables2 has no types
    class Meta:
        abstract = True


class Column(django_tables2.Column):  # type: ignore[misc]  # django-tables2 has no types
    pass


class FilterSet(django_filters.FilterSet):  # type: ignore[misc]  # django-filter has no types
    pass
