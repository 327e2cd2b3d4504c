"""Forms of the payout pages."""

from typing import Any

from django import forms
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django_countries import countries

from agreements.program_currency import get_program_currency
from payouts.models import PayoutDetails
from payouts.payout_details import details
from payouts.payout_details.methods.bank.country_rules import CountryRule, get_rule

_TEXT_INPUT = {"autocomplete": "off", "spellcheck": "false"}


class DetailsForm(forms.Form):
    """New payout details; `payouts.payout_details.details` validates the account.

    Labels and help are those of the chosen method and country. `payout-details.js` exchanges them for `texts` when
    another one is chosen.
    """

    method = forms.ChoiceField(label=gettext_lazy("Payout method"), choices=PayoutDetails.Method.choices)
    country = forms.ChoiceField(
        label=gettext_lazy("Country of the account"),
        required=False,
        help_text=gettext_lazy("For bank transfers. It may be another country than your own."),
    )
    bank_code = forms.CharField(max_length=60, required=False, widget=forms.TextInput(attrs=_TEXT_INPUT))
    account = forms.CharField(max_length=254, strip=True, widget=forms.TextInput(attrs=_TEXT_INPUT))
    holder = forms.CharField(
        label=gettext_lazy("Account holder"), max_length=140, widget=forms.TextInput(attrs={"autocomplete": "name"})
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        currency = get_program_currency()
        self._set_choices("country", [("", "-"), *countries])
        self._set_choices(
            "method",
            [
                (code, str(label))
                for code, label in PayoutDetails.Method.choices
                if not details.get_method_error(code, currency)
            ],
        )
        # What is posted names the fields only if it can be chosen.
        method, country = str(self["method"].value() or "paypal"), str(self["country"].value() or "")
        for name, (label, help_text) in _describe_fields(method, get_rule(country)).items():
            self.fields[name].label, self.fields[name].help_text = label, help_text

    @property
    def texts(self) -> dict[str, Any]:
        """Return label and help of `bank_code` and `account` by method, and by country for bank transfers."""
        rules = {code: get_rule(code) for code in countries.countries}
        distinct = list({id(rule): rule for rule in rules.values()}.values())
        places = {id(rule): place for place, rule in enumerate(distinct)}
        return {
            "methods": {code: _describe_fields(code, get_rule("")) for code, _label in PayoutDetails.Method.choices},
            "rules": [_describe_fields(PayoutDetails.Method.BANK, rule) for rule in distinct],
            "countries": {code: places[id(rule)] for code, rule in rules.items()},
        }

    def _set_choices(self, name: str, choices: list[tuple[str, str]]) -> None:
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)
        field.choices = choices


def _describe_fields(method: str, rule: CountryRule) -> dict[str, tuple[str, str]]:
    """Return label and help of the fields that depend on method and country."""
    bank_code = (capfirst(str(rule.bank_label)), _("Bank transfer: %(format)s.") % {"format": rule.bank_format})
    accounts = {"paypal": (_("E-mail address at PayPal"), ""), "sepa": (_("IBAN"), "")}
    bank_account = (capfirst(str(rule.account_label)), f"{capfirst(str(rule.account_format))}.")
    return {"bank_code": bank_code, "account": accounts.get(method, bank_account)}
