"""Forms of staff actions in the admin of compliance."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.widgets import (
    UnfoldAdminDateWidget,
    UnfoldAdminRadioSelectWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminSplitDateTimeWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanWidget,
)

from affiliates.admin_fields import AffiliateField
from affiliates.models import Affiliate
from agreements.applicable_version import get_applicable_version
from agreements.models import AgreementVersion
from compliance.admin.order_table import OrderTableWidget, list_order_rows
from compliance.grounds import list_possible_decisions
from compliance.models import Review, Signal
from compliance.reviews.decisions import find_obstacle
from compliance.signals.evidence import describe_evidence
from lib.admin.actions import ReasonForm
from payouts.models import Commission

# The prohibited activity of the agreement that ships that each kind of signal is a sign of.
ACTIVITY_BY_SIGNAL: dict[str, str] = {
    Signal.Kind.SAME_PAYOUT_DETAILS: "fraud",
    Signal.Kind.SELF_PURCHASE: "self-purchase",
    Signal.Kind.CLICK_FLOODING: "fraud",
    Signal.Kind.QUICK_ORDERS: "fraud",
    Signal.Kind.CONVERSION: "fraud",
    Signal.Kind.UNDECLARED_SITES: "unapproved-channel",
}


class AffiliateForm(forms.Form):
    """Choose an affiliate by code."""

    affiliate = AffiliateField()


class AffiliateReasonForm(ReasonForm):
    """Choose an affiliate by code and give the reason, which is shown to them."""

    affiliate = AffiliateField()
    field_order = ("affiliate", "reason")


class QuestionForm(forms.Form):
    """Asks for a question to the affiliate."""

    text = forms.CharField(
        label=gettext_lazy("Question (shown to the affiliate)"),
        max_length=20_000,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 6}),
    )


class NoteForm(forms.Form):
    text = forms.CharField(label=gettext_lazy("Note"), max_length=20_000, widget=UnfoldAdminTextareaWidget)


class PauseForm(ReasonForm):
    starts_on = forms.DateField(label=gettext_lazy("First day"), widget=UnfoldAdminDateWidget)
    ends_on = forms.DateField(label=gettext_lazy("Last day"), widget=UnfoldAdminDateWidget)
    field_order = ("starts_on", "ends_on", "reason")


class ProgramEndForm(ReasonForm):
    ends_at = forms.SplitDateTimeField(
        label=gettext_lazy("End of the program (UTC)"), widget=UnfoldAdminSplitDateTimeWidget
    )
    program_name = forms.CharField(
        label=gettext_lazy("Type the name of the program to confirm"),
        max_length=200,
        widget=UnfoldAdminTextInputWidget(attrs={"autocomplete": "off"}),
    )
    field_order = ("ends_at", "program_name", "reason")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["program_name"].help_text = _("Name of the program: %(name)s") % {"name": settings.PROGRAM_NAME}

    def clean_program_name(self) -> str:
        name = str(self.cleaned_data["program_name"]).strip()
        if name != settings.PROGRAM_NAME:
            raise forms.ValidationError(_("The program is called %(name)s.") % {"name": settings.PROGRAM_NAME})
        return name


class AppealDecisionForm(ReasonForm):
    outcome = forms.ChoiceField(
        label=gettext_lazy("Outcome"), choices=Review.Appeal.choices, widget=UnfoldAdminRadioSelectWidget
    )
    field_order = ("outcome", "reason")


class ObstacleRadios(UnfoldAdminRadioSelectWidget):  # type: ignore[misc]  # of an untyped package
    """Radio buttons of which those with an obstacle, {value: why}, cannot be chosen and say why."""

    def __init__(self, obstacles: Mapping[str, str]) -> None:
        super().__init__()
        self.obstacles = obstacles

    def create_option(self, name: str, value: Any, label: int | str, *args: Any, **kwargs: Any) -> dict[str, Any]:
        obstacle = self.obstacles.get(str(value), "")
        shown = f"{label} – {obstacle}" if obstacle else label
        option: dict[str, Any] = super().create_option(name, value, shown, *args, **kwargs)
        if obstacle:
            option["attrs"]["disabled"] = True
        return option


def build_decision_form(review: Review, *, now: datetime) -> type[ReasonForm]:
    """Return the form to decide `review` at `now`, with the decisions that its clause and its deadline allow.

    Those that are not possible yet, or not in the affiliate's state, say so and cannot be chosen.
    """
    possible = list_possible_decisions(review, now=now)
    found = {decision.value: find_obstacle(review, decision, now=now) for decision in possible}
    obstacles = {decision: obstacle for decision, obstacle in found.items() if obstacle}

    class DecisionForm(ReasonForm):
        decision = forms.ChoiceField(
            label=gettext_lazy("Decision"),
            choices=[(decision.value, decision.label) for decision in possible],
            widget=ObstacleRadios(obstacles),
            initial=None if review.recommendation in obstacles else review.recommendation or None,
        )
        field_order = ("decision", "reason")

    return DecisionForm


def build_open_review_form(
    affiliate: Affiliate, *, now: datetime, signal: Signal | None = None
) -> type[forms.Form] | None:
    """Return the form to open a review of `affiliate` by a clause of the applicable version; None if there is none.

    The clause that the kind of `signal` points to, and the orders of its evidence, are chosen already.
    """
    agreement, _applicable = get_applicable_version(affiliate.pk, at=now)
    if agreement is None:
        return None
    grounds_choices, proposed = list_clause_choices(agreement), find_ground_of_signal(agreement, signal)
    currency = agreement.currency
    evidence = describe_evidence(signal) if signal else None
    rows = list_order_rows(affiliate, evidence.orders if evidence else [])

    class OpenReviewForm(BaseOpenReviewForm):
        grounds = forms.ChoiceField(
            label=gettext_lazy("Activity or clause"),
            choices=[("", _("Choose one")), *grounds_choices],
            widget=UnfoldAdminSelectWidget,
            initial=proposed,
        )
        orders = forms.MultipleChoiceField(
            label=gettext_lazy("Affected orders"),
            choices=[(row.order_id, row.order_id) for row in rows],
            required=False,
            widget=OrderTableWidget(rows, currency),
            initial=[row.order_id for row in rows if row.is_evidence],
        )

        reviewed_affiliate = affiliate

    return OpenReviewForm


class BaseOpenReviewForm(forms.Form):
    """Fields that do not depend on the affiliate; `build_open_review_form` adds the others."""

    reviewed_affiliate: Affiliate

    summary = forms.CharField(
        label=gettext_lazy("What happened (shown to the affiliate)"),
        max_length=5000,
        widget=UnfoldAdminTextareaWidget,
    )
    evidence_addresses = forms.CharField(
        label=gettext_lazy("Addresses of the evidence (shown to the affiliate)"),
        required=False,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 3}),
        help_text=gettext_lazy("The posts, pages or advertisements in question, one address per line."),
    )
    older_orders = forms.CharField(
        label=gettext_lazy("Other order numbers"),
        required=False,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 3}),
        help_text=gettext_lazy("One per line."),
    )
    hold = forms.BooleanField(
        label=gettext_lazy("Hold the commissions of these orders"),
        required=False,
        initial=True,
        widget=UnfoldBooleanWidget,
    )
    hold_all_money = forms.BooleanField(
        label=gettext_lazy("Hold all payouts"), required=False, widget=UnfoldBooleanWidget
    )
    hold_all_reason = forms.CharField(
        label=gettext_lazy("Reason for holding all payouts (shown to the affiliate)"),
        max_length=1000,
        required=False,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 3}),
    )
    field_order = (
        *("grounds", "summary", "evidence_addresses", "orders", "older_orders"),
        *("hold", "hold_all_money", "hold_all_reason"),
    )

    def clean(self) -> dict[str, Any]:
        """Return the arguments of `open_review`: `activity` or `term`, `commissions` and the hold."""
        answers = super().clean() or {}
        kind, _colon, name = answers.pop("grounds", ":").partition(":")
        numbers = {*answers.pop("orders", []), *answers.pop("older_orders", "").split()}
        commissions = Commission.objects.for_affiliate(self.reviewed_affiliate).filter(order__order_id__in=numbers)
        unknown = numbers - set(commissions.values_list("order__order_id", flat=True))
        if unknown:
            listed = ", ".join(sorted(unknown))
            raise ValidationError(
                {"older_orders": _("These are not orders of this affiliate: %(orders)s") % {"orders": listed}}
            )
        return answers | {kind: name, "commissions": list(commissions)} if kind else answers


def list_clause_choices(agreement: AgreementVersion) -> list[tuple[str | Promise, list[tuple[str, str]]]]:
    """Return the possible grounds of a review in two groups: prohibited activities, and clauses that state a rule."""
    activities = [("activity:" + row.code, row.title) for row in agreement.activities.all()]
    terms = [
        ("term:" + clause.rules[0], f"{clause.number} {clause.heading}")
        for clause in agreement.clauses.exclude(rules=[]).order_by("position")
    ]
    return [(gettext_lazy("Prohibited activities"), activities), (gettext_lazy("Other clauses"), terms)]


def find_ground_of_signal(agreement: AgreementVersion, signal: Signal | None) -> str:
    """Return the choice that the kind of `signal` points to; "" if `agreement` does not prohibit that activity."""
    code = ACTIVITY_BY_SIGNAL.get(signal.kind, "") if signal else ""
    return f"activity:{code}" if code and agreement.activities.filter(code=code).exists() else ""
