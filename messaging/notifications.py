"""What happened to an affiliate, as their page lists it: their e-mails and the announcements (specification 10)."""

import logging
import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple, TypeVar
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Count, IntegerField, Model, OuterRef, Q, QuerySet, Subquery
from django.db.models.expressions import Combinable
from django.db.models.functions import Coalesce
from django.urls import reverse

from affiliates.models import Affiliate
from lib.request_values import read_once
from mail.models import Message
from mail.rendering import RenderedMail, render
from messaging.models import AnnouncementReceipt

PAGE_SIZE = 25
log = logging.getLogger(__name__)
M = TypeVar("M", bound=Model)
_FOOTER = "\n--\n"
_ACTION = re.compile(rf"^(?:(?P<label>[^\n]+):\n)?{re.escape(settings.BASE_URL)}(?P<path>/\S*)$", re.MULTILINE)


class Notification(NamedTuple):
    """An event of the list; `url` opens it and marks it as read."""

    pk: UUID
    at: datetime
    subject: str
    url: str
    is_read: bool


class NotificationPage(NamedTuple):
    """A page of the list, newest first; `next_cursor` starts the next page, "" at the end."""

    rows: Sequence[Notification]
    next_cursor: str


class NotificationText(NamedTuple):
    """What an e-mail said; `path` is the page where its reader can act, "" if it names none."""

    subject: str
    text: str
    path: str
    label: str


def list_emails(affiliate: Affiliate) -> QuerySet[Message]:
    """Return the affiliate's e-mails. Announcements are left out: their receipts are in the list."""
    own = Q(user=affiliate.user) | Q(user=None, to=affiliate.user.email)
    return Message.objects.filter(own).exclude(kind="announcement")


@read_once
def count_unread(affiliate: Affiliate) -> int:
    """Return how many notifications are unread, in one query."""
    return int(Affiliate.objects.filter(pk=affiliate.pk).values_list(build_unread_count(), flat=True)[0])


def build_unread_count() -> Combinable:
    """Return an expression that counts the unread notifications of the affiliate of a row."""
    emails = Message.objects.filter(user=OuterRef("user_id"), read_at=None).exclude(kind="announcement")
    receipts = AnnouncementReceipt.objects.filter(affiliate=OuterRef("pk"), read_at=None)
    return _count(emails, "user") + _count(receipts, "affiliate")


def _count(rows: QuerySet[Any], owner: str) -> Coalesce:
    counted = rows.order_by().values(owner).annotate(number=Count("pk")).values("number")
    return Coalesce(Subquery(counted, output_field=IntegerField()), 0)


def get_page(affiliate: Affiliate, cursor: str) -> NotificationPage:
    """Return the notifications after `cursor`; the first page for "" and for an invalid cursor."""
    limit = PAGE_SIZE + 1
    emails = _start_after(list_emails(affiliate), "created_at", cursor).defer("html")[:limit]
    receipts = AnnouncementReceipt.objects.filter(affiliate=affiliate).select_related("announcement")
    rows = [_build_from_email(email) for email in emails]
    rows += [_build_from_receipt(one) for one in _start_after(receipts, "received_at", cursor)[:limit]]
    rows.sort(key=lambda row: (row.at, row.pk), reverse=True)
    page = rows[:PAGE_SIZE]
    return NotificationPage(page, f"{page[-1].at.isoformat()}~{page[-1].pk}" if len(rows) > PAGE_SIZE else "")


def _start_after(rows: QuerySet[M], field: str, cursor: str) -> QuerySet[M]:
    rows = rows.order_by(f"-{field}", "-pk")
    at, _tilde, pk = cursor.partition("~")
    try:
        last_at, last_pk = datetime.fromisoformat(at), UUID(pk)
    except ValueError:
        return rows
    if last_at.tzinfo is None:
        return rows
    later = Q(**{f"{field}__lt": last_at}) | Q(**{field: last_at, "pk__lt": last_pk})
    return rows.filter(later, **{f"{field}__lte": last_at})


def _build_from_email(email: Message) -> Notification:
    url = reverse("messaging:notification", args=[email.pk])
    return Notification(email.pk, email.created_at, _get_rendered(email).subject, url, email.read_at is not None)


def _build_from_receipt(receipt: AnnouncementReceipt) -> Notification:
    url = reverse("messaging:announcement", args=[receipt.announcement_id])
    subject = receipt.announcement.subject
    return Notification(receipt.pk, receipt.received_at, subject, url, receipt.read_at is not None)


def _get_rendered(email: Message) -> RenderedMail:
    """Return the e-mail as it was sent, or as it will be if it waits: the mail server may be away for hours."""
    if email.subject:
        return RenderedMail(email.subject, email.text, "", "")
    try:
        return render(kind=email.kind, context=email.context, language=email.language)
    except Exception:
        # Delivery reports it to staff; the other notifications are shown.
        log.warning("E-mail %s (%s) cannot be rendered", email.pk, email.kind, exc_info=True)
        return RenderedMail(email.kind.replace("_", " ").capitalize(), "", "", "")


def read_text(email: Message) -> NotificationText:
    """Return what the e-mail said, without the part that every e-mail ends with."""
    subject, text, _html, _preheader = _get_rendered(email)
    if email.has_sign_in_link:
        return NotificationText(subject, "", "", "")
    body = text.partition(_FOOTER)[0].strip()
    action = _ACTION.search(body)
    body = _ACTION.sub("", body).strip()
    return NotificationText(subject, body, action["path"] if action else "", (action["label"] or "") if action else "")


def mark_email_read(*, email: Message, now: datetime) -> None:
    """Mark an e-mail as read."""
    Message.objects.filter(pk=email.pk, read_at=None).update(read_at=now)


def mark_receipt_read(*, receipt: AnnouncementReceipt, now: datetime) -> None:
    """Mark an announcement as read."""
    AnnouncementReceipt.objects.filter(pk=receipt.pk, read_at=None).update(read_at=now)


@transaction.atomic
def mark_all_read(*, affiliate: Affiliate, now: datetime) -> int:
    """Mark all notifications as read. Return how many were not."""
    emails = Message.objects.filter(user=affiliate.user, read_at=None).update(read_at=now)
    receipts = AnnouncementReceipt.objects.filter(affiliate=affiliate, read_at=None)
    return emails + receipts.update(read_at=now)
