"""Adjustments: proposed by one, approved or rejected by another."""

import re
from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextareaWidget, UnfoldAdminTextInputWidget

from accounts.staff import staff_member
from affiliates.admin_fields import AffiliateField
from lib.admin.actions import ConfirmForm, ReasonForm, run_action
from lib.admin.pages import build_changelist_url, run_row_action
from lib.csv import build_csv
from lib.typed import action
from payouts.admin.bases import MoneyAdmin, build_amount_column, money_page
from payouts.ledger import adjustments, negative_balances
from payouts.models import Adjustment

MAX_ROWS_SHOWN = 200
OWED_COLUMNS = ("affiliate", "name", "since", "owed", "up to 30 days", "31 to 90 days", "longer")


class AmountField(forms.DecimalField):
    """An amount as the shop's are written: digits, and a point and two digits where it has cents; a sign before a clawback."""

    def __init__(self, **options: Any) -> None:
        super().__init__(max_digits=14, decimal_places=2, **options)

    def to_python(self, value: Any) -> Any:
        text = str(value or "").strip()
        if text and not re.fullmatch(r"[-+]?\d{1,12}(\.\d{1,2})?", text, re.ASCII):
            raise ValidationError(_("Write the amount in digits, as 15.30."))
        return super().to_python(text)


class ProposalForm(forms.Form):
    affiliate = AffiliateField()
    kind = forms.ChoiceField(
        label=gettext_lazy("Kind"), choices=Adjustment.Kind.choices, widget=UnfoldAdminSelectWidget
    )
    amount = AmountField(
        label=gettext_lazy("Amount"),
        widget=UnfoldAdminTextInputWidget,
        help_text=gettext_lazy("Above zero in the affiliate's favour; a clawback is below zero."),
    )
    reason = forms.CharField(
        label=gettext_lazy("Reason, which the affiliate reads"), max_length=2000, widget=UnfoldAdminTextareaWidget
    )


class WriteOffForm(forms.Form):
    affiliate = AffiliateField()
    reason = forms.CharField(
        label=gettext_lazy("Reason, which the affiliate reads"), max_length=2000, widget=UnfoldAdminTextareaWidget
    )


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
    )
    readonly_fields = fields
    actions_list = ("propose", "negative_balances", "write_off")
    actions_detail = ("approve", "reject")
    amount_display = build_amount_column("amount", gettext_lazy("amount"))

    def has_propose_permission(self, request: HttpRequest, object_id: str = "") -> bool:
        return request.user.has_perm("payouts.add_adjustment")

    def has_approve_permission(self, request: HttpRequest, object_id: str = "") -> bool:
        return request.user.has_perm("payouts.approve_adjustment") and self._is_open(request, object_id)

    def has_reject_permission(self, request: HttpRequest, object_id: str = "") -> bool:
        # Whoever proposed may take it back.
        may = request.user.has_perm("payouts.approve_adjustment") or request.user.has_perm("payouts.add_adjustment")
        return may and self._is_open(request, object_id)

    def _is_open(self, request: HttpRequest, object_id: str) -> bool:
        waiting = Adjustment.objects.filter(pk=object_id, state=Adjustment.State.PROPOSED)
        return request.method == "POST" or waiting.exists()

    @admin.display(description=gettext_lazy("kind"), ordering="kind")
    def kind_label(self, row: Adjustment) -> str:
        return row.kind_label

    @action(description=gettext_lazy("Propose an adjustment"), permissions=["propose"])
    def propose(self, request: HttpRequest) -> HttpResponse:
        """A bonus, correction or clawback, for a second person to approve."""
        return run_action(
            request, self, ProposalForm, _("Propose an adjustment"),
            lambda answers: adjustments.propose(now=timezone.now(), by=staff_member(request), **answers),
            build_changelist_url(Adjustment),
        )  # fmt: skip

    @action(description=gettext_lazy("Balances below zero"), permissions=["view"])
    def negative_balances(self, request: HttpRequest) -> HttpResponse:
        """Who owes how much and since when; as a CSV with `?as=csv`."""
        rows = negative_balances.list_negative_balances(timezone.now())
        if request.GET.get("as") == "csv":
            headers = {"Content-Disposition": 'attachment; filename="balances-below-zero.csv"'}
            content = build_csv(OWED_COLUMNS, (row[1:] for row in rows))
            return HttpResponse(content, content_type="text/csv; charset=utf-8", headers=headers)
        return money_page(
            self, request, "admin/payouts/negative_balance.html", _("Balances below zero"), rows=rows[:MAX_ROWS_SHOWN],
            more=max(0, len(rows) - MAX_ROWS_SHOWN), totals=negative_balances.sum_negative_balances(rows), count=len(rows),
            may_write_off=self.has_propose_permission(request), back=build_changelist_url(Adjustment),
        )  # fmt: skip

    @action(description=gettext_lazy("Write off a balance below zero"), permissions=["propose"])
    def write_off(self, request: HttpRequest) -> HttpResponse:
        """A correction of exactly what the affiliate owes, for a second person to approve."""
        return run_action(
            request, self, WriteOffForm, _("Write off a balance below zero"),
            lambda answers: adjustments.propose_write_off(now=timezone.now(), by=staff_member(request), **answers),
            build_changelist_url(Adjustment), initial={"affiliate": request.GET.get("affiliate", "")},
            explanation=_("Somebody else has to approve it, while the balance is still the same. The next close posts it."),
        )  # fmt: skip

    @action(description=gettext_lazy("Approve"), permissions=["approve"])
    def approve(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """The next close posts it."""
        row = self.get_object(request, object_id)
        about = f"{row.affiliate}, {row.kind_label} {self.amount_display(row)}: {row.reason}" if row else ""
        return run_row_action(
            self, request, object_id, ConfirmForm, _("Approve this adjustment"),
            lambda row, _answers, now, by: adjustments.approve(adjustment=row, now=now, by=by),
            explanation=about,
        )  # fmt: skip

    @action(description=gettext_lazy("Reject"), permissions=["reject"])
    def reject(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """It is never posted."""
        return run_row_action(
            self, request, object_id, ReasonForm, _("Reject this adjustment"),
            lambda row, answers, now, by: adjustments.reject(adjustment=row, reason=answers["reason"], now=now, by=by),
        )  # fmt: skip
