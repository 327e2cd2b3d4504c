"""Actions of reviewers during a review: ask the affiliate, hold money, release what the review holds."""

from collections.abc import Callable, Sequence
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django import forms
from django.db.models import Exists, OuterRef, Q, QuerySet, TextField, Value
from django.db.models.functions import Cast, Concat
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget, UnfoldBooleanWidget

from accounts.staff import staff_member
from affiliates.admin_fields import list_affiliate_facts
from affiliates.mail_preview import preview_mail
from agreements.rules import Rule
from compliance import review_money
from compliance.admin.forms import QuestionForm
from compliance.models import Review
from compliance.reviews import hold_changes, questions
from lib.admin.actions import ReasonForm
from lib.admin.confirmation import Fact, run_checked_action
from lib.admin.staff_action import StaffAction, StaffPage
from lib.formatting import format_money
from payouts.models import Commission, CommissionHold, PayoutHold

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

OPEN, CLOSED = Review.State.OPEN, Review.State.CLOSED
_SOURCE = Concat(Value("review:"), Cast(OuterRef("pk"), TextField()), output_field=TextField())
_HOLDS_COMMISSIONS = Q(Exists(CommissionHold.objects.filter(source=_SOURCE, released_at=None)))
_HOLDS_PAYOUTS = Q(Exists(PayoutHold.objects.filter(source=_SOURCE, released_at=None)))
# Commissions are released by hand only before the decision.
RELEASABLE = (_HOLDS_PAYOUTS & ~Q(state=CLOSED)) | (_HOLDS_COMMISSIONS & Q(state=OPEN))
# More would make the form unusable; the decision concerns all of them.
MAX_ORDERS = 200


def _select_holdable(_request: HttpRequest) -> Q:
    """Return the reviews in which money can be held: open, in time, and not about a missed target."""
    return Q(state=OPEN, decide_by__gt=timezone.now()) & ~Q(term=Rule.SALES_TARGET.value)


def _sum_by_order(commissions: QuerySet[Commission]) -> dict[str, tuple[str, Decimal]]:
    """Return {primary key: (order number, sum of its commissions)}, the newest first."""
    orders: dict[str, tuple[str, Decimal]] = {}
    for commission in commissions.select_related("order").order_by("-placed_at", "pk"):
        number, amount = orders.get(str(commission.order_id), (commission.order.order_id, Decimal(0)))
        orders[str(commission.order_id)] = (number, amount + commission.amount)
    return dict(list(orders.items())[:MAX_ORDERS])


def _build_form(
    orders: dict[str, tuple[str, Decimal]],
    currency: str,
    *,
    orders_label: "StrOrPromise",
    all_label: "StrOrPromise",
    offers_all: bool,
) -> type[ReasonForm]:
    """Return a form that asks which orders, whether all payouts, and why."""

    class MoneyForm(ReasonForm):
        field_order = ("orders", "all_payouts", "reason")

        def clean_orders(self) -> list[UUID]:
            return [UUID(key) for key in self.cleaned_data["orders"]]

    fields: dict[str, forms.Field] = {
        "orders": forms.MultipleChoiceField(
            label=orders_label,
            choices=[(key, f"{number}: {format_money(sum_, currency)}") for key, (number, sum_) in orders.items()],
            required=False,
            widget=UnfoldAdminCheckboxSelectMultipleWidget,
        ),
        "all_payouts": forms.BooleanField(label=all_label, required=False, widget=UnfoldBooleanWidget),
    }
    if not orders:
        fields["orders"] = forms.MultipleChoiceField(required=False, widget=forms.MultipleHiddenInput)
    if not offers_all:
        fields["all_payouts"] = forms.BooleanField(required=False, widget=forms.HiddenInput)
    return type("MoneyForm", (MoneyForm,), fields)


