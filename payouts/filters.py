"""The filters of the list of commissions."""

from datetime import date, datetime
from typing import Any, NamedTuple
from urllib.parse import urlencode

import django_filters
from django import forms
from django.db.models import QuerySet
from django.http import HttpRequest, QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from affiliates.models import Affiliate
from agreements.category_names import load_category_names
from agreements.periods import get_program_time_zone, get_start_of_day
from lib.formatting import format_date
from lib.text import clean_code
from lib.typed import FilterSet
from payouts.closing.payout_forecast import find_next_close
from payouts.models import Commission
from payouts.reporting.commission_list import (
    FIRST_DAY,
    LAST_DAY,
    SETTLEMENT_LABELS,
    STATE_LABELS,
    Sums,
    filter_settlement,
    filter_state,
    list_commissions,
    sum_commissions,
    sum_days,
)
from payouts.reporting.order_groups import Sort
from payouts.reporting.spans import DAY, Preset, get_preset_span
from tracking.models import Order
from tracking.orders.order_lookup import match_order_number

# Parameters of the address that are one filter to the reader.
PERIOD = ("since", "until")


class CommissionFilterForm(forms.Form):
    """The filters as a form, with the order of the list."""

    def clean_order(self) -> str:
        return clean_code(str(self.cleaned_data["order"])).removeprefix("#")

    def clean(self) -> None:
        """Check the days against each other."""
        since, until = self.cleaned_data.get("since"), self.cleaned_data.get("until")
        if since and until and until < since:
            self.add_error("until", _("Enter a last day that is not before the first."))


class PeriodLink(NamedTuple):
    """A period that is chosen by one click, with its query."""

    label: str
    query: str


def list_periods(today: date) -> list[PeriodLink]:
    """Return the periods in which taxes are declared, as of `today` in the program's time zone."""
    presets = (Preset.LAST_MONTH, Preset.THIS_QUARTER, Preset.LAST_QUARTER, Preset.THIS_YEAR, Preset.LAST_YEAR)
    spans = [(preset, get_preset_span(preset, today)) for preset in presets]
    return [
        PeriodLink(str(preset.label), urlencode({"since": span.first.isoformat(), "until": span.last.isoformat()}))
        for preset, span in spans
    ]


class ActiveFilter(NamedTuple):
    """A filter in use: its value in words, the query without it, and whether it alone finds nothing."""

    label: str
    value: str
    query_without: str
    finds_nothing: bool


def _build_day_filter(label: Any, lookup: str) -> django_filters.DateFilter:
    return django_filters.DateFilter(
        label=label, method=f"filter_{lookup}", widget=forms.DateInput(attrs={"type": "date"})
    )


