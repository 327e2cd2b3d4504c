"""One review as its affiliate reads it: what it is about, what is held, the steps, what they may do and until when."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from agreements.clauses import get_clause_number
from agreements.rules import Rule
from compliance import review_money
from compliance.deadlines import is_over
from compliance.grounds import get_review_title
from compliance.models import Review, ReviewEvent, ReviewFile
from payouts.models import Commission


@dataclass(frozen=True)
class TimelineEntry:
    """A step with who took it, as the affiliate may know: "you", "staff" or the clock."""

    event: ReviewEvent
    actor: str
    files: list[ReviewFile]


@dataclass(frozen=True)
class ReviewPage:
    review: Review
    title: str
    events: list[TimelineEntry]
    held: list[Commission]
    held_amount: Decimal
    holds_all: bool
    has_replied: bool
    may_reply: bool
    may_appeal: bool
    clauses: dict[str, str]


def list_visible_events(review: Review) -> QuerySet[ReviewEvent]:
    """The steps without the private notes of staff."""
    return review.events.filter(private=False).order_by("number")


def build_review_page(review: Review, *, now: datetime) -> ReviewPage:
    """The page of `review` as it stands at `now`."""
    files: dict[object, list[ReviewFile]] = {}
    for file in ReviewFile.objects.filter(event__review=review, event__private=False).defer("content").order_by("id"):
        files.setdefault(file.event_id, []).append(file)
    steps = list(list_visible_events(review))
    held = list(review_money.list_held_commissions(review).select_related("order").order_by("-placed_at", "pk"))
    return ReviewPage(
        review=review,
        title=get_review_title(review),
        events=[TimelineEntry(step, _describe_actor(review, step), files.get(step.pk, [])) for step in steps],
        held=held,
        held_amount=sum((commission.amount for commission in held), Decimal("0.00")),
        holds_all=review_money.holds_all_payouts(review),
        has_replied=any(step.kind == ReviewEvent.Kind.REPLY for step in steps),
        may_reply=review.state == Review.State.OPEN and not is_over(review.reply_by, now),
        may_appeal=review.state == Review.State.DECIDED and not is_over(review.appeal_by, now),
        clauses={
            "reply": get_clause_number(review.agreement_id, Rule.REPLY_DAYS),
            "decide": get_clause_number(review.agreement_id, Rule.REVIEW_DAYS),
            "hold": get_clause_number(review.agreement_id, Rule.REVIEW_HOLD),
            "appeal": get_clause_number(review.agreement_id, Rule.APPEAL_DAYS),
            "appeal_decision": get_clause_number(review.agreement_id, Rule.APPEAL_DECISION),
        },
    )


def _describe_actor(review: Review, step: ReviewEvent) -> str:
    if step.by_id is None:
        return _("by itself")
    return _("you") if step.by_id == review.affiliate.user_id else _("staff")
