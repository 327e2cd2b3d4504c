"""One review as its affiliate reads it: what it is about, what is held, the steps, what they may do and until when."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from agreements.clauses import clause_of
from agreements.rules import Rule
from compliance import review_money
from compliance.deadlines import is_over
from compliance.grounds import words_of
from compliance.models import Review, ReviewFile, ReviewStep
from payouts.models import Commission


@dataclass(frozen=True)
class Step:
    """A step with who took it, as the affiliate may know: "you", "staff" or the clock."""

    step: ReviewStep
    who: str
    files: list[ReviewFile]


@dataclass(frozen=True)
class ReviewPage:
    review: Review
    what: str
    steps: list[Step]
    held: list[Commission]
    held_amount: Decimal
    holds_all: bool
    has_replied: bool
    may_reply: bool
    may_appeal: bool
    clauses: dict[str, str]


def visible_steps(review: Review) -> QuerySet[ReviewStep]:
    """The steps without the private notes of staff."""
    return review.steps.filter(private=False).order_by("number")


def of(review: Review, *, now: datetime) -> ReviewPage:
    """The page of `review` as it stands at `now`."""
    files: dict[object, list[ReviewFile]] = {}
    for file in ReviewFile.objects.filter(step__review=review, step__private=False).defer("content").order_by("id"):
        files.setdefault(file.step_id, []).append(file)
    steps = list(visible_steps(review))
    held = list(review_money.held(review).select_related("order").order_by("-placed_at", "pk"))
    return ReviewPage(
        review=review,
        what=words_of(review),
        steps=[Step(step, _who(review, step), files.get(step.pk, [])) for step in steps],
        held=held,
        held_amount=sum((commission.amount for commission in held), Decimal("0.00")),
        holds_all=review_money.holds_all(review),
        has_replied=any(step.kind == ReviewStep.Kind.REPLY for step in steps),
        may_reply=review.state == Review.State.OPEN and not is_over(review.reply_by, now),
        may_appeal=review.state == Review.State.DECIDED and not is_over(review.appeal_by, now),
        clauses={
            "reply": clause_of(review.agreement_id, Rule.REPLY_DAYS),
            "decide": clause_of(review.agreement_id, Rule.REVIEW_DAYS),
            "hold": clause_of(review.agreement_id, Rule.REVIEW_HOLD),
            "appeal": clause_of(review.agreement_id, Rule.APPEAL_DAYS),
            "appeal_decision": clause_of(review.agreement_id, Rule.APPEAL_DECISION),
        },
    )


def _who(review: Review, step: ReviewStep) -> str:
    if step.by_id is None:
        return _("by itself")
    return _("you") if step.by_id == review.affiliate.user_id else _("staff")