class CommissionFilter(FilterSet):
    """The commissions of an affiliate that match the address of `request`; days are those of the program's time zone."""

    order = django_filters.CharFilter(
        label=gettext_lazy("Order number"),
        method="filter_order",
        max_length=64,
        widget=forms.TextInput(attrs={"type": "search", "autocomplete": "off", "spellcheck": "false"}),
    )
    state = django_filters.ChoiceFilter(
        label=gettext_lazy("State"), method="filter_state", choices=list(STATE_LABELS.items()),
        empty_label=gettext_lazy("all"),
    )  # fmt: skip
    settled = django_filters.ChoiceFilter(
        label=gettext_lazy("To be settled"), method="filter_settled", choices=list(SETTLEMENT_LABELS.items()),
        empty_label=gettext_lazy("all"),
    )  # fmt: skip
    category = django_filters.ChoiceFilter(label=gettext_lazy("Category"), choices=(), empty_label=gettext_lazy("all"))
    since = _build_day_filter(gettext_lazy("Placed from"), "since")
    until = _build_day_filter(gettext_lazy("Placed to"), "until")
    sort = django_filters.ChoiceFilter(
        label=gettext_lazy("Sort"), method="filter_sort", choices=Sort.choices, empty_label=None
    )

    class Meta:
        model = Commission
        fields = ("order", "state", "settled", "category", "since", "until", "sort")
        form = CommissionFilterForm

    def __init__(self, request: HttpRequest, affiliate: Affiliate, now: datetime) -> None:
        self.affiliate, self.now, self.zone = affiliate, now, get_program_time_zone()
        self.category_names = load_category_names()
        # An order by amounts, and the sums of a state, need all rows.
        reads_all = bool(request.GET.get("state")) or request.GET.get("sort") in (Sort.HIGHEST, Sort.LOWEST)
        super().__init__(request.GET, queryset=list_commissions(affiliate, reads_all=reads_all))
        choices = sorted(self.category_names.items(), key=lambda item: item[1])
        self.filters["category"].extra["choices"] = choices

    @property
    def chosen_sort(self) -> Sort:
        return Sort(self.form.cleaned_data["sort"] or Sort.NEWEST)

    @property
    def values(self) -> dict[str, Any]:
        """Return the filters in use."""
        given = self.form.cleaned_data
        return {name: given[name] for name in self.filters if name != "sort" and given[name]}

    def filter_order(self, rows: QuerySet[Commission], _name: str, number: str) -> QuerySet[Commission]:
        orders = Order.objects.filter(match_order_number(number), affiliate=self.affiliate).order_by()
        return rows.filter(order__in=orders.values("pk"))

    def filter_state(self, rows: QuerySet[Commission], _name: str, state: str) -> QuerySet[Commission]:
        return filter_state(rows, state, self.now)

    def filter_settled(self, rows: QuerySet[Commission], _name: str, close: str) -> QuerySet[Commission]:
        upcoming = find_next_close(self.now)
        return filter_settlement(rows, close, upcoming.month.ends_at) if upcoming else rows.none()

    def filter_since(self, rows: QuerySet[Commission], _name: str, day: date) -> QuerySet[Commission]:
        return rows.filter(placed_at__gte=get_start_of_day(max(day, FIRST_DAY), self.zone))

    def filter_until(self, rows: QuerySet[Commission], _name: str, day: date) -> QuerySet[Commission]:
        return rows.filter(placed_at__lt=get_start_of_day(min(day, LAST_DAY) + DAY, self.zone))

    def filter_sort(self, rows: QuerySet[Commission], _name: str, _sort: str) -> QuerySet[Commission]:
        """Leave `rows` as they are; `order_groups.get_page` sorts them."""
        return rows

    def sum_matching(self) -> Sums:
        """Return the sums of all commissions that match."""
        values = self.values
        if values.keys() & {"state", "settled", "order"}:
            return sum_commissions(self.qs)
        return sum_days(self.affiliate, values.get("since"), values.get("until"), self.zone, values.get("category", ""))

    def describe(self) -> list[ActiveFilter]:
        """Return the filters in use, for a list that they leave empty."""
        groups = {PERIOD if name in PERIOD else (name,): None for name in self.values}
        return [self._describe(names) for names in groups]

    def _describe(self, names: tuple[str, ...]) -> ActiveFilter:
        values = {name: value for name, value in self.values.items() if name in names}
        rows = self.queryset
        for name, value in values.items():
            rows = self.filters[name].filter(rows, value)
        label = _("Placed") if names == PERIOD else str(self.filters[names[0]].label)
        return ActiveFilter(label, self._format(values), _remove(self.data, names), not rows.exists())

    def _format(self, values: dict[str, Any]) -> str:
        if "state" in values:
            return str(STATE_LABELS[values["state"]])
        if "settled" in values:
            return str(SETTLEMENT_LABELS[values["settled"]])
        if "category" in values:
            return self.category_names[values["category"]]
        if "order" in values:
            return str(values["order"])
        first, last = (format_date(values[name]) if name in values else "" for name in PERIOD)
        if first and last:
            return _("%(first)s to %(last)s") % {"first": first, "last": last}
        return _("from %(day)s") % {"day": first} if first else _("until %(day)s") % {"day": last}


def _remove(query: QueryDict, names: tuple[str, ...]) -> str:
    """Return the query string without these parameters, at the first page."""
    left = query.copy()
    for name in (*names, "after"):
        left.pop(name, None)
    return left.urlencode()
