"""Questions of staff in a review, and the affiliate's answers: steps of the review, shown to both (specification 8)."""

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from affiliates.conflict_of_interest import require_uninvolved
from affiliates.errors import IllegalTransition
from compliance import emails, timeline
from compliance.models import Review, ReviewEvent
from compliance.reviews.evidence_files import validate_files
from compliance.reviews.replies import clean_text, store_files

Kind = ReviewEvent.Kind


@transaction.atomic
def ask(*, review: Review, text: str, now: datetime, by: User) -> ReviewEvent:
    """Ask the affiliate something, in a review or an appeal that is not decided, and notify them.

    The answer does not replace the reply, and no deadline moves. Raises ValidationError for an empty or too long text,
    IllegalTransition if nothing is left to decide.
    """
    text = clean_text(text)
    current = timeline.lock_review(review)
    require_uninvolved(by, [current.affiliate])
    if current.state not in Review.STATES_WITH_QUESTIONS:
        raise IllegalTransition(_("Nothing is left to decide in this review, so there is nothing to ask."))
    event = timeline.append_event(review=current, kind=Kind.QUESTION, now=now, by=by, text=text)
    timeline.record_audit(review=current, action="review question", now=now, by=by, reason="A question of staff.")
    emails.send_review_question(current, event)
    return event


@transaction.atomic
def answer(
    *, review: Review, text: str, files: Sequence[tuple[str, bytes]] = (), now: datetime, by: User | None
) -> ReviewEvent:
    """Store the affiliate's answer to the last question, with `files` of name and content.

    Raises IllegalTransition if no question waits for an answer or the review is decided, ValidationError as a reply does.
    """
    text, evidence = clean_text(text), validate_files(list(files))
    current = timeline.lock_review(review)
    if not has_open_question(current):
        raise IllegalTransition(_("No question waits for your answer."))
    event = timeline.append_event(review=current, kind=Kind.ANSWER, now=now, by=by, text=text)
    store_files(event, evidence)
    timeline.record_audit(
        review=current,
        action="review answer",
        now=now,
        by=by,
        after={"files": len(evidence)},
        reason="The affiliate answered a question.",
    )
    return event


def has_open_question(review: Review) -> bool:
    """Return whether a question of staff waits for the affiliate, who can still answer it."""
    return Review.objects.filter(pk=review.pk).with_open_question().exists()
