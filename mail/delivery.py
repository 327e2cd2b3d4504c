"""Delivery of queued e-mail (specification 10): claim a message, send it outside of a transaction, record the result.

After a crash in between the message stays queued and is sent again later with the same Message-ID.
"""

import logging
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from email.utils import formataddr, parseaddr

from django.conf import settings
from django.core.mail import EmailMultiAlternatives, get_connection
from django.core.mail.backends.base import BaseEmailBackend
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from audit import trail
from lib.errors import NotAllowed
from mail import attachments, unsubscription
from mail.models import Message
from mail.rendering import render

MAX_ATTEMPTS = 12
MAX_RETRY_DELAY = timedelta(hours=6)
# A claim expires in case the worker died. This is longer than the slowest server takes for one e-mail.
CLAIM_DURATION = timedelta(minutes=5)
# After this many failures in a row the server is considered down, and the rest waits for the next run.
MAX_CONSECUTIVE_FAILURES = 3

log = logging.getLogger(__name__)
Clock = Callable[[], datetime]


def deliver_due(*, clock: Clock, seconds: float = 20.0) -> tuple[int, int]:
    """Send due e-mail for at most about `seconds`. Return how many were sent and how many failed."""
    deadline, sent, failed, consecutive = time.monotonic() + seconds, 0, 0, 0
    connection = get_connection()
    try:
        while (
            time.monotonic() < deadline and consecutive < MAX_CONSECUTIVE_FAILURES and (message := claim(now=clock()))
        ):
            if deliver(message, connection=connection, clock=clock):
                sent, consecutive = sent + 1, 0
            else:
                failed, consecutive = failed + 1, consecutive + 1
    finally:
        _close_connection(connection)
    return sent, failed


def claim(*, now: datetime) -> Message | None:
    """Claim the next due message, so that no other worker sends it. Return None if there is none."""
    with transaction.atomic():
        waiting = Message.objects.filter(state=Message.State.WAITING, next_attempt_at__lte=now)
        message = waiting.select_for_update(skip_locked=True).order_by("next_attempt_at", "id").first()
        if message is not None:
            message.attempts += 1
            message.next_attempt_at = now + max(CLAIM_DURATION, get_retry_delay(message.attempts))
            message.save(update_fields=["attempts", "next_attempt_at"])
    return message


def get_retry_delay(attempts: int) -> timedelta:
    """Return the delay after failed attempt number `attempts`: 1, 2, 4 ... minutes, at most 6 hours."""
    return min(timedelta(minutes=2 ** (attempts - 1)), MAX_RETRY_DELAY)


def deliver(message: Message, *, connection: BaseEmailBackend, clock: Clock) -> bool:
    """Send a claimed message and record the result or the error. Return whether it was sent."""
    try:
        _render_message(message)
        connection.open()  # stays open for the next e-mail
        _build_email(message, connection).send()
    except Exception as error:  # noqa: BLE001 -- whether template, attachment or server failed, the other e-mails go on
        log.warning("E-mail %s (%s) was not sent: %s", message.pk, message.kind, error)
        _close_connection(connection)
        _record_failure(message, error, clock())
        return False
    waiting = Message.objects.filter(pk=message.pk, state=Message.State.WAITING)
    waiting.update(state=Message.State.SENT, sent_at=clock(), error="")
    return True


def _render_message(message: Message) -> None:
    """Render the message at its first attempt; later attempts send the same text."""
    if message.subject:
        return
    message.subject, message.text, message.html, _preheader = render(
        kind=message.kind, context=message.context, language=message.language
    )
    message.save(update_fields=["subject", "text", "html"])


def _build_email(message: Message, connection: BaseEmailBackend) -> EmailMultiAlternatives:
    email = EmailMultiAlternatives(
        subject=message.subject,
        body=message.text,
        from_email=_build_sender(),
        to=[message.to],
        reply_to=[settings.CONTACT_EMAIL] if settings.CONTACT_EMAIL else None,
        headers={
            "Message-ID": message.message_id,
            "Auto-Submitted": "auto-generated",
            **unsubscription.build_headers(message.kind, message.context.get("code", "")),
        },
        connection=connection,
    )
    email.attach_alternative(message.html, "text/html")
    for attachment in message.attachments:
        email.attach(*attachments.make(attachment["name"], attachment["key"]))
    return email


def _build_sender() -> str:
    """Return DEFAULT_FROM_EMAIL, with the program's name if it has none."""
    name, address = parseaddr(settings.DEFAULT_FROM_EMAIL)
    return settings.DEFAULT_FROM_EMAIL if name else formataddr((settings.PROGRAM_NAME, address))


def _record_failure(message: Message, error: Exception, now: datetime) -> None:
    is_last_attempt = message.attempts >= MAX_ATTEMPTS
    Message.objects.filter(pk=message.pk, state=Message.State.WAITING).update(
        state=Message.State.FAILED if is_last_attempt else Message.State.WAITING,
        error=f"{type(error).__name__}: {error}"[:2000].replace("\x00", ""),
        next_attempt_at=now + get_retry_delay(message.attempts),
    )


def _close_connection(connection: BaseEmailBackend) -> None:
    try:
        connection.close()
    except Exception:
        log.debug("Closing the connection to the mail server failed", exc_info=True)


@transaction.atomic
def send_again(*, message: Message, now: datetime, by: User | None) -> None:
    """Queue a failed message again. Raises NotAllowed for any other message."""
    failed = Message.objects.filter(pk=message.pk, state=Message.State.FAILED)
    if not failed.update(state=Message.State.WAITING, attempts=0, next_attempt_at=now):
        raise NotAllowed(_("Only a failed e-mail can be sent again."))
    trail.record(
        action="e-mail sent again",
        subject=message,
        now=now,
        by=by,
        before={"error": message.error},
        reason="Its delivery failed.",
    )
