"""A review as shown to its affiliate, and its timeline as shown to staff."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple
from uuid import UUID

from django.db.models import QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _

from agreements.clauses import get_clause_number
from agreements.rules import Rule
from compliance import review_money
from compliance.deadlines import is_over
from compliance.grounds import get_review_title
from compliance.models import Review, ReviewEvent, ReviewFile
from compliance.reviews.replies import MAX_REPLIES
from payouts.models import Commission


class TimelineFile(NamedTuple):
    name: str
    url: str
    size: int


@dataclass(frozen=True)
class TimelineEntry:
    """An event with its files, as its reader may know them."""

    title: str
    at: datetime
    actor: str
    text: str
    files: list[TimelineFile]
    note: str = ""


@dataclass(frozen=True)
class ReviewPage:
    review: Review
    title: str
    events: list[TimelineEntry]
    held: list[Commission]
    held_amount: Decimal
    holds_all: bool
    has_replied: bool
    replies_left: int
    may_reply: bool
    may_appeal: bool
    clauses: dict[str, str]


def list_visible_events(review: Review) -> QuerySet[ReviewEvent]:
    """Return the events of `review` without private notes of staff."""
    return review.events.filter(private=False).order_by("number")


def build_review_page(review: Review, *, now: datetime) -> ReviewPage:
    """Return the page of `review` at `now`."""
    events = list(list_visible_events(review))
    files = _list_files(review)
    replies = sum(event.kind == ReviewEvent.Kind.REPLY for event in events)
    held = list(review_money.list_held_commissions(review).select_related("order").order_by("-placed_at", "pk"))
    return ReviewPage(
        review=review,
        title=get_review_title(review),
        events=[
            _build_entry(
                event,
                _describe_actor(review, event),
                [(file, reverse("compliance:review_file", args=[review.pk, file.pk])) for file in files[event.pk]],
            )
            for event in events
        ],
        held=held,
        held_amount=sum((commission.amount for commission in held), Decimal("0.00")),
        holds_all=review_money.holds_all_payouts(review),
        has_replied=replies > 0,
        replies_left=MAX_REPLIES - replies,
        may_reply=review.state == Review.State.OPEN and not is_over(review.reply_by, now) and replies < MAX_REPLIES,
        may_appeal=review.state == Review.State.DECIDED and not is_over(review.appeal_by, now),
        clauses={
            "reply": get_clause_number(review.agreement_id, Rule.REPLY_DAYS),
            "decide": get_clause_number(review.agreement_id, Rule.REVIEW_DAYS),
            "decisions": get_clause_number(review.agreement_id, Rule.DECISIONS),
            "hold": get_clause_number(review.agreement_id, Rule.REVIEW_HOLD),
            "appeal": get_clause_number(review.agreement_id, Rule.APPEAL_DAYS),
            "appeal_decision": get_clause_number(review.agreement_id, Rule.APPEAL_DECISION),
        },
    )


def build_staff_timeline(review: Review) -> list[TimelineEntry]:
    """Return every event of `review` with names, as staff see it: private notes are marked."""
    files = _list_files(review)
    return [
        _build_entry(
            event,
            _name_actor(review, event),
            [(file, reverse("admin:compliance_review_file", args=[file.pk])) for file in files[event.pk]],
            note=_("visible to staff only") if event.private else "",
        )
        for event in review.events.select_related("by").order_by("number")
    ]


def _list_files(review: Review) -> dict[UUID, list[ReviewFile]]:
    """Return the files of `review` by event, without their content."""
    files: dict[UUID, list[ReviewFile]] = defaultdict(list)
    for file in ReviewFile.objects.filter(event__review=review).defer("content").order_by("id"):
        files[file.event_id].append(file)
    return files


def _build_entry(
    event: ReviewEvent, actor: str, files: list[tuple[ReviewFile, str]], *, note: str = ""
) -> TimelineEntry:
    listed = [TimelineFile(file.name, url, file.size) for file, url in files]
    return TimelineEntry(event.get_kind_display(), event.at, actor, event.text, listed, note)


def _name_actor(review: Review, event: ReviewEvent) -> str:
    if event.by is None:
        return _("automatically")
    return str(review.affiliate) if event.by_id == review.affiliate.user_id else str(event.by)


def _describe_actor(review: Review, event: ReviewEvent) -> str:
    if event.by_id is None:
        return _("automatically")
    return _("you") if event.by_id == review.affiliate.user_id else _("staff")
