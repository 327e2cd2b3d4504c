"""Forms of an affiliate's link pages. Their values are validated by `tracking.links`."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.forms import BoundField
from django.utils.text import Truncator
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from tracking.links import deep_links
from tracking.links.addresses import MAX_LENGTH
from tracking.links.link_fields import MAX_TEXT_LENGTH, SUB_IDS
from tracking.models import Link


class SubIdForm(forms.Form):
    """A form with five sub-IDs, which its page shows on demand."""

    sub1 = forms.CharField(
        label=_("Sub-ID 1"),
        max_length=MAX_TEXT_LENGTH,
        required=False,
        help_text=_("Use up to five labels of your own, such as a page or newsletter. You can group reports by them."),
    )
    sub2 = forms.CharField(label=_("Sub-ID 2"), max_length=MAX_TEXT_LENGTH, required=False)
    sub3 = forms.CharField(label=_("Sub-ID 3"), max_length=MAX_TEXT_LENGTH, required=False)
    sub4 = forms.CharField(label=_("Sub-ID 4"), max_length=MAX_TEXT_LENGTH, required=False)
    sub5 = forms.CharField(label=_("Sub-ID 5"), max_length=MAX_TEXT_LENGTH, required=False)

    @property
    def main_fields(self) -> list[BoundField]:
        return [field for field in self.visible_fields() if field.name not in SUB_IDS]

    @property
    def sub_id_fields(self) -> list[BoundField]:
        return [self[name] for name in SUB_IDS]

    @property
    def has_sub_ids(self) -> bool:
        """Return whether a sub-ID is filled in or wrong, so that they have to be seen."""
        return any(self[name].value() or self[name].errors for name in SUB_IDS)

    def get_sub_ids(self) -> tuple[str, ...]:
        return tuple(self.cleaned_data[name] for name in SUB_IDS)


class LinkForm(SubIdForm):
    target = forms.CharField(label=_("Destination URL"), max_length=MAX_LENGTH, widget=forms.URLInput)
    name = forms.CharField(
        label=_("Name"),
        max_length=MAX_TEXT_LENGTH,
        required=False,
        help_text=_(
            "Shown only to you, in lists and reports. Without one, the link is listed by the page it leads to."
        ),
    )
    own_name = forms.CharField(label=_("Name in the address"), max_length=200, required=False)
    field_order = ("target", "name", "own_name")

    def __init__(self, *args: Any, hosts: frozenset[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["target"].help_text = describe_hosts(hosts)
        self.fields["own_name"].help_text = gettext(
            "For a tracking link that people can remember, such as %(example)s: 3 to 40 letters, digits and hyphens. If"
            " you change the name later, addresses with the old one still lead here."
        ) % {"example": f"{settings.CLICK_BASE_URL}/r/anna-garden".partition("//")[2]}

    def get_link_fields(self) -> dict[str, Any]:
        """Return the keyword arguments for `create_link` and `update_link`."""
        data = self.cleaned_data
        return {name: data[name] for name in ("target", "name", "own_name")} | {"sub_ids": self.get_sub_ids()}


class BuilderForm(SubIdForm):
    """The deep-link builder: a page of the shop, and the link that counts the clicks."""

    url = forms.CharField(label=_("Page of the shop"), max_length=MAX_LENGTH, widget=forms.URLInput)
    link = forms.ModelChoiceField(
        Link.objects.none(),
        label=_("Tracking link"),
        empty_label=_("Choose a link"),
        help_text=_("Clicks and orders of the deep link count for this link."),
        error_messages={
            "invalid_choice": _("Choose one of your links."),
            "required": _("Choose the link that the clicks and orders count for."),
        },
    )
    field_order = ("url", "link")

    def __init__(self, *args: Any, links: Sequence[Link], hosts: frozenset[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["url"].help_text = describe_hosts(hosts)
        field = self.fields["link"]
        assert isinstance(field, forms.ModelChoiceField)
        field.queryset = Link.objects.filter(pk__in=[link.pk for link in links])
        # A link is preselected only if there is no other choice: clicks must not count for a link that no one chose.
        nothing = [] if len(links) == 1 else [("", field.empty_label)]
        field.choices = [*nothing, *((link.pk, _describe_link(link)) for link in links)]
        self.deep_link = ""

    def clean(self) -> dict[str, Any]:
        """Build the deep link."""
        data = super().clean() or {}
        if self.errors:
            return data
        try:
            self.deep_link = deep_links.build_deep_link(data["link"], page=data["url"], sub_ids=self.get_sub_ids())
        except ValidationError as error:
            self.add_error(None, error)
        return data


class BulkForm(SubIdForm):
    """Many links at once; name and sub-IDs are those of all of them."""

    addresses = forms.CharField(
        label=_("Pages of the shop, one address on each line"),
        widget=forms.Textarea(attrs={"rows": 10, "spellcheck": "false", "autocapitalize": "off"}),
        strip=False,
    )
    name = forms.CharField(
        label=_("Name for all of them"),
        max_length=MAX_TEXT_LENGTH,
        required=False,
        help_text=_("Shown only to you. Links without a name are listed by the page they lead to."),
    )
    field_order = ("addresses", "name")

    def __init__(self, *args: Any, hosts: frozenset[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["addresses"].help_text = describe_hosts(hosts)


def _describe_link(link: Link) -> str:
    return f"{Truncator(link.label).chars(60)} ({link.published_code})"


def describe_hosts(hosts: frozenset[str]) -> str:
    """Return a text that names the hosts to which links may lead."""
    if not hosts:
        return gettext("The program has not set the shop's address yet, so no links can be created.")
    return gettext("Enter the full URL of any page on %(hosts)s.") % {"hosts": ", ".join(sorted(hosts))}
