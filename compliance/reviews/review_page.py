"""A review as shown to its affiliate."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db.models import QuerySet
from django.utils.text import capfirst
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
    """An event with its files and its actor as the affiliate may know them: "you", "staff" or "automatically"."""

    event: ReviewEvent
    actor: str
    files: list[ReviewFile]

    @property
    def heading(self) -> str:
        return capfirst(self.event.get_kind_display())

    @property
    def at(self) -> datetime:
        return self.event.at

    @property
    def text(self) -> str:
        return self.event.text


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
    """Return the events of `review` without private notes of staff."""
    return review.events.filter(private=False).order_by("number")


def build_review_page(review: Review, *, now: datetime) -> ReviewPage:
    """Return the page of `review` at `now`."""
    files: dict[object, list[ReviewFile]] = {}
    for file in ReviewFile.objects.filter(event__review=review, event__private=False).defer("content").order_by("id"):
        files.setdefault(file.event_id, []).append(file)
    events = list(list_visible_events(review))
    held = list(review_money.list_held_commissions(review).select_related("order").order_by("-placed_at", "pk"))
    return ReviewPage(
        review=review,
        title=get_review_title(review),
        events=[TimelineEntry(event, _describe_actor(review, event), files.get(event.pk, [])) for event in events],
        held=held,
        held_amount=sum((commission.amount for commission in held), Decimal("0.00")),
        holds_all=review_money.holds_all_payouts(review),
        has_replied=any(event.kind == ReviewEvent.Kind.REPLY for event in events),
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


def _describe_actor(review: Review, event: ReviewEvent) -> str:
    if event.by_id is None:
        return _("automatically")
    return _("you") if event.by_id == review.affiliate.user_id else _("staff")
