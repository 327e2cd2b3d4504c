"""The query of a report in its address: the days, how they are grouped and what is charted."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple
from urllib.parse import urlencode

from django import forms
from django.core.exceptions import ValidationError
from django.db import models
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from affiliates.models import Affiliate
from payouts.reporting.reports import GroupBy
from payouts.reporting.spans import Preset, Span, build_span, get_preset_span

DEFAULT_PRESET = Preset.LAST_30


class ChartMeasure(models.TextChoices):
    """The measure that the chart shows."""

    COMMISSION = "commission", gettext_lazy("commission")
    SALES = "sales", gettext_lazy("sales")
    ORDERS = "orders", gettext_lazy("orders")
    CLICKS = "clicks", gettext_lazy("clicks")


def _build_date_field(label: Any) -> forms.DateField:
    return forms.DateField(label=label, required=False, widget=forms.DateInput(attrs={"type": "date"}))


class ReportForm(forms.Form):
    """The query of a report: named days, else a period relative to today."""

    since = _build_date_field(gettext_lazy("From"))
    until = _build_date_field(gettext_lazy("To"))
    by = forms.ChoiceField(label=gettext_lazy("Group by"), required=False)
    show = forms.ChoiceField(label=gettext_lazy("Chart"), required=False)
    period = forms.ChoiceField(
        required=False,
        choices=Preset.choices,
        widget=forms.HiddenInput,
        error_messages={"invalid_choice": gettext_lazy("There is no period called %(value)s.")},
    )

    def __init__(self, params: Mapping[str, str], *, today: date, groupings: tuple[GroupBy, ...]) -> None:
        self.today = today
        given = {name: params[name].strip() for name in self.base_fields if params.get(name, "").strip()}
        given = {"by": GroupBy.DAY.value, "show": ChartMeasure.COMMISSION.value} | given
        if "since" in given or "until" in given:
            given.pop("period", None)
        else:
            given.setdefault("period", DEFAULT_PRESET.value)
        super().__init__(given)
        by, show = self.fields["by"], self.fields["show"]
        assert isinstance(by, forms.ChoiceField)
        assert isinstance(show, forms.ChoiceField)
        show.choices = [(measure.value, capfirst(measure.label)) for measure in ChartMeasure]
        by.choices = [(grouping.value, capfirst(grouping.label)) for grouping in groupings]

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = self.cleaned_data
        if given.get("period"):
            given["days"] = get_preset_span(Preset(given["period"]), self.today)
        elif given.get("until") and not given.get("since") and "since" not in self.errors:
            raise ValidationError({"since": _("Enter the first day, too.")})
        elif given.get("since") and "until" not in self.errors:
            given["days"] = build_span(given["since"], given.get("until") or max(self.today, given["since"]))
        return given


class PeriodLink(NamedTuple):
    """A link to the same report over another period."""

    label: str
    query: str
    current: bool


@dataclass(frozen=True)
class ReportQuery:
    """A valid query. `preset` is None if days were named; `affiliate` is None for all of them."""

    by: GroupBy
    days: Span
    preset: Preset | None
    show: ChartMeasure
    affiliate: Affiliate | None = None
    # Further parameters of the address.
    extra_params: tuple[tuple[str, str], ...] = ()

    def build_query_string(self, **changes: str) -> str:
        """Return the query as a query string, with `changes` applied."""
        days = {"since": self.days.first.isoformat(), "until": self.days.last.isoformat()}
        period = {"period": changes.get("period") or self.preset} if "period" in changes or self.preset else days
        return urlencode(period | {"by": self.by.value, "show": self.show.value} | dict(self.extra_params) | changes)

    def list_periods(self) -> list[PeriodLink]:
        """Return a link for each preset, with everything else unchanged."""
        return [
            PeriodLink(str(preset.label), self.build_query_string(period=preset.value), preset is self.preset)
            for preset in Preset
        ]


def build_query(
    form: ReportForm, affiliate: Affiliate | None, extra_params: tuple[tuple[str, str], ...] = ()
) -> ReportQuery | None:
    """Return the query of the form; None if the form is invalid and shows its errors."""
    if not form.is_valid():
        return None
    given = form.cleaned_data
    preset = Preset(given["period"]) if given["period"] else None
    return ReportQuery(
        GroupBy(given["by"]), given["days"], preset, ChartMeasure(given["show"]), affiliate, extra_params
    )
