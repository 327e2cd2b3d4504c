"""Form field, colors and links that admin pages about affiliates share."""

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
    """Return a link to a channel that opens in a new tab and sends no referrer."""
    return format_html(_LINK, address, address)


class AffiliateField(forms.CharField):
    """An affiliate, entered by code, because a select box would list the whole program."""

    widget = UnfoldAdminTextInputWidget

    def __init__(self) -> None:
        super().__init__(label=gettext_lazy("Affiliate code"), max_length=32)

    def clean(self, value: Any) -> Any:
        code = super().clean(value)
        affiliate = Affiliate.objects.select_related("user").filter(code__iexact=code).first()
        if affiliate is None:
            raise ValidationError(_("No affiliate has this code."))
        return affiliate