def _list_facts(
    review: Review, orders: dict[str, tuple[str, Decimal]], label: "StrOrPromise", answers: dict[str, Any]
) -> Sequence[Fact]:
    """Return whose review it is, the chosen orders with their sum, and whether all payouts are concerned."""
    chosen = [orders[str(key)] for key in answers["orders"]]
    total = format_money(sum((amount for _number, amount in chosen), Decimal(0)), review.agreement.currency)
    count = ngettext("%(count)d order", "%(count)d orders", len(chosen)) % {"count": len(chosen)}
    named = f"{count} ({', '.join(number for number, _amount in chosen)}), {total}" if chosen else ""
    parts = [named] if named else []
    parts += [_("all payouts")] if answers["all_payouts"] else []
    return [
        *list_affiliate_facts(review.affiliate),
        Fact(label, "; ".join(parts) or _("nothing")),
        Fact(gettext_lazy("Shown to the affiliate"), _("this step, with your reason")),
    ]


class ReviewActions:
    """The part of the admin of reviews for what happens between opening and decision."""

    ask = StaffAction(
        gettext_lazy("Ask the affiliate"),
        permission="compliance.change_review",
        rows=Q(state__in=Review.STATES_WITH_QUESTIONS),
        form=QuestionForm,
        do=lambda review, answers, now, by: questions.ask(review=review, now=now, by=by, **answers),
        title=gettext_lazy("Ask the affiliate about this review"),
        explanation=gettext_lazy(
            "The question becomes a step of the review. The affiliate is notified by e-mail and answers on the page of the"
            " review. The answer does not replace their reply, and no deadline moves."
        ),
        facts=lambda review, _answers: list_affiliate_facts(review.affiliate),
        success=gettext_lazy("Question sent. The affiliate is notified by e-mail."),
    )

    @StaffPage(gettext_lazy("Hold money"), permission="compliance.change_review", rows=_select_holdable)
    def hold(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Hold named commissions, or all payouts, until the review is decided."""
        review = _get_review(self, request, object_id)
        held = review_money.list_held_commissions(review).values("pk")
        return _run(
            self,
            request,
            review,
            _sum_by_order(review_money.list_forfeitable_commissions(review).exclude(pk__in=held)),
            hold_changes.hold,
            title=_("Hold money in this review"),
            explanation=_("Named orders that are not held now. They are paid only if the review releases them."),
            labels=(gettext_lazy("Orders to hold"), gettext_lazy("Hold all payouts")),
            offers_all=not review_money.holds_all_payouts(review),
            success=_("Money held."),
        )

    @StaffPage(gettext_lazy("Release a hold"), permission="compliance.change_review", rows=RELEASABLE)
    def release(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Release single orders, or all payouts, that the review holds."""
        review = _get_review(self, request, object_id)
        return _run(
            self,
            request,
            review,
            _sum_by_order(review_money.list_held_commissions(review)),
            hold_changes.release,
            title=_("Release what this review holds"),
            explanation=_(
                "What is released can be paid by the next close. Until the decision, the orders stay named: a forfeiture"
                " still concerns them, as far as they are not paid by then."
            ),
            labels=(gettext_lazy("Orders to release"), gettext_lazy("Release the hold on all payouts")),
            offers_all=review_money.holds_all_payouts(review),
            success=_("Hold released. The affiliate is notified by e-mail."),
            mail="hold_released",
        )


def _get_review(admin: Any, request: HttpRequest, object_id: str) -> Review:
    reviews = admin.get_queryset(request).select_related("agreement", "affiliate__user")
    return get_object_or_404(reviews, pk=object_id)  # type: ignore[no-any-return]  # of an untyped admin


def _run(
    admin: Any,
    request: HttpRequest,
    review: Review,
    orders: dict[str, tuple[str, Decimal]],
    change: Callable[..., None],
    *,
    title: str,
    explanation: str,
    labels: "tuple[StrOrPromise, StrOrPromise]",
    offers_all: bool,
    success: str,
    mail: str = "",
) -> HttpResponse:
    now, by = timezone.now(), staff_member(request)

    def do(answers: dict[str, Any]) -> None:
        change(review=review, now=now, by=by, **answers)

    form = _build_form(
        orders, review.agreement.currency, orders_label=labels[0], all_label=labels[1], offers_all=offers_all
    )
    return run_checked_action(
        request,
        admin,
        form,
        title,
        do,
        reverse("admin:compliance_review_change", args=[review.pk]),
        check=partial(_list_facts, review, orders, labels[0]),
        preview=(
            (lambda answers: preview_mail(lambda: do(answers), affiliate=review.affiliate, kind=mail)) if mail else None
        ),
        explanation=explanation,
        success_message=success,
    )
