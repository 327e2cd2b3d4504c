"""Archiving of queued e-mail without sending it, for the demo."""

from datetime import datetime

from django.db import transaction

from mail.models import Message
from mail.rendering import render


@transaction.atomic
def archive(*, now: datetime) -> int:
    """Render all queued e-mail and mark it as sent at `now` without sending it. Return the number of e-mails.

    Only for the demo, which creates a year of e-mail at once.
    """
    waiting = list(Message.objects.select_for_update().filter(state=Message.State.WAITING))
    for message in waiting:
        message.subject, message.text, message.html = render(
            kind=message.kind, context=message.context, language=message.language
        )
        message.state, message.sent_at, message.created_at = Message.State.SENT, now, now
    fields = ["subject", "text", "html", "state", "sent_at", "created_at"]
    return Message.objects.bulk_update(waiting, fields, batch_size=200) if waiting else 0
