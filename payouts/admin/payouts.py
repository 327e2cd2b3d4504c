"""Single payouts in the admin: held or cancelled before they are sent, paid again after they came back."""

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.widgets import UnfoldBooleanWidget

from affiliates.affiliate_filter import match_affiliate
from agreements.program_currency import get_program_currency
from lib.admin.actions import ReasonForm
from lib.admin.bases import cache_on_row
from lib.admin.pages import build_admin_link, build_admin_links
from lib.admin.staff_action import StaffAction
from payouts.admin import money_facts
from payouts.admin.bases import MoneyAdmin, build_amount_column
from payouts.disbursement import payout_notes, payout_transitions
from payouts.disbursement.approval import UNSENT_STATES
from payouts.disbursement.blockers import list_blockers
from payouts.ledger import journal
from payouts.models import Payout
from payouts.payout_details.details import get_current_details

CAME_BACK = gettext_lazy(
    "The amount is back in the affiliate’s balance. The next month-end close pays it to the affiliate’s payout details,"
    " even if they are the same as before. If the account is wrong, ask the affiliate for other details, or hold their"
    " payouts until then. “Pay again” pays before the close."
)


class SameAccountForm(ReasonForm):
    """Asks explicitly for a payout to an account from which the last one came back."""

    field_order = ("same_account", "reason")

    same_account = forms.BooleanField(
        label=gettext_lazy("Pay to the same account again, although the last payout to it came back"),
        widget=UnfoldBooleanWidget,
        error_messages={
            "required": gettext_lazy("Tick this, or ask the affiliate for other payout details before you pay again.")
        },
    )


def _choose_reissue_form(payout: Payout) -> type[ReasonForm]:
    details = get_current_details(payout.affiliate, timezone.now())
    return SameAccountForm if details and money_facts.find_return_to(details) else ReasonForm


def _may_hold(request: HttpRequest) -> bool:
    return request.user.has_perm("payouts.return_payout") and request.user.has_perm("payouts.release_payouthold")


class CameBackFilter(admin.SimpleListFilter):
    """Failed and returned payouts that wait for a decision or for the next close."""

    title = gettext_lazy("came back")
    parameter_name = "came_back"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("open", _("not paid again yet"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return Payout.objects.came_back() & queryset if self.value() == "open" else queryset


_WAITS = {
    Payout.State.DRAFT.value: gettext_lazy("Its batch {} waits to be submitted, then to be approved by someone else."),
    Payout.State.SUBMITTED.value: gettext_lazy("Its batch {} waits for the approval of another member of staff."),
    Payout.State.APPROVED.value: gettext_lazy("Its batch {} waits for the export of its payment files."),
    Payout.State.SENT.value: gettext_lazy("Its batch {} waits for the results of the bank or provider."),
}


@admin.register(Payout)
class PayoutAdmin(MoneyAdmin):
    ordering = ("-created_at", "-pk")
    list_display = ("reference", "affiliate", "amount_display", "state", "details", "batch", "created_at")
    list_filter = ("state", CameBackFilter, "details__method", "batch")
    list_select_related = ("affiliate", "details", "batch")
    search_fields = ("reference", "affiliate__code", "affiliate__name")
    search_help_text = gettext_lazy("Beginning of a reference, or affiliate's code, e-mail address or name")
    sortable_by = ("created_at",)
    fields = (
        "reference", "affiliate", "amount_display", "state", "details", "batch", "statement", "replaces", "retry_reason",
        "created_at", "sent_at", "paid_at", "returned_at", "failure", "next_step", "returned_statement", "ledger_transactions",
    )  # fmt: skip
    readonly_fields = fields
    actions_detail = ("hold", "cancel", "reissue")
    amount_display = build_amount_column("amount", gettext_lazy("amount"))

    def build_search(self, text: str) -> Q:
        return Q(reference__startswith=text.upper()) | match_affiliate(text)

    @admin.display(description=gettext_lazy("what happens next"))
    @cache_on_row
    def next_step(self, row: Payout) -> SafeString | str:
        return describe_next_step(row)

    @admin.display(description=gettext_lazy("why it is paid again"))
    @cache_on_row
    def retry_reason(self, row: Payout) -> str:
        return payout_notes.list_retry_reasons([row]).get(row.pk, "-")

    @admin.display(description=gettext_lazy("ledger transactions"))
    @cache_on_row
    def ledger_transactions(self, row: Payout) -> SafeString | str:
        return build_admin_links(journal.list_payout_transactions(row))

    hold = StaffAction(
        gettext_lazy("Hold"),
        permission=_may_hold,
        rows=Q(state__in=UNSENT_STATES),
        form=ReasonForm,
        do=lambda payout, answers, now, by: payout_transitions.hold(payout=payout, now=now, by=by, **answers),
        title=gettext_lazy("Hold this payout"),
        explanation=gettext_lazy(
            "Its amount goes back to the balance, and the affiliate is paid nothing until you release the hold."
            " The affiliate reads the reason. The rest of the batch must be submitted and approved again."
        ),
        facts=lambda payout, _answers: money_facts.list_return_facts(payout),
        success=gettext_lazy("Payout held."),
    )
    cancel = StaffAction(
        gettext_lazy("Cancel"),
        permission="payouts.return_payout",
        variant="danger",
        rows=Q(state__in=UNSENT_STATES),
        form=ReasonForm,
        do=lambda payout, answers, now, by: payout_transitions.cancel(payout=payout, now=now, by=by, **answers),
        title=gettext_lazy("Cancel this payout"),
        explanation=gettext_lazy(
            "Its amount goes back to the balance. The rest of the batch must be submitted and approved again."
        ),
        facts=lambda payout, _answers: money_facts.list_return_facts(payout),
        success=gettext_lazy("Payout cancelled."),
    )
    reissue = StaffAction(
        gettext_lazy("Pay again"),
        permission="payouts.return_payout",
        rows=Q(
            state__in=(Payout.State.FAILED, Payout.State.CANCELLED), returned_statement__isnull=True, replaced_by=None
        ),
        form=_choose_reissue_form,
        do=lambda payout, answers, now, by: payout_transitions.reissue(
            payout=payout, reason=answers["reason"], now=now, by=by
        ),
        title=gettext_lazy("Pay this amount again"),
        explanation=gettext_lazy(
            "The new payout has its own reference, goes to the newest payout details, and needs an approval."
        ),
        facts=lambda payout, _answers: money_facts.list_reissue_facts(payout),
        success=gettext_lazy("New payout created."),
    )


def describe_next_step(payout: Payout) -> SafeString | str:
    """Say what a payout waits for, or what becomes of the amount of one that came back."""
    if payout.returned_at is None:
        return _describe_wait(payout)
    if payout.returned_statement_id is not None:
        return _("Nothing: the amount is on a later statement.")
    newer = Payout.objects.filter(replaces=payout).first()
    if newer is not None:
        return format_html(_("Paid again by {}."), build_admin_link(newer))
    return str(CAME_BACK)


def _describe_wait(payout: Payout) -> SafeString | str:
    """Say what a payout waits for, with its batch; "-" once it is paid."""
    text = _WAITS.get(payout.state)
    if text is None:
        return "-"
    sentence = format_html(str(text), build_admin_link(payout.batch))
    blockers = list_blockers([payout], timezone.now(), get_program_currency()) if payout.state in UNSENT_STATES else []
    return format_html("{} {}", sentence, _("It cannot be sent now: %s") % str(blockers[0])) if blockers else sentence
