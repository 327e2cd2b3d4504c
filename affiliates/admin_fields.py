"""What admin pages about affiliates share: choosing one in a form, the color of a state, a link to a channel."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.widgets import UnfoldAdminTextInputWidget

from affiliates.models import Affiliate

STATE_COLORS = {
    "applied": "warning",
    "approved": "info",
    "active": "success",
    "suspended": "warning",
    "leaving": "warning",
    "terminated": "danger",
    "rejected": "danger",
    "pending": "warning",
}
_LINK = (
    '<a class="text-primary-600 underline dark:text-primary-500" href="{}" '
    'target="_blank" rel="noopener noreferrer nofollow">{}</a>'
)


def render_link(address: str) -> SafeString:
    """A channel to look at: in a new tab, which learns nothing of the admin."""
    return format_html(_LINK, address, address)


class AffiliateField(forms.CharField):
    """An affiliate by code: a list to choose from would be as long as the program."""

    widget = UnfoldAdminTextInputWidget

    def __init__(self) -> None:
        super().__init__(label=gettext_lazy("Affiliate's code"), max_length=32)

    def clean(self, value: Any) -> Any:
        code = super().clean(value)
        affiliate = Affiliate.objects.select_related("user").filter(code__iexact=code).first()
        if affiliate is None:
            raise ValidationError(_("No affiliate has this code."))
        return affiliate
