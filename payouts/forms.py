"""Forms of the money pages."""

from django import forms
from django.utils.translation import gettext_lazy as _

from agreements.program_currency import get_program_currency
from payouts.models import PayoutDetails
from payouts.payout_details.methods import METHODS


class DetailsForm(forms.Form):
    """New payout details; `payouts.payout_details.details` checks the account."""

    method = forms.ChoiceField(label=_("How do you want to be paid?"), choices=PayoutDetails.Method.choices)
    account = forms.CharField(
        label=_("Account"),
        max_length=254,
        strip=True,
        help_text=_("For PayPal the e-mail address, for SEPA the IBAN, else the account as your bank writes it."),
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    holder = forms.CharField(
        label=_("Account holder"), max_length=140, widget=forms.TextInput(attrs={"autocomplete": "name"})
    )

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]  # a form's own arguments, passed through
        currency = get_program_currency()
        offered = [
            (code, label)
            for code, label in PayoutDetails.Method.choices
            if not METHODS[code].get_currency_error(currency)
        ]
        field = self.fields["method"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = offered
