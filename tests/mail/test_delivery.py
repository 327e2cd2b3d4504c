"""Delivery of the outbox ..."""

import smtplib
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path
from threading import Barrier

import pytest
from django.conf import settings
from django.core import mail as sent_mail
from django.core.mail import EmailMultiAlternatives
from django.core.mail.backends.locmem import EmailBackend
from django.db import connection, transaction

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
    """A kind of mail of the test's own, so that no other room's templates matter here."""
    (tmp_path / "mail").mkdir()
    (tmp_path / "mail" / "a_test.txt").write_text("Hello {{ name }}\n\nHow are you?\n")
    engine = dict(settings.TEMPLATES[0])
    settings.TEMPLATES = [engine | {"DIRS": [tmp_path, *engine["DIRS"]]}]


class Clock:
    """A clock that stands until it is moved."""

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


def waiting(key: str = "1", **values: object) -> Message:
    queue_email(kind="a_test", to="ada@example.com", key=key, context={"name": "Ada"})
    Message.objects.filter(key=key).update(**{"next_attempt_at": NOW} | values)
    return Message.objects.get(key=key)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> list[Exception | None]:
    """What the mail server answers, one answer a mail: None is yes. No answer left: yes."""
    answers: list[Exception | None] = []
    send = EmailBackend.send_messages

    def answering(backend: EmailBackend, messages: list[sent_mail.EmailMessage]) -> int:
        if answers and (refusal := answers.pop(0)):
            raise refusal
        return send(backend, messages)

    monkeypatch.setattr(EmailBackend, "send_messages", answering)
    return answers


def test_sends_what_is_due_once_and_keeps_what_it_sent(clock: Clock) -> None:
    message = waiting()
    assert delivery.deliver_due(clock=clock) == (1, 0)
    assert delivery.deliver_due(clock=clock) == (0, 0)
    (email,) = sent_mail.outbox
    assert (email.subject, email.to, email.from_email) == (
        "Hello Ada",
        ["ada@example.com"],
        settings.DEFAULT_FROM_EMAIL,
    )
    assert email.extra_headers["Message-ID"] == message.message_id
    stored = Message.objects.get()
    assert (stored.state, stored.sent_at, stored.attempts) == (State.SENT, NOW, 1)
    assert (stored.subject, stored.text) == ("Hello Ada", email.body)
    assert isinstance(email, EmailMultiAlternatives)
    assert email.alternatives == [(stored.html, "text/html")]


def test_leaves_what_is_not_due_yet(clock: Clock) -> None:
    waiting(next_attempt_at=NOW + timedelta(seconds=1))
    assert delivery.deliver_due(clock=clock) == (0, 0)
    assert delivery.deliver_due(clock=clock.after(timedelta(seconds=1))) == (1, 0)


def test_posts_one_mail_a_key() -> None:
    waiting("same")
    waiting("same")
    assert Message.objects.count() == 1


def test_keeps_nothing_of_a_transaction_that_failed() -> None:
    with transaction.atomic():
        waiting()
        transaction.set_rollback(True)
    assert not Message.objects.exists()


def test_keeps_a_refusal_with_its_text_and_tries_again_later(clock: Clock, server: list[Exception | None]) -> None:
    waiting()
    server += [smtplib.SMTPServerDisconnected("try later")]
    assert delivery.deliver_due(clock=clock) == (0, 1)
    stored = Message.objects.get()
    assert (stored.state, stored.attempts) == (State.WAITING, 1)
    assert stored.error == "SMTPServerDisconnected: try later"
    assert stored.next_attempt_at == NOW + timedelta(minutes=1)
    assert delivery.deliver_due(clock=clock) == (0, 0)
    assert delivery.deliver_due(clock=clock.after(timedelta(minutes=1))) == (1, 0)
    assert Message.objects.get().error == ""


def test_pauses_for_one_minute_then_twice_as_long_each_time_up_to_six_hours() -> None:
    minutes = [delivery.get_retry_delay(n).total_seconds() / 60 for n in range(1, 13)]
    assert minutes == [1, 2, 4, 8, 16, 32, 64, 128, 256, 360, 360, 360]


