"""Posting: one e-mail row in the caller's transaction."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from django.db import transaction

from mail.models import Message


class OutgoingEmail(NamedTuple):
    """One of many e-mails of a kind."""

    to: str
    key: str
    context: Mapping[str, Any]
    attachments: Sequence[Mapping[str, str]] = ()
    language: str = ""


def queue_email(
    *,
    kind: str,
    to: str,
    key: str,
    context: Mapping[str, Any],
    attachments: Sequence[Mapping[str, str]] = (),
    language: str = "",
) -> None:
    """Write the e-mail `kind` for `to` into the outbox, once for each `key` of at most 200 characters (CONTRACT 10).

    `kind` is a template `mail/<kind>.txt`; `context` holds plain JSON values, amounts as text. `attachments` name a maker
    registered in `mail.attachments` and the key that it takes: {"name": "statement", "key": "..."}. A key that was
    posted before is passed over in silence. `language` is the reader's, "" for the installation's own.
    """
    queue_emails(kind=kind, emails=[OutgoingEmail(to, key, context, attachments, language)])


def queue_emails(*, kind: str, emails: Iterable[OutgoingEmail]) -> None:
    """`post` for thousands at once."""
    messages = [
        Message(
            kind=kind,
            to=email.to,
            key=email.key,
            context=dict(email.context),
            attachments=[dict(named) for named in email.attachments],
            language=email.language,
        )
        for email in emails
    ]
    with transaction.atomic():
        Message.objects.bulk_create(messages, batch_size=1000, ignore_conflicts=True)
