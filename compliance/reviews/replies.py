"""Replies of the affiliate with files, and private notes of staff (specification 8)."""

from collections.abc import Sequence
from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from affiliates.conflict_of_interest import require_uninvolved
from affiliates.errors import IllegalTransition
from compliance import timeline
from compliance.deadlines import is_over
from compliance.models import Review, ReviewEvent, ReviewFile
from compliance.reviews.evidence_files import EvidenceFile, validate_files

# Limits the storage: each reply may carry 25 MB of files. Clauses 8.3 and 8.6 of the seed agreement state the limits.
MAX_REPLIES = 10
MAX_CHARACTERS = 20_000


@transaction.atomic
def reply(
    *, review: Review, text: str, files: Sequence[tuple[str, bytes]] = (), now: datetime, by: User | None
) -> ReviewEvent:
    """Store the affiliate's reply, made before `reply_by`, with up to five `files` of name and content (clause 8.3).

    Raises ValidationError for a late reply, an empty text, and files that are too many, too large or of another type.
    """
    text, evidence = clean_text(text), validate_files(list(files))
    current = timeline.lock_review(review)
    if current.state != Review.State.OPEN:
        raise IllegalTransition(_("This review is no longer open, so you cannot reply to it."))
    if is_over(current.reply_by, now):
        raise ValidationError(_("The deadline for a reply has passed."))
    if current.events.filter(kind=ReviewEvent.Kind.REPLY).count() >= MAX_REPLIES:
        raise ValidationError(
            _("You have already sent %(most)d replies, the maximum for a review.") % {"most": MAX_REPLIES}
        )
    event = timeline.append_event(review=current, kind=ReviewEvent.Kind.REPLY, now=now, by=by, text=text)
    store_files(event, evidence)
    timeline.record_audit(
        review=current,
        action="review reply",
        now=now,
        by=by,
        after={"files": len(evidence)},
        reason="The affiliate replied.",
    )
    return event


@transaction.atomic
def add_note(*, review: Review, text: str, now: datetime, by: User) -> ReviewEvent:
    """Add a note that only staff can see, in any state of the review."""
    text = clean_text(text)
    current = timeline.lock_review(review)
    require_uninvolved(by, [current.affiliate])
    event = timeline.append_event(review=current, kind=ReviewEvent.Kind.NOTE, now=now, by=by, text=text, private=True)
    timeline.record_audit(review=current, action="review note", now=now, by=by, reason="A private note of staff.")
    return event


def clean_text(text: str, field: str = "text") -> str:
    """Return the text of an event with plain line breaks.

    Raises ValidationError for `field` if it is empty, too long or contains a NUL character.
    """
    cleaned = timeline.require_text(text.replace("\r\n", "\n"), field)
    if len(cleaned) > MAX_CHARACTERS or "\0" in cleaned:
        raise ValidationError({field: _("Enter at most %(most)d characters of plain text.") % {"most": MAX_CHARACTERS}})
    return cleaned


def store_files(event: ReviewEvent, evidence: Sequence[EvidenceFile]) -> None:
    """Store the files of a reply or an answer."""
    ReviewFile.objects.bulk_create(
        ReviewFile(
            event=event, name=file.name, content_type=file.content_type, content=file.content, size=len(file.content)
        )
        for file in evidence
    )
