"""Single payouts: cancelled before they are sent, issued anew after they came back."""

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from lib.admin.actions import ReasonForm
from lib.admin.bases import cache_on_row
from lib.admin.pages import build_admin_links, run_row_action
from lib.typed import action
from payouts.admin.bases import MoneyAdmin, build_amount_column
from payouts.disbursement import payout_transitions
from payouts.disbursement.approval import UNSENT_STATES
from payouts.ledger import journal
from payouts.models import Payout


@admin.register(Payout)
class PayoutAdmin(MoneyAdmin):
    list_display = ("reference", "affiliate", "amount_display", "state", "details", "batch", "created_at")
    list_filter = ("state", "details__method", "batch")
    list_select_related = ("affiliate", "details", "batch")
    search_fields = ("reference", "affiliate__code", "affiliate__name")
    fields = (
        "reference", "affiliate", "amount_display", "state", "details", "batch", "statement", "replaces", "created_at",
        "sent_at", "paid_at", "returned_at", "failure", "returned_statement", "ledger_transactions",
    )  # fmt: skip
    readonly_fields = fields
    actions_detail = ("hold", "cancel", "reissue")
    amount_display = build_amount_column("amount", gettext_lazy("amount"))

    @admin.display(description=gettext_lazy("booked by"))
    @cache_on_row
    def ledger_transactions(self, row: Payout) -> SafeString | str:
        return build_admin_links(journal.list_payout_transactions(row))

    def has_cancel_permission(self, request: HttpRequest, object_id: str = "") -> bool:
        return self._is_allowed(request, object_id, *UNSENT_STATES)

    def has_hold_permission(self, request: HttpRequest, object_id: str = "") -> bool:
        return self._is_allowed(request, object_id, *UNSENT_STATES) and request.user.has_perm(
            "payouts.release_payouthold"
        )

    def has_reissue_permission(self, request: HttpRequest, object_id: str = "") -> bool:
        return self._is_allowed(request, object_id, Payout.State.FAILED, Payout.State.CANCELLED)

    def _is_allowed(self, request: HttpRequest, object_id: str, *states: str) -> bool:
        if not request.user.has_perm("payouts.return_payout"):
            return False
        return request.method == "POST" or Payout.objects.filter(pk=object_id, state__in=states).exists()

    @action(description=gettext_lazy("Hold"), permissions=["hold"])
    def hold(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Take it back to the balance, and pay the affiliate nothing until the hold is released."""
        return run_row_action(
            self, request, object_id, ReasonForm, _("Hold this payout"),
            lambda row, answers, now, by: payout_transitions.hold(payout=row, reason=answers["reason"], now=now, by=by),
            explanation=_(
                "Its amount goes back to the balance, and nothing is paid to the affiliate until you release the hold."
                " The affiliate reads the reason. The batch needs a new approval."
            ),
        )  # fmt: skip

    @action(description=gettext_lazy("Cancel"), permissions=["cancel"])
    def cancel(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Take it back to the affiliate's balance before it is sent."""
        return run_row_action(
            self, request, object_id, ReasonForm, _("Cancel this payout"),
            lambda row, answers, now, by: payout_transitions.cancel(payout=row, reason=answers["reason"], now=now, by=by),
            explanation=_("Its amount goes back to the balance, and its batch needs a new approval."),
        )  # fmt: skip

    @action(description=gettext_lazy("Issue anew"), permissions=["reissue"])
    def reissue(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Make a new payout of the same amount, to the newest details."""
        return run_row_action(
            self, request, object_id, ReasonForm, _("Issue this payout anew"),
            lambda row, answers, now, by: payout_transitions.reissue(payout=row, reason=answers["reason"], now=now, by=by),
            explanation=_("The new payout goes to the newest details, under its own reference, and needs an approval."),
        )  # fmt: skip
