"""Forms of the payout pages."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from agreements.program_currency import get_program_currency
from payouts.models import PayoutDetails
from payouts.payout_details import details


class DetailsForm(forms.Form):
    """New payout details; `payouts.payout_details.details` validates the account."""

    method = forms.ChoiceField(label=_("Payout method"), choices=PayoutDetails.Method.choices)
    account = forms.CharField(
        label=_("Account"),
        max_length=254,
        strip=True,
        help_text=_("PayPal: your e-mail address. SEPA: your IBAN. Bank transfer: the account as your bank writes it."),
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    holder = forms.CharField(
        label=_("Account holder"), max_length=140, widget=forms.TextInput(attrs={"autocomplete": "name"})
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        currency = get_program_currency()
        offered = [
            (code, label)
            for code, label in PayoutDetails.Method.choices
            if not details.get_method_error(code, currency)
        ]
        field = self.fields["method"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = offered
