"""A review as shown to its affiliate, and its timeline as shown to staff."""

from collections import defaultdict
from collections.abc import Collection
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
from compliance.grounds import get_activity_text, get_review_title, list_possible_decisions
from compliance.models import Review, ReviewEvent, ReviewFile, Signal
from compliance.reviews import questions
from compliance.reviews.replies import MAX_REPLIES
from payouts.models import Commission

# The decisions of which the page says that they are not possible.
_GRAVE = (Review.Decision.SUSPENSION, Review.Decision.TERMINATION)


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
    meaning: str
    events: list[TimelineEntry]
    held: list[Commission]
    held_amount: Decimal
    holds_all: bool
    has_replied: bool
    replies_left: int
    may_reply: bool
    may_answer: bool
    may_appeal: bool
    outcomes: list[str]
    excluded: list[str]
    evidence_addresses: list[str]
    clauses: dict[str, str]


def list_visible_events(review: Review) -> QuerySet[ReviewEvent]:
    """Return the events of `review` without private notes of staff."""
    return review.events.filter(private=False).order_by("number")


def build_review_page(review: Review, *, now: datetime) -> ReviewPage:
    """Return the page of `review` at `now`."""
    events = list(list_visible_events(review))
    files, signals = _list_files(review), list(review.signals.all())
    replies = sum(event.kind == ReviewEvent.Kind.REPLY for event in events)
    held = list(
        review_money.list_held_commissions(review).select_related("order__link", "line").order_by("-placed_at", "pk")
    )
    outcomes = _list_outcomes(review, now)
    return ReviewPage(
        review=review,
        title=get_review_title(review),
        meaning=get_activity_text(review),
        events=[
            _build_entry(
                event,
                _describe_actor(review, event, signals),
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
        may_answer=questions.has_open_question(review),
        outcomes=[str(decision.label) for decision in outcomes],
        excluded=[str(decision.label) for decision in _GRAVE if decision not in outcomes],
        evidence_addresses=review.evidence_addresses.splitlines(),
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
    files, signals = _list_files(review), list(review.signals.all())
    return [
        _build_entry(
            event,
            _name_actor(review, event, signals),
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


def _list_outcomes(review: Review, now: datetime) -> list[Review.Decision]:
    """Return the decisions that the agreement allows in an open review; without a forfeiture if nothing can be."""
    named = review_money.list_forfeitable_commissions(review).exists()
    possible = list_possible_decisions(review, now=now) if review.state == Review.State.OPEN else ()
    return [decision for decision in possible if named or decision != Review.Decision.FORFEITURE]


def _name_actor(review: Review, event: ReviewEvent, signals: Collection[Signal]) -> str:
    if event.by is None:
        return _name_source(event, signals)
    return str(review.affiliate) if event.by_id == review.affiliate.user_id else str(event.by)


def _name_source(event: ReviewEvent, signals: Collection[Signal]) -> str:
    """Return where an event without a person comes from: a visitor's report, an automatic check, or a deadline."""
    if event.kind != ReviewEvent.Kind.SIGNAL:
        return _("automatically")
    reports = any(one.kind == Signal.Kind.ABUSE_REPORT and one.raised_at == event.at for one in signals)
    return _("by someone who used our public form") if reports else _("found by an automatic check")


def _describe_actor(review: Review, event: ReviewEvent, signals: Collection[Signal]) -> str:
    if event.by_id is None:
        return _name_source(event, signals)
    return _("you") if event.by_id == review.affiliate.user_id else _("staff")
