"""E-mail of a history that is told after the event: kept as it would have been sent, and sent to nobody."""

from datetime import datetime

from django.db import transaction

from mail.models import Message
from mail.rendering import render


@transaction.atomic
def archive(*, now: datetime) -> int:
    """Write all e-mail that waits and count it as sent at `now`, without sending any; returns how many.

    For the demo, whose affiliates must not get a year of mail at once. Never where mail tells somebody something.
    """
    waiting = list(Message.objects.select_for_update().filter(state=Message.State.WAITING))
    for message in waiting:
        message.subject, message.text, message.html = render(
            kind=message.kind, context=message.context, language=message.language
        )
        message.state, message.sent_at, message.created_at = Message.State.SENT, now, now
    fields = ["subject", "text", "html", "state", "sent_at", "created_at"]
    return Message.objects.bulk_update(waiting, fields, batch_size=200) if waiting else 0
