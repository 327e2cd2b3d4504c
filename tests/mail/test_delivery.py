"""Delivery of queued e-mail."""

import smtplib
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from datetime import datetime, timedelta
from pathlib import Path
from threading import Barrier

import pytest
from django.core import mail as sent_mail
from django.core.mail import EmailMultiAlternatives
from django.core.mail.backends.locmem import EmailBackend
from django.db import IntegrityError, connection, transaction

from lib.errors import NotAllowed
from mail import attachments, delivery
from mail.attachments import Attachment
from mail.models import Message
from mail.outbox import queue_email
from tests.factories import NOW, make_staff

pytestmark = pytest.mark.django_db

State = Message.State


@pytest.fixture(autouse=True)
def template(tmp_path: Path, settings) -> None:
    """Create a template for these tests, so that they do not depend on real templates."""
    (tmp_path / "mail").mkdir()
    (tmp_path / "mail" / "a_test.txt").write_text("Hello {{ name }}\n\nHow are you?\n")
    engine = dict(settings.TEMPLATES[0])
    settings.TEMPLATES = [engine | {"DIRS": [tmp_path, *engine["DIRS"]]}]


class Clock:
    """A clock that only moves when `after` is called."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now

    def after(self, pause: timedelta) -> "Clock":
        self.now += pause
        return self


@pytest.fixture
def clock() -> Clock:
    return Clock()


def queue_message(key: str = "1", **values: object) -> Message:
    queue_email(kind="a_test", to="ada@example.com", key=key, context={"name": "Ada"}, language="")
    Message.objects.filter(key=key).update(**{"next_attempt_at": NOW} | values)
    return Message.objects.get(key=key)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> list[Exception | None]:
    """The answers of the mail server, one per e-mail. None, and a missing answer, mean success."""
    answers: list[Exception | None] = []
    send = EmailBackend.send_messages

    def send_or_fail(backend: EmailBackend, messages: list[sent_mail.EmailMessage]) -> int:
        if answers and (error := answers.pop(0)):
            raise error
        return send(backend, messages)

    monkeypatch.setattr(EmailBackend, "send_messages", send_or_fail)
    return answers


def test_due_message_is_sent_once_and_stored_as_sent(clock: Clock) -> None:
    message = queue_message()
    assert delivery.deliver_due(clock=clock) == (1, 0)
    assert delivery.deliver_due(clock=clock) == (0, 0)
    (email,) = sent_mail.outbox
    assert (email.subject, email.to) == ("Hello Ada", ["ada@example.com"])
    assert email.extra_headers["Message-ID"] == message.message_id
    stored = Message.objects.get()
    assert (stored.state, stored.sent_at, stored.attempts) == (State.SENT, NOW, 1)
    assert (stored.subject, stored.text) == ("Hello Ada", email.body)
    assert isinstance(email, EmailMultiAlternatives)
    assert email.alternatives == [(stored.html, "text/html")]


@pytest.mark.parametrize(
    ("configured", "sender"),
    [
        ("mail@shop.example", '"Garden, Ltd." <mail@shop.example>'),
        ("Shop <mail@shop.example>", "Shop <mail@shop.example>"),
    ],
)
def test_sender_is_named_after_the_program_unless_configured(clock: Clock, settings, configured, sender) -> None:
    settings.DEFAULT_FROM_EMAIL, settings.PROGRAM_NAME = configured, "Garden, Ltd."
    queue_message()
    delivery.deliver_due(clock=clock)
    assert sent_mail.outbox[0].message()["From"] == sender


def test_message_waits_until_it_is_due(clock: Clock) -> None:
    queue_message(next_attempt_at=NOW + timedelta(seconds=1))
    assert delivery.deliver_due(clock=clock) == (0, 0)
    assert delivery.deliver_due(clock=clock.after(timedelta(seconds=1))) == (1, 0)


def test_one_message_is_queued_per_key() -> None:
    queue_message("same")
    queue_message("same")
    assert Message.objects.count() == 1


def test_rollback_discards_queued_message() -> None:
    with transaction.atomic():
        queue_message()
        transaction.set_rollback(True)
    assert not Message.objects.exists()


def test_failure_is_stored_and_retried_later(clock: Clock, server: list[Exception | None]) -> None:
    queue_message()
    server += [smtplib.SMTPServerDisconnected("try later")]
    assert delivery.deliver_due(clock=clock) == (0, 1)
    stored = Message.objects.get()
    assert (stored.state, stored.attempts) == (State.WAITING, 1)
    assert stored.error == "SMTPServerDisconnected: try later"
    assert stored.next_attempt_at == NOW + timedelta(minutes=1)
    assert delivery.deliver_due(clock=clock) == (0, 0)
    assert delivery.deliver_due(clock=clock.after(timedelta(minutes=1))) == (1, 0)
    assert Message.objects.get().error == ""


def test_retry_delay_doubles_from_one_minute_to_six_hours() -> None:
    minutes = [delivery.get_retry_delay(n).total_seconds() / 60 for n in range(1, 13)]
    assert minutes == [1, 2, 4, 8, 16, 32, 64, 128, 256, 360, 360, 360]


def test_message_fails_after_twelve_attempts(clock: Clock, server: list[Exception | None]) -> None:
    queue_message()
    server += [OSError(f"failure {n}") for n in range(1, 13)]
    for _attempt in range(11):
        delivery.deliver_due(clock=clock.after(timedelta(hours=6)))
        assert Message.objects.get().state == State.WAITING
    delivery.deliver_due(clock=clock.after(timedelta(hours=6)))
    stored = Message.objects.get()
    assert (stored.state, stored.attempts, stored.error) == (State.FAILED, 12, "OSError: failure 12")
    assert delivery.deliver_due(clock=clock.after(timedelta(days=9))) == (0, 0)


def test_rendering_error_does_not_block_other_messages(clock: Clock) -> None:
    queue_message("bad", kind="no_such_kind")
    queue_message("good", next_attempt_at=NOW)
    assert delivery.deliver_due(clock=clock) == (1, 1)
    bad = Message.objects.get(key="bad")
    assert (bad.state, bad.error) == (State.WAITING, "TemplateDoesNotExist: mail/no_such_kind.txt")


def test_delivery_stops_after_three_consecutive_failures(clock: Clock, server: list[Exception | None]) -> None:
    for number in range(5):
        queue_message(str(number))
    server += [ConnectionRefusedError("refused")] * 5
    assert delivery.deliver_due(clock=clock) == (0, 3)
    assert Message.objects.filter(attempts=0).count() == 2


def test_delivery_stops_at_its_time_limit(clock: Clock) -> None:
    queue_message()
    assert delivery.deliver_due(clock=clock, seconds=0) == (0, 0)


def test_crash_before_sending_keeps_message_id(clock: Clock) -> None:
    message = queue_message()
    assert delivery.claim(now=clock()) == message  # the worker dies here
    assert delivery.deliver_due(clock=clock) == (0, 0), "the claim is still valid"
    assert delivery.deliver_due(clock=clock.after(delivery.CLAIM_DURATION)) == (1, 0)
    assert [email.extra_headers["Message-ID"] for email in sent_mail.outbox] == [message.message_id]


def test_crash_after_sending_repeats_identical_message(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    class Killed(BaseException):
        """Not caught by `except Exception`."""

    queue_message()
    send = EmailBackend.send_messages

    def send_and_die(backend: EmailBackend, messages: list[sent_mail.EmailMessage]) -> int:
        send(backend, messages)
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(EmailBackend, "send_messages", send_and_die)
        with pytest.raises(Killed):
            delivery.deliver_due(clock=clock)
    Message.objects.update(context={"name": "Other"})
    assert delivery.deliver_due(clock=clock.after(delivery.CLAIM_DURATION)) == (1, 0)
    first, second = sent_mail.outbox
    assert first.extra_headers["Message-ID"] == second.extra_headers["Message-ID"]
    assert (first.subject, first.body) == (second.subject, second.body)
    assert Message.objects.get().state == State.SENT


def test_attachments_are_made_on_sending(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(attachments._makers, "list", lambda key: Attachment(f"{key}.txt", b"abc", "text/plain"))
    queue_message(attachments=[{"name": "list", "key": "7"}])
    assert delivery.deliver_due(clock=clock) == (1, 0)
    assert sent_mail.outbox[0].attachments == [("7.txt", "abc", "text/plain")]


def test_send_again_resets_attempts(clock: Clock) -> None:
    message = queue_message(state=State.FAILED, attempts=12, error="OSError: gone")
    staff = make_staff()
    delivery.send_again(message=message, now=NOW, by=staff)
    assert delivery.deliver_due(clock=clock) == (1, 0)
    with pytest.raises(NotAllowed):
        delivery.send_again(message=message, now=NOW, by=staff)


@pytest.mark.django_db(transaction=True)
def test_several_workers_send_each_message_once(clock: Clock) -> None:
    for number in range(40):
        queue_message(str(number))
    barrier = Barrier(4)

    def worker(_number: int) -> int:
        try:
            barrier.wait(60)
            return delivery.deliver_due(clock=clock)[0]
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        counts = list(pool.map(worker, range(4)))
    assert sum(counts) == 40
    assert len({email.extra_headers["Message-ID"] for email in sent_mail.outbox}) == len(sent_mail.outbox) == 40
    assert not Message.objects.exclude(state=State.SENT, attempts=1).exists()


def test_database_refuses_an_email_without_a_language():
    """The outbox requires the language of the reader, and so does SQL that goes around it."""
    columns = {
        "kind": "a_test",
        '"to"': "a@example.com",
        "key": "1",
        "context": "{}",
        "attachments": "[]",
        "language": "",
    }
    for missing in ("", "language"):
        names = [name for name in columns if name != missing]
        sql = f"INSERT INTO mail_message (id, {', '.join(names)}) VALUES (gen_random_uuid(), {', '.join(['%s'] * len(names))})"
        with pytest.raises(IntegrityError) if missing else nullcontext(), transaction.atomic():
            connection.cursor().execute(sql, [columns[name] for name in names])
