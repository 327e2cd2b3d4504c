"""The terms of a draft as a form: each with its unit, its bounds, one line of help, and what has to be mended."""

from typing import Any

from django import forms
from django.core.validators import MaxValueValidator, MinValueValidator
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from agreements import version_drafts
from agreements.admin import draft_problems
from agreements.admin.units import UnitInput
from agreements.currencies import TWO_DECIMALS
from agreements.models import AgreementVersion
from agreements.terms import TERMS, Unit

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
    gettext_lazy("Notice, and how long things are kept"): (
        ("change_notice_days", "termination_notice_days"),
        "retention_years",
    ),
}
"""The terms under their headings, two in a line."""


class DraftForm(forms.ModelForm):  # type: ignore[type-arg]  # generic for the type checker only
    """The terms of a draft; every bound of CONTRACT 2 is said beside its field."""

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
            self.add_error("rate_floor", _("The lowest rate is above the highest."))
        if "currency" in answers and answers["currency"] not in TWO_DECIMALS:
            self.add_error("currency", _("Not an ISO 4217 code of a currency with two decimals."))
        if "time_zone" in answers and not version_drafts.is_time_zone(answers["time_zone"]):
            self.add_error("time_zone", _("Not the name of a time zone, such as Europe/Berlin."))
        return answers


def _build_unit_input(term: str, currency: str) -> UnitInput:
    """A box for a term with its unit beside it, and its bounds for the browser."""
    unit = TERMS[term].unit
    attrs: dict[str, Any] = {"step": "0.01" if unit in (Unit.PERCENT, Unit.MONEY) else "1"}
    for validator in AgreementVersion._meta.get_field(term).validators:  # type: ignore[union-attr]  # a column, not a relation
        if isinstance(validator, MinValueValidator):
            attrs["min"] = validator.limit_value
        elif isinstance(validator, MaxValueValidator):
            attrs["max"] = validator.limit_value
    return UnitInput(currency if unit is Unit.MONEY else UNIT_LABELS[unit], attrs)
