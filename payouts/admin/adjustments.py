"""Adjustments in the admin: proposed by one member of staff, approved by another."""

from django import forms
from django.contrib import admin
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from accounts.staff import staff_member
from affiliates.admin_fields import AffiliateField
from lib.admin.actions import ReasonForm
from lib.admin.confirmation import run_checked_action
from lib.admin.pages import build_changelist_url
from lib.admin.staff_action import StaffAction, StaffPage
from lib.csv_downloads import build_csv_response
from lib.fields import AmountField
from lib.typed import action
from payouts.admin import money_facts
from payouts.admin.bases import MoneyAdmin, build_amount_column, build_reason_field, money_page
from payouts.ledger import adjustments, negative_balances
from payouts.models import Adjustment

MAX_ROWS_SHOWN = 200
OWED_COLUMNS = ("affiliate", "name", "since", "owed", "up to 30 days", "31 to 90 days", "longer")


class ProposalForm(forms.Form):
    affiliate = AffiliateField()
    kind = forms.ChoiceField(
        label=gettext_lazy("Kind"), choices=Adjustment.Kind.choices, widget=UnfoldAdminSelectWidget
    )
    amount = AmountField(
        label=gettext_lazy("Amount"),
        widget=UnfoldAdminTextInputWidget,
        help_text=gettext_lazy("Positive credits the affiliate; negative (clawback) debits."),
    )
    reason = build_reason_field()


class WriteOffForm(forms.Form):
    affiliate = AffiliateField()
    reason = build_reason_field()


def _may_reject(request: HttpRequest) -> bool:
    # The proposer may withdraw the proposal.
    return request.user.has_perm("payouts.approve_adjustment") or request.user.has_perm("payouts.add_adjustment")


@admin.register(Adjustment)
class AdjustmentAdmin(MoneyAdmin):
    list_display = ("affiliate", "kind_label", "amount_display", "state", "made_by", "made_at", "statement")
    list_filter = ("state", "kind", "is_write_off")
    list_select_related = ("affiliate", "made_by", "statement")
    search_fields = ("affiliate__code", "affiliate__name", "reason")
    fields = (
        "affiliate",
        "kind_label",
        "amount_display",
        "reason",
        "state",
        "made_at",
        "made_by",
        "decided_at",
        "decided_by",
        "statement",
        "next_step",
    )
    readonly_fields = fields
    actions_list = ("propose", "negative_balances", "write_off")
    actions_detail = ("approve", "reject")
    amount_display = build_amount_column("amount", gettext_lazy("amount"))

    @admin.display(description=gettext_lazy("kind"), ordering="kind")
    def kind_label(self, row: Adjustment) -> str:
        return row.kind_label

    @admin.display(description=gettext_lazy("what happens next"))
    def next_step(self, row: Adjustment) -> str:
        if row.state == Adjustment.State.PROPOSED:
            return _("Someone other than %(name)s, who proposed it, approves or rejects it.") % {"name": row.made_by}
        if row.state == Adjustment.State.APPROVED and row.statement_id is None:
            return _("The next month-end close posts it.")
        return "-"

    @action(description=gettext_lazy("Negative balances"), permissions=["view"])
    def negative_balances(self, request: HttpRequest) -> HttpResponse:
        """Show who owes how much and since when; as a CSV with `?as=csv`."""
        rows = negative_balances.list_negative_balances(timezone.now())
        if request.GET.get("as") == "csv":
            return build_csv_response("negative-balances.csv", OWED_COLUMNS, (row[1:] for row in rows))
        return money_page(
            self,
            request,
            "admin/payouts/negative_balance.html",
            _("Negative balances"),
            rows=rows[:MAX_ROWS_SHOWN],
            more=max(0, len(rows) - MAX_ROWS_SHOWN),
            totals=negative_balances.sum_negative_balances(rows),
            count=len(rows),
            may_write_off=request.user.has_perm("payouts.add_adjustment"),
            back=build_changelist_url(Adjustment),
        )

    @StaffPage(gettext_lazy("Write off a negative balance"), permission="payouts.add_adjustment")
    def write_off(self, request: HttpRequest) -> HttpResponse:
        """Propose a correction of exactly what the affiliate owes."""
        return run_checked_action(
            request,
            self,
            WriteOffForm,
            _("Write off a negative balance"),
            lambda answers: adjustments.propose_write_off(now=timezone.now(), by=staff_member(request), **answers),
            build_changelist_url(Adjustment),
            check=lambda answers: money_facts.list_write_off_facts(answers["affiliate"]),
            success_message=_("Write-off proposed."),
            initial={"affiliate": request.GET.get("affiliate", "")},
            explanation=_(
                "Another member of staff must approve it while the balance is unchanged. The next month-end close posts it."
            ),
        )

    propose = StaffAction(
        gettext_lazy("Propose an adjustment"),
        permission="payouts.add_adjustment",
        form=ProposalForm,
        do=lambda _row, answers, now, by: adjustments.propose(now=now, by=by, **answers),
        explanation=gettext_lazy("Another member of staff must approve it. The next month-end close posts it."),
        facts=lambda _row, answers: money_facts.list_proposal_facts(
            answers["affiliate"], label=Adjustment.Kind(answers["kind"]).label.capitalize(), amount=answers["amount"]
        ),
        success=gettext_lazy("Adjustment proposed."),
    )
    approve = StaffAction(
        gettext_lazy("Approve"),
        permission="payouts.approve_adjustment",
        rows=lambda request: Q(state=Adjustment.State.PROPOSED) & ~Q(made_by=request.user.pk),
        do=lambda adjustment, _answers, now, by: adjustments.approve(adjustment=adjustment, now=now, by=by),
        title=gettext_lazy("Approve this adjustment"),
        facts=lambda adjustment, _answers: money_facts.list_adjustment_facts(adjustment),
        success=gettext_lazy("Adjustment approved. The next month-end close posts it."),
    )
    reject = StaffAction(
        gettext_lazy("Reject"),
        permission=_may_reject,
        rows=Q(state=Adjustment.State.PROPOSED),
        form=ReasonForm,
        do=lambda adjustment, answers, now, by: adjustments.reject(adjustment=adjustment, now=now, by=by, **answers),
        title=gettext_lazy("Reject this adjustment"),
        facts=lambda adjustment, _answers: money_facts.list_adjustment_facts(adjustment),
        success=gettext_lazy("Adjustment rejected."),
    )
