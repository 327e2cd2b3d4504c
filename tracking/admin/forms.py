"""The forms of the room's admin."""

from django import forms
from django.utils.translation import gettext_lazy as _
from unfold.widgets import (
    UnfoldAdminSplitDateTimeWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
)

from affiliates.admin_fields import AffiliateField
from tracking.links.addresses import MAX_LENGTH


def build_text_field(label: object, most: int = 100, *, required: bool = False) -> forms.CharField:
    """A line of text."""
    return forms.CharField(label=label, max_length=most, required=required, widget=UnfoldAdminTextInputWidget)  # type: ignore[arg-type]  # a lazy text


class LinkUpdateForm(forms.Form):
    """Where a link leads, and what it is called."""

    target = build_text_field(_("Leads to"), MAX_LENGTH, required=True)
    name = build_text_field(_("Name"))
    sub1 = build_text_field(_("Sub-id 1"))
    sub2 = build_text_field(_("Sub-id 2"))
    sub3 = build_text_field(_("Sub-id 3"))
    sub4 = build_text_field(_("Sub-id 4"))
    sub5 = build_text_field(_("Sub-id 5"))


class LinkCreateForm(LinkUpdateForm):
    """A link for an affiliate."""

    affiliate = AffiliateField()
    field_order = ("affiliate", "target", "name")


class CouponAssignForm(forms.Form):
    """A coupon for an affiliate."""

    affiliate = AffiliateField()
    code = build_text_field(_("Coupon"), 64, required=True)
    assigned_from = forms.SplitDateTimeField(
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
