"""Payout details, masked; holds on payouts."""

from django import forms
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.widgets import UnfoldAdminTextareaWidget

from accounts.staff import staff_member
from affiliates.admin_fields import AffiliateField
from lib.admin.actions import ReasonForm, run_action
from lib.admin.bases import ReadOnlyAdmin, cache_on_row
from lib.admin.pages import build_admin_link, build_changelist_url, run_row_action
from lib.typed import action
from payouts.commissions import holds
from payouts.models import PayoutDetails, PayoutHold
from payouts.payout_details import details

STAFF_SOURCE = "staff"


@admin.register(PayoutDetails)
class PayoutDetailsAdmin(ReadOnlyAdmin):
    list_display = ("affiliate", "method", "masked", "entered_at", "usable_from", "confirmation")
    list_filter = ("method",)
    list_select_related = ("affiliate",)
    search_fields = ("affiliate__code", "affiliate__name")
    # Neither ciphertext nor fingerprint: nobody needs to see them.
    fields = (
        "affiliate", "method", "masked", "holder", "entered_at", "entered_by", "confirmation", "confirmed_at",
        "usable_from", "shared_with",
    )  # fmt: skip
    readonly_fields = fields

    @admin.display(description=gettext_lazy("same account"))
    @cache_on_row
    def shared_with(self, row: PayoutDetails) -> SafeString | str:
        return (
            format_html_join(
                ", ", "{}", ((build_admin_link(other.affiliate),) for other in details.list_shared_details(row))
            )
            or "-"
        )


class HoldForm(forms.Form):
    affiliate = AffiliateField()
    reason = forms.CharField(
        label=gettext_lazy("Reason, which the affiliate reads"), max_length=2000, widget=UnfoldAdminTextareaWidget
    )


@admin.register(PayoutHold)
class PayoutHoldAdmin(ReadOnlyAdmin):
    list_display = ("affiliate", "reason", "placed_at", "placed_by", "released_at")
    list_filter = (("released_at", admin.EmptyFieldListFilter),)
    list_select_related = ("affiliate", "placed_by")
    search_fields = ("affiliate__code", "affiliate__name")
    fields = ("affiliate", "reason", "source", "placed_at", "placed_by", "released_at", "released_by")
    readonly_fields = fields
    actions_list = ("hold",)
    actions_detail = ("release",)

    def has_hold_permission(self, request: HttpRequest, object_id: str = "") -> bool:
        return request.user.has_perm("payouts.release_payouthold")

    def has_release_permission(self, request: HttpRequest, object_id: str = "") -> bool:
        held = PayoutHold.objects.filter(pk=object_id, released_at__isnull=True)
        return self.has_hold_permission(request) and (request.method == "POST" or held.exists())

    @action(description=gettext_lazy("Hold payouts"), permissions=["hold"])
    def hold(self, request: HttpRequest) -> HttpResponse:
        """Pay nothing to an affiliate until the hold is released."""
        return run_action(
            request, self, HoldForm, _("Hold an affiliate's payouts"),
            lambda answers: holds.hold_payouts(source=STAFF_SOURCE, now=timezone.now(), by=staff_member(request), **answers),
            build_changelist_url(PayoutHold),
        )  # fmt: skip

    @action(description=gettext_lazy("Release"), permissions=["release"])
    def release(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Let the next close pay again."""
        return run_row_action(
            self, request, object_id, ReasonForm, _("Release this hold"),
            lambda row, answers, now, by: holds.release_payouts(
                affiliate=row.affiliate, source=row.source, now=now, by=by, reason=answers["reason"]
            ),
        )  # fmt: skip
