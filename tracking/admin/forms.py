"""The forms of the room's admin."""

from django import forms
from django.utils.translation import gettext_lazy as _
from unfold.widgets import (
    UnfoldAdminSplitDateTimeWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
)

from affiliates.admin_fields import AffiliateField
from tracking.links.addresses import MOST_CHARACTERS


def text(label: object, most: int = 100, *, required: bool = False) -> forms.CharField:
    """A line of text."""
    return forms.CharField(label=label, max_length=most, required=required, widget=UnfoldAdminTextInputWidget)  # type: ignore[arg-type]  # a lazy text


class ChangeForm(forms.Form):
    """Where a link leads, and what it is called."""

    target = text(_("Leads to"), MOST_CHARACTERS, required=True)
    name = text(_("Name"))
    sub1 = text(_("Sub-id 1"))
    sub2 = text(_("Sub-id 2"))
    sub3 = text(_("Sub-id 3"))
    sub4 = text(_("Sub-id 4"))
    sub5 = text(_("Sub-id 5"))


class MakeForm(ChangeForm):
    """A link for an affiliate."""

    affiliate = AffiliateField()
    field_order = ("affiliate", "target", "name")


class BindForm(forms.Form):
    """A coupon for an affiliate."""

    affiliate = AffiliateField()
    code = text(_("Coupon"), 64, required=True)
    bound_from = forms.SplitDateTimeField(
        label=_("Bound from (UTC)"),
        required=False,
        widget=UnfoldAdminSplitDateTimeWidget,
        help_text=_("Orders placed from then on. Left empty: from the affiliate's first acceptance of the agreement."),
    )
    reason = forms.CharField(
        label=_("Reason"),
        max_length=2000,
        required=False,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 4}),
        help_text=_("Needed where it begins in the past. Kept in the audit record."),
    )
