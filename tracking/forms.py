"""The forms of the room's pages: they parse, the domain decides."""

from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from tracking.links.addresses import MAX_LENGTH
from tracking.links.tracking_links import SUB_IDS


class LinkForm(forms.Form):
    """A tracking link to be made or changed."""

    target = forms.CharField(label=_("Leads to"), max_length=MAX_LENGTH, widget=forms.URLInput)
    name = forms.CharField(
        label=_("Name"),
        max_length=100,
        required=False,
        help_text=_("For you alone: what you call it in lists and reports."),
    )
    sub1 = forms.CharField(
        label=_("Sub-id 1"),
        max_length=100,
        required=False,
        help_text=_("Up to five words of your own, such as the page or the newsletter. Reports can be split by them."),
    )
    sub2 = forms.CharField(label=_("Sub-id 2"), max_length=100, required=False)
    sub3 = forms.CharField(label=_("Sub-id 3"), max_length=100, required=False)
    sub4 = forms.CharField(label=_("Sub-id 4"), max_length=100, required=False)
    sub5 = forms.CharField(label=_("Sub-id 5"), max_length=100, required=False)

    def __init__(self, *args: Any, hosts: frozenset[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if hosts:
            text = gettext("Any page of the shop: a whole address on %(hosts)s.") % {"hosts": ", ".join(sorted(hosts))}
        else:
            text = gettext("The program's staff have not named the shop's address yet, so no link can be made.")
        self.fields["target"].help_text = text

    def get_link_fields(self) -> dict[str, Any]:
        """What `tracking.links.tracking_links` takes."""
        given = self.cleaned_data
        return {"target": given["target"], "name": given["name"], "sub_ids": tuple(given[name] for name in SUB_IDS)}
