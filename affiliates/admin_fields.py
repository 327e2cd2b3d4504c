"""Form fields, colors and links that admin pages about affiliates share."""

from typing import TYPE_CHECKING, Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy

from affiliates.affiliate_search import MAX_LENGTH, find_affiliate
from affiliates.models import Affiliate
from lib.admin.confirmation import Fact
from lib.admin.picker import PickerInput

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

# The view that suggests affiliates to staff who may see them.
PICKER_URL = "admin:affiliates_affiliate_suggest"

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


def list_affiliate_facts(affiliate: Affiliate) -> list[Fact]:
    """Return who an action is about."""
    return [
        Fact(gettext_lazy("Affiliate"), str(affiliate)),
        Fact(gettext_lazy("E-mail"), affiliate.email),
        Fact(gettext_lazy("State"), affiliate.state_text),
    ]


class AffiliateField(forms.CharField):
    """An affiliate, found by code, e-mail address or name: a select box would list the whole program."""

    def __init__(self, *, required: bool = True) -> None:
        super().__init__(
            label=gettext_lazy("Affiliate"),
            max_length=MAX_LENGTH,
            required=required,
            widget=PickerInput(PICKER_URL),
            help_text=gettext_lazy("Code, e-mail address or name."),
        )

    def clean(self, value: Any) -> Any:
        """Return the affiliate, or None for an empty field that is not required."""
        text = super().clean(value)
        return find_affiliate(text) if text else None

    def prepare_value(self, value: Any) -> Any:
        """Return the code of an affiliate, which is what the field shows."""
        return value.code if isinstance(value, Affiliate) else value


class AffiliatesField(forms.CharField):
    """Several affiliates, separated by commas, each found as in `AffiliateField`; none if the field is empty."""

    def __init__(self, *, help_text: "StrOrPromise") -> None:
        super().__init__(
            label=gettext_lazy("Affiliates"),
            max_length=20_000,
            required=False,
            widget=PickerInput(PICKER_URL, several=True),
            help_text=help_text,
        )

    def clean(self, value: Any) -> Any:
        """Return the affiliates, each once."""
        texts = [text for text in super().clean(value).split(",") if text.strip()]
        found: dict[Any, Affiliate] = {}
        for text in texts:
            try:
                affiliate = find_affiliate(text)
            except ValidationError as error:
                raise ValidationError([f"{text.strip()}: {message}" for message in error.messages]) from None
            found[affiliate.pk] = affiliate
        return list(found.values())
