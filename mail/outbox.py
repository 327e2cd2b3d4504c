"""Queueing of e-mail in the caller's transaction, and archiving of queued e-mail for the demo."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from django.db import transaction
from django.utils.functional import Promise

from accounts.models import User
from mail.models import Message
from mail.rendering import override_language, render


class OutgoingEmail(NamedTuple):
    """An e-mail for `queue_emails`; `language` is that of its reader, "" for the language of the installation."""

    to: str
    key: str
    context: Mapping[str, Any]
    language: str
    attachments: Sequence[Mapping[str, str]] = ()
    user: User | None = None


def queue_email(
    *,
    kind: str,
    to: str,
    key: str,
    context: Mapping[str, Any],
    language: str,
    attachments: Sequence[Mapping[str, str]] = (),
    user: User | None = None,
) -> None:
    """Queue the e-mail `kind` for the address `to`, once per `key` of at most 200 characters (specification 10).

    `kind` names the template `mail/<kind>.txt`. `context` holds plain JSON values, with amounts as text. Words and dates
    are lazy (`gettext_lazy`, `lazy_datetime_for` of `lib.formatting`): the person who triggers the e-mail may read another
    language, so they are evaluated here, in that of its reader. `attachments` name a maker registered in
    `mail.attachments` and its key: {"name": "statement", "key": "..."}. A key that was queued before is ignored.
    `language` is that of its reader, "" for the language of the installation. `user` is the recipient's account, by
    which their e-mails are found after they have changed their address.
    """
    queue_emails(kind=kind, emails=[OutgoingEmail(to, key, context, language, attachments, user)])


def queue_emails(*, kind: str, emails: Iterable[OutgoingEmail]) -> None:
    """Queue many e-mails of one kind, as `queue_email` does."""
    messages = [
        Message(
            kind=kind,
            to=email.to,
            key=email.key,
            context=_evaluate_context(email),
            attachments=[dict(attachment) for attachment in email.attachments],
            language=email.language,
            user=email.user,
        )
        for email in emails
    ]
    with transaction.atomic():
        Message.objects.bulk_create(messages, batch_size=1000, ignore_conflicts=True)


def _evaluate_context(email: OutgoingEmail) -> Any:
    with override_language(email.language):
        return _evaluate(email.context)


def _evaluate(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _evaluate(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_evaluate(item) for item in value]
    return str(value) if isinstance(value, Promise) else value


@transaction.atomic
def archive(*, now: datetime) -> int:
    """Render all queued e-mail and mark it as sent at `now` without sending it. Return the number of e-mails.

    Only for the demo, which creates a year of e-mail at once.
    """
    waiting = list(Message.objects.select_for_update().filter(state=Message.State.WAITING))
    for message in waiting:
        message.subject, message.text, message.html, _preheader = render(
            kind=message.kind, context=message.context, language=message.language
        )
        message.state, message.sent_at, message.created_at = Message.State.SENT, now, now
    fields = ["subject", "text", "html", "state", "sent_at", "created_at"]
    return Message.objects.bulk_update(waiting, fields, batch_size=200) if waiting else 0
