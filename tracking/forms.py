"""Forms of an affiliate's link pages. Their values are validated by `tracking.links.tracking_links`."""

from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from tracking.links.addresses import MAX_LENGTH
from tracking.links.tracking_links import SUB_IDS


class LinkForm(forms.Form):
    target = forms.CharField(label=_("Destination URL"), max_length=MAX_LENGTH, widget=forms.URLInput)
    name = forms.CharField(
        label=_("Name"),
        max_length=100,
        required=False,
        help_text=_("Shown only to you, in lists and reports."),
    )
    sub1 = forms.CharField(
        label=_("Sub-ID 1"),
        max_length=100,
        required=False,
        help_text=_("Use up to five labels of your own, such as a page or newsletter. You can group reports by them."),
    )
    sub2 = forms.CharField(label=_("Sub-ID 2"), max_length=100, required=False)
    sub3 = forms.CharField(label=_("Sub-ID 3"), max_length=100, required=False)
    sub4 = forms.CharField(label=_("Sub-ID 4"), max_length=100, required=False)
    sub5 = forms.CharField(label=_("Sub-ID 5"), max_length=100, required=False)

    def __init__(self, *args: Any, hosts: frozenset[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if hosts:
            text = gettext("Enter the full URL of any page on %(hosts)s.") % {"hosts": ", ".join(sorted(hosts))}
        else:
            text = gettext("The program has not set the shop's address yet, so no links can be created.")
        self.fields["target"].help_text = text

    def get_link_fields(self) -> dict[str, Any]:
        """Return the keyword arguments for `create_link` and `update_link`."""
        data = self.cleaned_data
        return {"target": data["target"], "name": data["name"], "sub_ids": tuple(data[name] for name in SUB_IDS)}
