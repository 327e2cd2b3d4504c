"""The filters of the list of commissions."""

from datetime import date
from typing import Any

import django_filters
from django import forms
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from agreements.category_names import load_category_names
from agreements.periods import build_period, get_program_time_zone
from lib.typed import FilterSet
from payouts.models import Commission
from payouts.reporting.commission_list import STATE_LABELS


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
