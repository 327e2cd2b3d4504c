"""What is said in a review: the affiliate's replies with their files, and private notes of staff (CONTRACT 8)."""

from collections.abc import Sequence
from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from affiliates.errors import IllegalTransition
from compliance import timeline
from compliance.deadlines import is_over
from compliance.models import Review, ReviewEvent, ReviewFile
from compliance.reviews.evidence_files import EvidenceFile, validate_files

# Each may bring 25 MB of files, and a reply need not be written in many parts.
MAX_REPLIES = 10
MAX_CHARACTERS = 20_000


@transaction.atomic
def reply(
    *, review: Review, text: str, files: Sequence[tuple[str, bytes]] = (), now: datetime, by: User | None
) -> ReviewEvent:
    """Store the affiliate's answer with up to five files of (name, content), while `reply_by` lies ahead (clause 8.3).

    Refuses with ValidationError a late reply, an empty text, and files that are too many, too big or of another type.
    """
    said, evidence = clean_text(text), validate_files(list(files))
    current = timeline.lock_review(review)
    if current.state != Review.State.OPEN:
        raise IllegalTransition(_("This review is no longer open: it can't be replied to."))
    if is_over(current.reply_by, now):
        raise ValidationError(_("The time to reply is over."))
    if current.events.filter(kind=ReviewEvent.Kind.REPLY).count() >= MAX_REPLIES:
        raise ValidationError(
            _("You have replied %(most)d times; that is all there is room for.") % {"most": MAX_REPLIES}
        )
    step = timeline.append_event(review=current, kind=ReviewEvent.Kind.REPLY, now=now, by=by, text=said)
    _store_files(step, evidence)
    timeline.record_audit(review=current, action="review reply", now=now, by=by, after={"files": len(evidence)})
    return step


@transaction.atomic
def add_note(*, review: Review, text: str, now: datetime, by: User) -> ReviewEvent:
    """Add a note that staff alone see, in any state of the review."""
    said = clean_text(text)
    current = timeline.lock_review(review)
    step = timeline.append_event(review=current, kind=ReviewEvent.Kind.NOTE, now=now, by=by, text=said, private=True)
    timeline.record_audit(review=current, action="review note", now=now, by=by)
    return step


def clean_text(text: str, field: str = "text") -> str:
    """The text of a step; ValidationError where it is empty, too long or holds a NUL."""
    said = timeline.require_text(text.replace("\r\n", "\n"), field)
    if len(said) > MAX_CHARACTERS or "\0" in said:
        raise ValidationError({field: _("Write at most %(most)d characters of plain text.") % {"most": MAX_CHARACTERS}})
    return said


def _store_files(step: ReviewEvent, evidence: Sequence[EvidenceFile]) -> None:
    ReviewFile.objects.bulk_create(
        ReviewFile(
            event=step, name=file.name, content_type=file.content_type, content=file.content, size=len(file.content)
        )
        for file in evidence
    )
