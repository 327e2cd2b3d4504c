"""Announcements: drafting, testing, and sending in batches, each in a short transaction (specification 10)."""

import time
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from affiliates.models import Affiliate
from affiliates.notifications import Notice, notify_many
from audit import trail
from lib.errors import NotAllowed
from mail import outbox
from messaging.audiences import list_tag_names, select_readers
from messaging.models import Announcement, AnnouncementReceipt
from messaging.texts import clean_subject, clean_text

BATCH_SIZE = 500
SECONDS = 20.0
FILTER_FIELDS = ("states", "countries", "channel_kinds", "tags", "activity")
DRAFT_FIELDS = ("subject", "text", *FILTER_FIELDS)
State = Announcement.State


@transaction.atomic
def save_draft(
    *, announcement: Announcement | None, answers: Mapping[str, Any], now: datetime, by: User
) -> Announcement:
    """Store a new draft, or the changes of one. Raises NotAllowed once it is sent or discarded."""
    values = {name: answers[name] for name in DRAFT_FIELDS if name in answers}
    values |= {"subject": clean_subject(values["subject"]), "text": clean_text(values["text"])}
    if announcement is None:
        announcement = Announcement.objects.create(**values, created_at=now, created_by=by)
        action = "announcement drafted"
    else:
        _update_state(announcement, State.DRAFT, **values)
        action = "announcement changed"
    after = {"subject": values["subject"]} | {name: _describe(values.get(name)) for name in DRAFT_FIELDS[2:]}
    after["tags"] = ", ".join(list_tag_names(announcement))
    trail.record(
        action=action, subject=announcement, now=now, by=by, after=after, reason="An announcement to affiliates."
    )
    return announcement


@transaction.atomic
def send(*, announcement: Announcement, now: datetime, by: User) -> None:
    """Start sending a draft, once. Raises NotAllowed for any other and for one without readers."""
    number = select_readers(announcement, now=now).count()
    if not number:
        raise NotAllowed(_("The filters select no affiliate, so there is no one to send this to."))
    _update_state(announcement, State.SENDING, sent_at=now, sent_by=by)
    _record(announcement, "announcement sent", now, by, {"readers": number})


@transaction.atomic
def discard(*, announcement: Announcement, now: datetime, by: User) -> None:
    """Discard a draft. Raises NotAllowed for any other."""
    _update_state(announcement, State.DISCARDED)
    _record(announcement, "announcement discarded", now, by, {"state": State.DISCARDED})


def send_test(*, announcement: Announcement, now: datetime, by: User) -> None:
    """Queue the e-mail of the announcement for `by` alone."""
    outbox.queue_email(
        kind="announcement",
        to=by.email,
        key=f"announcement:test:{announcement.pk}:{by.pk}:{now.isoformat()}",
        context=build_context(announcement) | {"name": str(by)},
        language="",
    )


def deliver_batches(*, now: datetime, seconds: float = SECONDS) -> int:
    """Give announcements that are being sent to their readers, for about `seconds`. Return to how many."""
    deadline, total = time.monotonic() + seconds, 0
    for pk in Announcement.objects.filter(state=State.SENDING).order_by("sent_at").values_list("pk", flat=True):
        while time.monotonic() < deadline and (number := _deliver_batch(pk, now)):
            total += number
    return total


@transaction.atomic
def _deliver_batch(pk: Any, now: datetime) -> int:
    """Give the announcement to its next readers; return how many, 0 once all have it or another worker is at it.

    Receipts, e-mails and the place reached are committed together, so that no one gets it twice.
    """
    announcement = Announcement.objects.select_for_update(skip_locked=True).filter(pk=pk, state=State.SENDING).first()
    if announcement is None or announcement.sent_at is None:
        return 0
    # The filters look at the time of sending, so that a long delivery does not change whom they select.
    waiting = select_readers(announcement, now=announcement.sent_at)
    if announcement.delivered_to:
        waiting = waiting.filter(pk__gt=announcement.delivered_to)
    readers = list(waiting.order_by("pk")[:BATCH_SIZE])
    if not readers:
        Announcement.objects.filter(pk=pk).update(state=State.SENT)
        return 0
    AnnouncementReceipt.objects.bulk_create(
        [AnnouncementReceipt(announcement=announcement, affiliate=reader, received_at=now) for reader in readers],
        ignore_conflicts=True,
    )
    notify_many(kind="announcement", notices=_build_notices(announcement, readers))
    Announcement.objects.filter(pk=pk).update(delivered_to=readers[-1].pk, readers=announcement.readers + len(readers))
    return len(readers)


def _build_notices(announcement: Announcement, readers: list[Affiliate]) -> list[Notice]:
    context = build_context(announcement)
    return [Notice(reader, f"{announcement.pk}:{reader.pk}", context) for reader in readers]


def build_context(announcement: Announcement) -> dict[str, str]:
    return {"subject": announcement.subject, "text": announcement.text, "announcement": str(announcement.pk)}


def _update_state(announcement: Announcement, state: State, **fields: Any) -> None:
    """Change a draft. Raises NotAllowed if it is a draft no more."""
    if not Announcement.objects.filter(pk=announcement.pk, state=State.DRAFT).update(state=state, **fields):
        raise NotAllowed(_("This announcement was sent or discarded, so it can no longer be changed."))
    announcement.refresh_from_db()


def _record(announcement: Announcement, action: str, now: datetime, by: User, after: dict[str, Any]) -> None:
    reason = "An announcement to affiliates."
    trail.record(action=action, subject=announcement, now=now, by=by, after=after, reason=reason)


def _describe(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value or "")
