from django import forms
from django.utils.translation import gettext_lazy as _

from affiliates.models import Channel


class ChannelForm(forms.Form):
    """Adds a channel. `affiliates.addresses` validates the address."""

    kind = forms.ChoiceField(label=_("Kind"), choices=[("", _("choose")), *Channel.Kind.choices])
    address = forms.CharField(
        label=_("Address"),
        max_length=500,
        help_text=_("For a newsletter, its archive or sign-up page. For an app, its page in the store."),
        widget=forms.URLInput(attrs={"placeholder": "https://", "autocomplete": "off"}),
    )
