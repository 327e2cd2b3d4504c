"""Coupons in the admin, where staff assign and unassign them."""

from datetime import datetime

from django.contrib import admin
from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from affiliates.admin_fields import list_affiliate_facts
from affiliates.affiliate_filter import match_affiliate
from lib.admin.actions import ReasonForm
from lib.admin.bases import ReadOnlyAdmin
from lib.admin.confirmation import Fact
from lib.admin.staff_action import StaffAction
from lib.formatting import format_datetime
from lib.text import fold_code
from tracking.admin.forms import CouponAssignForm
from tracking.links import coupons
from tracking.models import Coupon


def _list_unassign_facts(coupon: Coupon) -> list[Fact]:
    """Return whose coupon it is, and what becomes of later orders with it."""
    return [
        *list_affiliate_facts(coupon.affiliate),
        Fact(gettext_lazy("Coupon"), coupon.code),
        Fact(
            gettext_lazy("Orders placed from now on"),
            _("The code credits no one. An order that also has a click is credited to the affiliate of the click."),
        ),
    ]


@admin.register(Coupon)
class CouponAdmin(ReadOnlyAdmin):
    ordering = ("key", "assigned_from", "-pk")
    list_display = ("code", "affiliate", "starts_at", "ends_at", "created_at")
    list_filter = (("assigned_until", admin.EmptyFieldListFilter),)
    list_select_related = ("affiliate",)
    search_fields = ("code", "affiliate__code", "affiliate__name")
    fields = ("code", "affiliate", "starts_at", "ends_at", "created_at")
    readonly_fields = fields
    actions = ("unassign_selected",)
    actions_list = ("assign",)
    actions_detail = ("unassign",)

    assign = StaffAction(
        gettext_lazy("Assign a coupon"),
        permission="tracking.add_coupon",
        form=CouponAssignForm,
        do=lambda _row, answers, now, by: coupons.assign_coupon(
            **{**answers, "assigned_from": answers["assigned_from"] or now}, now=now, by=by
        ),
        success=lambda coupon: (
            _("Coupon %(code)s assigned to %(affiliate)s for orders placed from %(start)s.")
            % {
                "code": coupon.code,
                "affiliate": coupon.affiliate,
                "start": format_datetime(coupon.assigned_from),
            }
        ),
        icon="add",
    )
    unassign = StaffAction(
        gettext_lazy("Unassign"),
        permission="tracking.change_coupon",
        rows=Q(assigned_until=None),
        form=ReasonForm,
        do=lambda coupon, answers, now, by: coupons.unassign_coupon(coupon=coupon, now=now, by=by, **answers),
        title=lambda coupon: _("Unassign %s") % coupon,
        explanation=gettext_lazy("Orders placed before now stay with the affiliate."),
        facts=lambda coupon, _answers: _list_unassign_facts(coupon),
        two_steps=True,
        success=lambda coupon: _("Coupon %s unassigned.") % coupon,
        list_label=gettext_lazy("Unassign coupons"),
        list_title=gettext_lazy("Unassign %s"),
        list_success=lambda count: (
            ngettext("%(count)d coupon unassigned.", "%(count)d coupons unassigned.", count) % {"count": count}
        ),
        icon="link_off",
        variant="danger",
    )

    def build_search(self, text: str) -> Q:
        return Q(key__startswith=fold_code(text)) | match_affiliate(text)

    @admin.display(description=gettext_lazy("assigned from"), ordering="assigned_from")
    def starts_at(self, coupon: Coupon) -> str:
        return format_datetime(coupon.assigned_from) if coupon.assigned_from else _("the first acceptance")

    @admin.display(description=gettext_lazy("assigned until"), ordering="assigned_until")
    def ends_at(self, coupon: Coupon) -> datetime | None:
        return coupon.ends_at