def test_gives_up_after_twelve_refusals(clock: Clock, server: list[Exception | None]) -> None:
    waiting()
    server += [OSError(f"refusal {n}") for n in range(1, 13)]
    for _attempt in range(11):
        delivery.deliver_due(clock=clock.after(timedelta(hours=6)))
        assert Message.objects.get().state == State.WAITING
    delivery.deliver_due(clock=clock.after(timedelta(hours=6)))
    stored = Message.objects.get()
    assert (stored.state, stored.attempts, stored.error) == (State.FAILED, 12, "OSError: refusal 12")
    assert delivery.deliver_due(clock=clock.after(timedelta(days=9))) == (0, 0)


def test_sends_the_others_when_one_cannot_be_rendered(clock: Clock) -> None:
    waiting("bad", kind="no_such_kind")
    waiting("good", next_attempt_at=NOW)
    assert delivery.deliver_due(clock=clock) == (1, 1)
    bad = Message.objects.get(key="bad")
    assert (bad.state, bad.error) == (State.WAITING, "TemplateDoesNotExist: mail/no_such_kind.txt")


def test_lets_the_rest_wait_when_the_server_is_away(clock: Clock, server: list[Exception | None]) -> None:
    for number in range(5):
        waiting(str(number))
    server += [ConnectionRefusedError("nobody there")] * 5
    assert delivery.deliver_due(clock=clock) == (0, 3)
    assert Message.objects.filter(attempts=0).count() == 2


def test_stops_when_its_time_is_over(clock: Clock) -> None:
    waiting()
    assert delivery.deliver_due(clock=clock, seconds=0) == (0, 0)


def test_sends_again_under_the_same_message_id_what_a_crash_left_before_it_was_sent(clock: Clock) -> None:
    message = waiting()
    assert delivery.claim(now=clock()) == message  # and here the worker dies
    assert delivery.deliver_due(clock=clock) == (0, 0), "the claim holds"
    assert delivery.deliver_due(clock=clock.after(delivery.CLAIM_DURATION)) == (1, 0)
    assert [email.extra_headers["Message-ID"] for email in sent_mail.outbox] == [message.message_id]


def test_repeats_a_mail_in_the_same_words_and_under_the_same_message_id_when_a_crash_follows_the_sending(
    clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        """What no handler of errors catches."""

    waiting()
    send = EmailBackend.send_messages

    def send_and_die(backend: EmailBackend, messages: list[sent_mail.EmailMessage]) -> int:
        send(backend, messages)
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(EmailBackend, "send_messages", send_and_die)
        with pytest.raises(Killed):
            delivery.deliver_due(clock=clock)
    Message.objects.update(context={"name": "Somebody else"})
    assert delivery.deliver_due(clock=clock.after(delivery.CLAIM_DURATION)) == (1, 0)
    first, second = sent_mail.outbox
    assert first.extra_headers["Message-ID"] == second.extra_headers["Message-ID"]
    assert (first.subject, first.body) == (second.subject, second.body)
    assert Message.objects.get().state == State.SENT


def test_makes_the_attachments_when_it_sends(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(attachments._makers, "list", lambda key: Attachment(f"{key}.txt", b"abc", "text/plain"))
    waiting(attachments=[{"name": "list", "key": "7"}])
    assert delivery.deliver_due(clock=clock) == (1, 0)
    assert sent_mail.outbox[0].attachments == [("7.txt", "abc", "text/plain")]


def test_starts_afresh_for_a_mail_that_staff_send_again(clock: Clock) -> None:
    message = waiting(state=State.FAILED, attempts=12, error="OSError: gone")
    staff = make_staff()
    delivery.send_again(message=message, now=NOW, by=staff)
    assert delivery.deliver_due(clock=clock) == (1, 0)
    with pytest.raises(NotAllowed):
        delivery.send_again(message=message, now=NOW, by=staff)


@pytest.mark.django_db(transaction=True)
def test_sends_each_mail_once_with_several_workers(clock: Clock) -> None:
    for number in range(40):
        waiting(str(number))
    together = Barrier(4)

    def worker(_number: int) -> int:
        try:
            together.wait(10)
            return delivery.deliver_due(clock=clock)[0]
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        counts = list(pool.map(worker, range(4)))
    assert sum(counts) == 40
    assert len({email.extra_headers["Message-ID"] for email in sent_mail.outbox}) == len(sent_mail.outbox) == 40
    assert not Message.objects.exclude(state=State.SENT, attempts=1).exists()
