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
from lib.admin.actions import ReasonForm, for_each, named, run_action
from lib.admin.bases import ReadOnlyAdmin
from tracking.admin.forms import BindForm
from tracking.links import coupons
from tracking.models import Coupon


@admin.register(Coupon)
class CouponAdmin(ReadOnlyAdmin):
    list_display = ("code", "affiliate", "bound_from", "bound_until", "created_at")
    list_filter = (("bound_until", admin.EmptyFieldListFilter),)
    list_select_related = ("affiliate",)
    search_fields = ("code", "affiliate__code", "affiliate__name")
    fields = ("code", "affiliate", "bound_from", "bound_until", "created_at")
    actions = ("unbind_selected",)
    actions_list = ("bind",)
    actions_detail = ("unbind",)

    def has_bind_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        return request.user.has_perm("tracking.add_coupon")

    def has_unbind_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        if not request.user.has_perm("tracking.change_coupon"):
            return False
        return object_id is None or Coupon.objects.filter(pk=object_id, bound_until__isnull=True).exists()

    @action(description=gettext_lazy("Bind a coupon"), permissions=["bind"], icon="add")  # type: ignore[untyped-decorator]  # unfold has no types
    def bind(self, request: HttpRequest) -> HttpResponse:
        def do(given: dict[str, Any]) -> None:
            coupons.bind(**given, now=timezone.now(), by=staff_member(request))

        back = reverse("admin:tracking_coupon_changelist")
        return run_action(request, self, BindForm, _("Bind a coupon"), do, back)

    @action(description=gettext_lazy("Unbind"), permissions=["unbind"], icon="link_off", variant="danger")  # type: ignore[untyped-decorator]  # unfold has no types
    def unbind(self, request: HttpRequest, object_id: str) -> HttpResponse:
        back = reverse("admin:tracking_coupon_change", args=[object_id])
        return self._unbind(request, Coupon.objects.filter(pk=object_id), back)

    @admin.action(description=gettext_lazy("Unbind the coupons"), permissions=["unbind"])
    def unbind_selected(self, request: HttpRequest, queryset: QuerySet[Coupon]) -> HttpResponse:
        return self._unbind(request, queryset, reverse("admin:tracking_coupon_changelist"))

    def _unbind(self, request: HttpRequest, chosen: QuerySet[Coupon], back: str) -> HttpResponse:
        def do(coupon: Coupon, given: dict[str, Any]) -> None:
            coupons.unbind(coupon=coupon, now=timezone.now(), by=staff_member(request), reason=given["reason"])

        return run_action(
            request,
            self,
            ReasonForm,
            _("Unbind %(what)s") % {"what": named(chosen)},
            for_each(chosen.select_related("affiliate"), do),
            back,
            explanation=_("Orders that were placed before stay the affiliate's."),
        )
