"""The form for the terms of a draft: each with unit, bounds, help text and its problems."""

from typing import Any

from django import forms
from django.core.validators import MaxValueValidator, MinValueValidator
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from agreements import version_drafts
from agreements.admin import draft_problems
from agreements.admin.units import UnitInput
from agreements.models import AgreementVersion
from agreements.program_currency import TWO_DECIMAL_CURRENCIES
from agreements.terms import TERMS, Unit, get_column
from lib.time_zones import is_time_zone

UNIT_LABELS = {
    Unit.PERCENT: "%",
    Unit.DAYS: gettext_lazy("days"),
    Unit.YEARS: gettext_lazy("years"),
    Unit.ORDERS: gettext_lazy("orders"),
    Unit.DAY_OF_MONTH: gettext_lazy("of the month"),
}

TERM_GROUPS: dict[Any, tuple[Any, ...]] = {
    gettext_lazy("Program"): (("currency", "time_zone"),),
    gettext_lazy("Commission"): (
        ("rate_floor", "rate_ceiling"),
        ("attribution_days", "validation_days"),
        "order_commission_cap",
    ),
    gettext_lazy("Payment"): (("payout_minimum", "close_day"), "payout_details_hold_days"),
    gettext_lazy("Sales target"): (("target_orders", "target_days"), "target_cure_days"),
    gettext_lazy("Reviews and appeals"): (("reply_days", "review_days"), "appeal_days"),
    gettext_lazy("Notice periods and retention"): (
        ("change_notice_days", "termination_notice_days"),
        "retention_years",
    ),
}
"""{heading: fields}; fields in a tuple share a line."""


class DraftForm(forms.ModelForm):  # type: ignore[type-arg]  # generic for the type checker only
    """The terms of a draft."""

    class Meta:
        model = AgreementVersion
        fields = ("name", *TERMS)
        help_texts = {name: term.help for name, term in TERMS.items()}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, field in self.fields.items():
            if name in TERMS and TERMS[name].unit is not Unit.WORD:
                field.widget = _build_unit_input(name, self.instance.currency)
            for cause in draft_problems.list_causes(self.instance, name):
                field.help_text = format_html('{} <strong class="draft-problem">{}</strong>', field.help_text, cause)

    def clean(self) -> dict[str, Any]:
        answers: dict[str, Any] = super().clean() or {}
        floor, ceiling = answers.get("rate_floor"), answers.get("rate_ceiling")
        if floor is not None and ceiling is not None and floor > ceiling:
            self.add_error("rate_floor", _("The lowest rate is higher than the highest rate."))
        if "currency" in answers and answers["currency"] not in TWO_DECIMAL_CURRENCIES:
            self.add_error("currency", _("Enter the ISO 4217 code of a currency with two decimals, such as USD."))
        if "time_zone" in answers and not is_time_zone(answers["time_zone"]):
            self.add_error("time_zone", _("Enter the name of a time zone, such as Europe/Berlin."))
        for name, cause in version_drafts.find_changed_fixed_terms(answers):
            self.add_error(name, cause)
        return answers


def _build_unit_input(term: str, currency: str) -> UnitInput:
    """Return a number input with the term's unit and bounds."""
    unit = TERMS[term].unit
    attrs: dict[str, Any] = {"step": "0.01" if unit in (Unit.PERCENT, Unit.MONEY) else "1"}
    for validator in get_column(term).validators:
        if isinstance(validator, MinValueValidator):
            attrs["min"] = validator.limit_value
        elif isinstance(validator, MaxValueValidator):
            attrs["max"] = validator.limit_value
    return UnitInput(currency if unit is Unit.MONEY else UNIT_LABELS[unit], attrs)
