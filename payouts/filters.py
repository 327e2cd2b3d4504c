"""The filters of the lists of commissions and links."""

from datetime import date
from typing import Any

import django_filters
from django import forms
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from agreements.category_names import load_category_names
from agreements.periods import build_period, get_program_time_zone
from lib.typed import FilterSet
from payouts.models import Commission
from payouts.reporting.commission_list import STATE_LABELS
from tracking.models import Link, LinkName


def list_categories() -> list[tuple[str, Any]]:
    """Return the categories of all published rate cards, as choices."""
    return sorted(load_category_names().items(), key=lambda item: item[1])


class MonthInput(forms.DateInput):
    """A month picker; its value is like "2026-01"."""

    input_type = "month"

    def __init__(self) -> None:
        super().__init__(format="%Y-%m")


class CommissionFilter(FilterSet):
    state = django_filters.ChoiceFilter(label=_("State"), choices=list(STATE_LABELS.items()), empty_label=_("all"))
    month = django_filters.DateFilter(
        label=_("Placed in"), method="filter_month", input_formats=["%Y-%m"], widget=MonthInput()
    )
    category = django_filters.ChoiceFilter(label=_("Category"), choices=list_categories, empty_label=_("all"))

    class Meta:
        model = Commission
        fields = ("state", "month", "category")

    def filter_month(self, rows: QuerySet[Commission], _name: str, first_day: date) -> QuerySet[Commission]:
        """Filter by a calendar month in the program's time zone."""
        if first_day.year > 9000:
            return rows.none()
        month = build_period(first_day, get_program_time_zone())
        return rows.filter(placed_at__gte=month.starts_at, placed_at__lt=month.ends_at)


class LinkFilter(FilterSet):
    """Without a status, all links but the archived ones are listed."""

    search = django_filters.CharFilter(
        label=_("Search"),
        method="filter_text",
        max_length=200,
        widget=forms.TextInput(attrs={"type": "search", "placeholder": _("Name or address")}),
    )
    status = django_filters.ChoiceFilter(
        label=_("Status"),
        method="filter_status",
        choices=[("active", _("active")), ("paused", _("paused")), ("archived", _("archived"))],
        empty_label=_("all but archived"),
    )

    class Meta:
        model = Link
        fields = ("search", "status")

    @property
    def qs(self) -> QuerySet[Link]:
        """Return the links that match; none if a value of the form is not valid."""
        if not self.form.is_valid():
            return self.queryset.none()  # type: ignore[no-any-return]  # django-filter has no types
        rows: QuerySet[Link] = super().qs
        return rows if self.form.cleaned_data["status"] == "archived" else rows.filter(archived_at=None)

    def filter_text(self, rows: QuerySet[Link], _name: str, text: str) -> QuerySet[Link]:
        """Filter by the name, the destination, or the code or name of the tracking link, which may be pasted whole."""
        code = text.strip().partition("?")[0].rpartition("/r/")[2] or text
        names = Q(code__icontains=code) | Q(own_name__icontains=code)
        earlier = LinkName.objects.filter(name=code.lower()).values("link")
        return rows.filter(Q(name__icontains=text) | Q(target__icontains=text) | names | Q(pk__in=earlier))

    def filter_status(self, rows: QuerySet[Link], _name: str, status: str) -> QuerySet[Link]:
        """Filter by what staff and affiliates have done with the link; their account may pause all links at once."""
        if status == "archived":
            return rows.filter(archived_at__isnull=False)
        return rows.filter(paused_at__isnull=status == "active")
