"""Coupons in the admin: bound and unbound here, and nowhere else by hand."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.decorators import action

from accounts.staff import staff_member
from lib.admin.actions import ReasonForm, apply_to_each, describe_rows, run_action
from lib.admin.bases import ReadOnlyAdmin
from tracking.admin.forms import CouponAssignForm
from tracking.links import coupons
from tracking.models import Coupon


@admin.register(Coupon)
class CouponAdmin(ReadOnlyAdmin):
    list_display = ("code", "affiliate", "assigned_from", "assigned_until", "created_at")
    list_filter = (("assigned_until", admin.EmptyFieldListFilter),)
    list_select_related = ("affiliate",)
    search_fields = ("code", "affiliate__code", "affiliate__name")
    fields = ("code", "affiliate", "assigned_from", "assigned_until", "created_at")
    actions = ("unassign_selected",)
    actions_list = ("assign",)
    actions_detail = ("unassign",)

    def has_assign_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        return request.user.has_perm("tracking.add_coupon")

    def has_unassign_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        if not request.user.has_perm("tracking.change_coupon"):
            return False
        return object_id is None or Coupon.objects.filter(pk=object_id, assigned_until__isnull=True).exists()

    @action(description=gettext_lazy("Bind a coupon"), permissions=["assign"], icon="add")  # type: ignore[untyped-decorator]  # unfold has no types
    def assign(self, request: HttpRequest) -> HttpResponse:
        def do(given: dict[str, Any]) -> None:
            coupons.assign_coupon(**given, now=timezone.now(), by=staff_member(request))

        back = reverse("admin:tracking_coupon_changelist")
        return run_action(request, self, CouponAssignForm, _("Bind a coupon"), do, back)

    @action(description=gettext_lazy("Unbind"), permissions=["unassign"], icon="link_off", variant="danger")  # type: ignore[untyped-decorator]  # unfold has no types
    def unassign(self, request: HttpRequest, object_id: str) -> HttpResponse:
        back = reverse("admin:tracking_coupon_change", args=[object_id])
        return self._unassign(request, Coupon.objects.filter(pk=object_id), back)

    @admin.action(description=gettext_lazy("Unbind the coupons"), permissions=["unassign"])
    def unassign_selected(self, request: HttpRequest, queryset: QuerySet[Coupon]) -> HttpResponse:
        return self._unassign(request, queryset, reverse("admin:tracking_coupon_changelist"))

    def _unassign(self, request: HttpRequest, chosen: QuerySet[Coupon], back: str) -> HttpResponse:
        def do(coupon: Coupon, given: dict[str, Any]) -> None:
            coupons.unassign_coupon(coupon=coupon, now=timezone.now(), by=staff_member(request), reason=given["reason"])

        return run_action(
            request,
            self,
            ReasonForm,
            _("Unbind %(what)s") % {"what": describe_rows(chosen)},
            apply_to_each(chosen.select_related("affiliate"), do),
            back,
            explanation=_("Orders that were placed before stay the affiliate's."),
        )
