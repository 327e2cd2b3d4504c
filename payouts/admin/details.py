"""Payout details, masked, and payout holds in the admin."""

from django import forms
from django.contrib import admin
from django.db.models import Q
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from affiliates.admin_fields import AffiliateField
from affiliates.affiliate_filter import AffiliateSearchMixin
from lib.admin.actions import ReasonForm
from lib.admin.bases import ReadOnlyAdmin, cache_on_row
from lib.admin.pages import build_admin_link
from lib.admin.staff_action import StaffAction
from payouts.admin import money_facts
from payouts.admin.bases import build_reason_field
from payouts.commissions import holds
from payouts.models import PayoutDetails, PayoutHold
from payouts.payout_details import details

STAFF_SOURCE = "staff"


@admin.register(PayoutDetails)
class PayoutDetailsAdmin(AffiliateSearchMixin, ReadOnlyAdmin):
    list_display = ("affiliate", "method", "masked", "country", "entered_at", "usable_from", "confirmation")
    list_filter = ("method",)
    list_select_related = ("affiliate",)
    search_fields = ("affiliate__code", "affiliate__name")
    sortable_by = ()
    # Without ciphertext and fingerprint, which no one needs to see.
    fields = (
        "affiliate", "method", "masked", "account_country", "holder", "entered_at", "entered_by", "confirmation",
        "confirmed_at", "usable_from", "shared_with",
    )  # fmt: skip
    readonly_fields = fields

    @admin.display(description=gettext_lazy("country of the account"))
    def account_country(self, row: PayoutDetails) -> str:
        if not row.is_abroad():
            return row.country.name or "-"
        return _("%(country)s (the affiliate is in %(other)s)") % {
            "country": row.country.name,
            "other": row.affiliate.country.name,
        }

    @admin.display(description=gettext_lazy("same account as"))
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
    reason = build_reason_field()


@admin.register(PayoutHold)
class PayoutHoldAdmin(AffiliateSearchMixin, ReadOnlyAdmin):
    list_display = ("affiliate", "reason", "placed_at", "placed_by", "ends_at", "released_at")
    list_filter = (("released_at", admin.EmptyFieldListFilter),)
    list_select_related = ("affiliate", "placed_by")
    search_fields = ("affiliate__code", "affiliate__name")
    fields = ("affiliate", "reason", "source", "placed_at", "placed_by", "ends_at", "released_at", "released_by")
    readonly_fields = fields
    actions_list = ("hold",)
    actions_detail = ("release",)

    hold = StaffAction(
        gettext_lazy("Hold payouts"),
        permission="payouts.release_payouthold",
        form=HoldForm,
        do=lambda _row, answers, now, by: holds.hold_payouts(source=STAFF_SOURCE, now=now, by=by, **answers),
        title=gettext_lazy("Hold an affiliate's payouts"),
        explanation=gettext_lazy("The affiliate is paid nothing until the hold is released."),
        facts=lambda _row, answers: money_facts.list_hold_facts(answers["affiliate"]),
        success=gettext_lazy("Payouts held."),
    )
    release = StaffAction(
        gettext_lazy("Release"),
        permission="payouts.release_payouthold",
        rows=Q(released_at=None),
        form=ReasonForm,
        do=lambda hold, answers, now, by: holds.release_payouts(
            affiliate=hold.affiliate, source=hold.source, now=now, by=by, **answers
        ),
        title=gettext_lazy("Release this hold"),
        explanation=gettext_lazy("The next month-end close pays the affiliate again."),
        facts=lambda hold, _answers: money_facts.list_release_facts(hold),
        two_steps=True,
        success=gettext_lazy("Hold released."),
    )
