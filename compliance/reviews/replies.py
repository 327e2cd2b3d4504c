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
from compliance.models import Review, ReviewFile, ReviewStep
from compliance.reviews.evidence_files import EvidenceFile, all_checked

# Each may bring 25 MB of files, and a reply need not be written in many parts.
MOST_REPLIES = 10
MOST_CHARACTERS = 20_000


@transaction.atomic
def reply(
    *, review: Review, text: str, files: Sequence[tuple[str, bytes]] = (), now: datetime, by: User | None
) -> ReviewStep:
    """Store the affiliate's answer with up to five files of (name, content), while `reply_by` lies ahead (clause 8.3).

    Refuses with ValidationError a late reply, an empty text, and files that are too many, too big or of another type.
    """
    said, evidence = words(text), all_checked(list(files))
    current = timeline.lock(review)
    if current.state != Review.State.OPEN:
        raise IllegalTransition(_("This review is no longer open: it can't be replied to."))
    if is_over(current.reply_by, now):
        raise ValidationError(_("The time to reply is over."))
    if current.steps.filter(kind=ReviewStep.Kind.REPLY).count() >= MOST_REPLIES:
        raise ValidationError(
            _("You have replied %(most)d times; that is all there is room for.") % {"most": MOST_REPLIES}
        )
    step = timeline.write(review=current, kind=ReviewStep.Kind.REPLY, now=now, by=by, text=said)
    _keep(step, evidence)
    timeline.record(review=current, action="review reply", now=now, by=by, after={"files": len(evidence)})
    return step


@transaction.atomic
def add_note(*, review: Review, text: str, now: datetime, by: User) -> ReviewStep:
    """Add a note that staff alone see, in any state of the review."""
    said = words(text)
    current = timeline.lock(review)
    step = timeline.write(review=current, kind=ReviewStep.Kind.NOTE, now=now, by=by, text=said, private=True)
    timeline.record(review=current, action="review note", now=now, by=by)
    return step


def words(text: str, field: str = "text") -> str:
    """The text of a step; ValidationError where it is empty, too long or holds a NUL."""
    said = timeline.required(text.replace("\r\n", "\n"), field)
    if len(said) > MOST_CHARACTERS or "\0" in said:
        raise ValidationError(
            {field: _("Write at most %(most)d characters of plain text.") % {"most": MOST_CHARACTERS}}
        )
    return said


def _keep(step: ReviewStep, evidence: Sequence[EvidenceFile]) -> None:
    ReviewFile.objects.bulk_create(
        ReviewFile(
            step=step, name=file.name, content_type=file.content_type, content=file.content, size=len(file.content)
        )
        for file in evidence
    )
