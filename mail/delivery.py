"""Sending what the outbox holds (CONTRACT 10): claim a row, talk to the mail server in no transaction, record the answer.

A crash in between leaves the row waiting: it is sent again later under the same Message-ID.
"""

import logging
import time
from collections.abc import Callable
from datetime import datetime, timedelta

from django.core.mail import EmailMultiAlternatives, get_connection
from django.core.mail.backends.base import BaseEmailBackend
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from audit import trail
from lib.errors import NotAllowed
from mail import attachments
from mail.models import Message
from mail.rendering import render

MAX_ATTEMPTS = 12
MAX_RETRY_DELAY = timedelta(hours=6)
# How long a claim lasts, for a worker that died with it: longer than the slowest server takes for one mail.
CLAIM_DURATION = timedelta(minutes=5)
# After so many refusals in a row the server is away, and the rest of the mail waits for the next run.
MAX_CONSECUTIVE_FAILURES = 3

log = logging.getLogger(__name__)
Clock = Callable[[], datetime]


def deliver_due(*, clock: Clock, seconds: float = 20.0) -> tuple[int, int]:
    """Send what is due, for about `seconds` at most; returns how many were sent and how many were refused."""
    ends, sent, refused, in_a_row = time.monotonic() + seconds, 0, 0, 0
    connection = get_connection()
    try:
        while time.monotonic() < ends and in_a_row < MAX_CONSECUTIVE_FAILURES and (message := claim(now=clock())):
            if deliver(message, connection=connection, clock=clock):
                sent, in_a_row = sent + 1, 0
            else:
                refused, in_a_row = refused + 1, in_a_row + 1
    finally:
        _close_connection(connection)
    return sent, refused


def claim(*, now: datetime) -> Message | None:
    """The next message that is due, taken so that no other worker takes it too; None if there is none."""
    with transaction.atomic():
        waiting = Message.objects.filter(state=Message.State.WAITING, next_attempt_at__lte=now)
        message = waiting.select_for_update(skip_locked=True).order_by("next_attempt_at", "id").first()
        if message is not None:
            message.attempts += 1
            message.next_attempt_at = now + max(CLAIM_DURATION, get_retry_delay(message.attempts))
            message.save(update_fields=["attempts", "next_attempt_at"])
    return message


def get_retry_delay(attempts: int) -> timedelta:
    """How long to wait after the refusal of attempt number `attempts`: 1, 2, 4 ... minutes, 6 hours at most."""
    return min(timedelta(minutes=2 ** (attempts - 1)), MAX_RETRY_DELAY)


def deliver(message: Message, *, connection: BaseEmailBackend, clock: Clock) -> bool:
    """Send a claimed message and record the answer; whatever goes wrong is kept with it. Says whether it was sent."""
    try:
        _render_message(message)
        connection.open()  # kept open for the next mail; a backend that finds it closed would close it after each
        _build_email(message, connection).send()
    except Exception as error:  # noqa: BLE001 -- template, attachment, server: this mail waits, the others go on
        log.warning("Mail %s (%s) was not sent: %s", message.pk, message.kind, error)
        _close_connection(connection)
        _record_failure(message, error, clock())
        return False
    waiting = Message.objects.filter(pk=message.pk, state=Message.State.WAITING)
    waiting.update(state=Message.State.SENT, sent_at=clock(), error="")
    return True


def _render_message(message: Message) -> None:
    """Render the message at its first attempt; a later one sends the same words again."""
    if message.subject:
        return
    message.subject, message.text, message.html = render(
        kind=message.kind, context=message.context, language=message.language
    )
    message.save(update_fields=["subject", "text", "html"])


def _build_email(message: Message, connection: BaseEmailBackend) -> EmailMultiAlternatives:
    email = EmailMultiAlternatives(
        subject=message.subject,
        body=message.text,
        to=[message.to],
        headers={"Message-ID": message.message_id, "Auto-Submitted": "auto-generated"},
        connection=connection,
    )
    email.attach_alternative(message.html, "text/html")
    for named in message.attachments:
        email.attach(*attachments.make(named["name"], named["key"]))
    return email


def _record_failure(message: Message, error: Exception, now: datetime) -> None:
    gives_up = message.attempts >= MAX_ATTEMPTS
    Message.objects.filter(pk=message.pk, state=Message.State.WAITING).update(
        state=Message.State.FAILED if gives_up else Message.State.WAITING,
        error=f"{type(error).__name__}: {error}"[:2000].replace("\x00", ""),
        next_attempt_at=now + get_retry_delay(message.attempts),
    )


def _close_connection(connection: BaseEmailBackend) -> None:
    """Close the connection, so that the next mail begins with a new one; a server that is gone needs no goodbye."""
    try:
        connection.close()
    except Exception:
        log.debug("The mail server was gone already", exc_info=True)


@transaction.atomic
def send_again(*, message: Message, now: datetime, by: User | None) -> None:
    """Put a message that was given up back into the outbox; refuses any other."""
    failed = Message.objects.filter(pk=message.pk, state=Message.State.FAILED)
    if not failed.update(state=Message.State.WAITING, attempts=0, next_attempt_at=now):
        raise NotAllowed(_("Only an e-mail that was given up can be sent again."))
    trail.record(action="e-mail sent again", subject=message, now=now, by=by, before={"error": message.error})
