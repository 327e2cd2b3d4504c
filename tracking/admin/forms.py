"""Forms of the admin of tracking."""

from typing import TYPE_CHECKING

from django import forms
from django.utils.translation import gettext_lazy as _
from unfold.widgets import (
    UnfoldAdminSplitDateTimeWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
)

from affiliates.admin_fields import AffiliateField
from tracking.links.addresses import MAX_LENGTH

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise


def build_text_field(label: "StrOrPromise", max_length: int = 100, *, required: bool = False) -> forms.CharField:
    """Return a single-line text field."""
    return forms.CharField(label=label, max_length=max_length, required=required, widget=UnfoldAdminTextInputWidget)


class LinkUpdateForm(forms.Form):
    target = build_text_field(_("Destination URL"), MAX_LENGTH, required=True)
    name = build_text_field(_("Name"))
    own_name = build_text_field(_("Name in the address"), 200)
    sub1 = build_text_field(_("Sub-ID 1"))
    sub2 = build_text_field(_("Sub-ID 2"))
    sub3 = build_text_field(_("Sub-ID 3"))
    sub4 = build_text_field(_("Sub-ID 4"))
    sub5 = build_text_field(_("Sub-ID 5"))


class LinkCreateForm(LinkUpdateForm):
    affiliate = AffiliateField()
    field_order = ("affiliate", "target", "name", "own_name")


class CouponAssignForm(forms.Form):
    affiliate = AffiliateField()
    code = build_text_field(_("Coupon code"), 200, required=True)
    assigned_from = forms.SplitDateTimeField(
        label=_("Assigned from (UTC)"),
        required=False,
        widget=UnfoldAdminSplitDateTimeWidget,
        help_text=_("Applies to orders placed from then. If empty, from now."),
    )
    reason = forms.CharField(
        label=_("Reason"),
        max_length=2000,
        required=False,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 4}),
        help_text=_(
            "Required if the assignment starts in the past, because it then credits past orders to the affiliate. Kept in"
            " the audit trail."
        ),
    )
