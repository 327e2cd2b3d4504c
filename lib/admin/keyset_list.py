"""Lists of the admin that are as quick at their end as at their start, however many rows they have.

Up to `MAX_COUNTED` rows have numbered pages. Beyond them rows are not counted, and pages are found by the last row of the
page before, in the order of the list. In the address, `p` is then "after.ID", "before.ID" or "last".
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.utils import get_fields_from_path
from django.contrib.admin.views.main import ORDER_VAR, PAGE_VAR, ChangeList
from django.core.exceptions import FieldDoesNotExist, ValidationError
from django.core.paginator import InvalidPage, Paginator
from django.db.models import Model, Q, QuerySet
from django.http import HttpRequest

MAX_COUNTED = 1000


class AtLeast(int):
    """A number that pages show as "1,000+"."""

    def __str__(self) -> str:
        return f"{int(self):,}+"


class Part(NamedTuple):
    """One column of an order."""

    path: str
    is_descending: bool
    is_nullable: bool


class KeysetPaginator(Paginator):  # type: ignore[type-arg]  # not generic at run time
    """Takes the place of Django's in lists of more than `MAX_COUNTED` rows; the change list finds the pages."""

    template_name = "admin/keyset_pages.html"


class KeysetChangeList(ChangeList):
    """A change list whose rows are counted only up to `MAX_COUNTED`."""

    previous_page = next_page = ""

    def get_ordering(self, request: HttpRequest, queryset: QuerySet[Any]) -> list[Any]:
        """Reverse the usual order as a whole when its first column is reversed, so that the same index serves both.

        Django's order by `created_at, -pk` would have to sort all e-mails of a close, which have one time.
        """
        ordering: list[Any] = super().get_ordering(request, queryset)
        usual = [name for name in queryset.query.order_by if isinstance(name, str)]
        turned = [_reverse(name) for name in usual] if usual == list(queryset.query.order_by) else []
        is_one = "." not in self.params.get(ORDER_VAR, ".")
        return turned if is_one and turned and ordering[0] == turned[0] else ordering

    def get_results(self, request: HttpRequest) -> None:
        """Read one page: by its number if there are few rows, else by the row before or after it."""
        number = self.queryset.order_by().values("pk")[: MAX_COUNTED + 1].count()
        order = _list_order(self.queryset)
        self.show_full_result_count, self.full_result_count, self.show_admin_actions = False, None, True
        if number > MAX_COUNTED and order is not None:
            self.result_count = AtLeast(MAX_COUNTED)
            self.can_show_all = self.multi_page = False
            self.paginator = KeysetPaginator(self.queryset, self.list_per_page)
            self.result_list = self._read_page(request.GET.get(PAGE_VAR, ""), order)
        else:
            self._read_numbered_page(request, number if number <= MAX_COUNTED else self.queryset.count())
        if not (self.query or self.has_active_filters):
            self.full_result_count = self.result_count

    def _read_numbered_page(self, request: HttpRequest, number: int) -> None:
        """Do as Django does, but without counting the rows again."""
        self.paginator = self.model_admin.get_paginator(request, self.queryset, self.list_per_page)
        self.paginator.count = self.result_count = number
        self.can_show_all, self.multi_page = number <= self.list_max_show_all, number > self.list_per_page
        if not self.multi_page or (self.show_all and self.can_show_all):
            self.result_list = self.queryset._clone()
            return
        try:
            self.result_list = self.paginator.page(self.page_num).object_list
        except InvalidPage:
            raise IncorrectLookupParameters from None

    def _read_page(self, page: str, order: Sequence[Part]) -> list[Model]:
        direction, _dot, key = page.partition(".")
        backward = direction in ("before", "last")
        rows = self.queryset
        if values := self._get_boundary(key, order) if direction in ("after", "before") else None:
            rows = rows.filter(_build_condition(order, values, backward=backward))
        found = list((rows.reverse() if backward else rows)[: self.list_per_page + 1])
        has_more = len(found) > self.list_per_page
        found = found[: self.list_per_page]
        if backward:
            found.reverse()
        if found and (has_more if backward else values is not None):
            self.previous_page = f"before.{found[0].pk}"
        if found and (values is not None if backward else has_more):
            self.next_page = f"after.{found[-1].pk}"
        return found

    def _get_boundary(self, key: str, order: Sequence[Part]) -> tuple[Any, ...] | None:
        """Return what the row `key` is sorted by; None if there is no such row."""
        try:
            rows = self.root_queryset.order_by().filter(pk=self.opts.pk.to_python(key))
        except ValidationError:
            raise IncorrectLookupParameters from None
        return rows.values_list(*(part.path for part in order)).first()


def _reverse(name: str) -> str:
    return name.removeprefix("-") if name.startswith("-") else f"-{name}"


def _list_order(rows: QuerySet[Any]) -> list[Part] | None:
    """Return the order of the rows; None if it is not one of columns alone."""
    parts: list[Part] = []
    for name in rows.query.order_by:
        found = _list_parts(rows.model, name) if isinstance(name, str) else None
        if found is None:
            return None
        parts += found
    return parts


def _list_parts(model: type[Model], name: str) -> list[Part] | None:
    """Return the columns that `name` orders by: of a relation, those of the order of the other model, as Django does."""
    path, is_descending = name.removeprefix("-"), name.startswith("-")
    try:
        fields = [model._meta.pk] if path == "pk" else get_fields_from_path(model, path)
    except FieldDoesNotExist:
        return None
    is_nullable = any(field.null for field in fields)
    if not fields[-1].is_relation or path == "pk" or path.rpartition("__")[2] == fields[-1].attname:
        return [Part(path, is_descending, is_nullable)]
    parts: list[Part] = []
    related: type[Model] = fields[-1].related_model  # type: ignore[assignment]  # a relation has one
    for other in related._meta.ordering or ("pk",):
        found = _list_parts(related, other) if isinstance(other, str) else None
        if found is None:
            return None
        parts += [
            Part(f"{path}__{one.path}", one.is_descending != is_descending, is_nullable or one.is_nullable)
            for one in found
        ]
    return parts


def _build_condition(order: Sequence[Part], values: Sequence[Any], *, backward: bool) -> Q:
    """Return the condition for the rows after the one with `values`, or before it if `backward`."""
    condition, equal = Q(pk__in=[]), Q()
    for part, value in zip(order, values, strict=True):
        beyond = _build_step(part, value, descending=part.is_descending != backward)
        if beyond is not None:
            condition |= equal & beyond
        equal &= Q(**{f"{part.path}__isnull": True}) if value is None else Q(**{part.path: value})
    first, value = order[0], values[0]
    if value is None or first.is_nullable:
        return condition
    # The same again, of the first column alone, as PostgreSQL can use an index only if the condition is no alternative.
    return Q(**{f"{first.path}__{'lte' if first.is_descending != backward else 'gte'}": value}) & condition


def _build_step(part: Part, value: Any, *, descending: bool) -> Q | None:
    """Return the condition for rows beyond `value` in one column; None if nothing is. Nulls count as the largest."""
    if value is None:
        return Q(**{f"{part.path}__isnull": False}) if descending else None
    if descending:
        return Q(**{f"{part.path}__lt": value})
    beyond = Q(**{f"{part.path}__gt": value})
    return beyond | Q(**{f"{part.path}__isnull": True}) if part.is_nullable else beyond
