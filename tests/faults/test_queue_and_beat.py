"""The daily questions ...

`make faults` runs the long form, of which TIMES_LOST, in each of three ways, is the size.
"""

import os
from collections import Counter
from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone

from compliance.models import TargetCheck
from mail import attachments
from payouts.models import Close
from portal import questions
from portal.models import Ask, Proof, Question
from tests.faults import books, sixty
from tests.faults.asking import CLOSES, Beat, flush, queue_at, queued, work_off
from tests.faults.harness import undisturbed
from tests.faults.killing import all_at_once
from tests.worlds import close_months, moment, send

pytestmark = pytest.mark.serial

TIMES_LOST = int(os.environ.get("TIMES_LOST", "1"))
MINUTE = timedelta(minutes=1)
AWAY = timedelta(days=70)


@pytest.fixture
def clock(world):
    """Some minutes before NOW, when February is due: the clock goes on only when it is told to."""
    with queue_at(world.valkey.url), time_machine.travel(sixty.NOW - 6 * MINUTE, tick=False) as travelled:
        flush()
        yield travelled


@pytest.fixture(autouse=True)
def _no_pdf(monkeypatch):
    """The maker of PDFs has threads of its own, which no forked child inherits; what is in the file is not tried here."""
    made = attachments.Attachment("statement.pdf", b"%PDF", "application/pdf")
    monkeypatch.setattr(attachments, "make", lambda *_: made)


def flushed(world, beat) -> None:
    flush()


def killed_with_its_disk(world, beat) -> None:
    world.lose_the_queue()
    world.valkey.start()


def away_while_beat_goes_on(world, beat) -> None:
    world.lose_the_queue()
    beat.tick()
    world.valkey.start()


@pytest.mark.parametrize("lost", [flushed, killed_with_its_disk, away_while_beat_goes_on])
def test_find_lost_work_again_within_five_minutes(lost, world, clock, tmp_path, told):
    reference, took = undisturbed(), []
    for number in range(TIMES_LOST):
        beat = Beat(tmp_path / f"beat {number}")
        clock.shift(5 * MINUTE)
        beat.tick()
        assert CLOSES in queued()
        lost(world, beat)
        assert CLOSES not in queued()
        lost_at = timezone.now()
        while not Close.objects.filter(period="2026-02-01").exists():
            clock.shift(MINUTE / 2)
            beat.tick()
            work_off()
        took.append(timezone.now() - lost_at)
        assert books.digest() == reference
        books.forget()
        beat.end()
    assert max(took) <= 5 * MINUTE
    told(
        f"queue {lost.__name__.replace('_', ' ')}, {TIMES_LOST} times: found again after {max(took)}; digest {reference[:16]}"
    )


def test_of_two_beats_and_two_workers_have_one_effect(clock, tmp_path, told):
    reference = undisturbed()
    clock.move_to(sixty.NOW - timedelta(hours=7))
    beats = [Beat(tmp_path / name) for name in ("one", "two")]
    clock.move_to(sixty.NOW)
    for beat in beats:
        beat.tick()
    assert Counter(queued())[CLOSES] == 2
    for beat in beats:
        beat.end()
    all_at_once([work_off, work_off])
    assert queued() == []
    assert books.digest() == reference
    assert_asked_once(sixty.NOW)
    told(f"two beats and two workers at once: one effect; digest {reference[:16]}")


def assert_asked_once(now) -> None:
    """Every question of the schedule is answered, and what is asked once a day has one answer each."""
    assert {one.title: one.state for one in questions.standing(now) if one.state is not questions.State.FINE} == {}
    assert not Ask.objects.exists()
    checks = Counter(TargetCheck.objects.filter(day=now.date()).values_list("affiliate", flat=True))
    assert len(checks) > 40
    assert set(checks.values()) == {1}
    assert sorted(Proof.objects.filter(day=now.date()).values_list("name", flat=True)) == sorted(Proof.Name.values)


def test_that_nobody_asked_for_70_days_are_each_answered_and_each_month_is_closed_once_in_order(
    stores, clock, tmp_path, told
):
    begun = moment("2026-02-28T12:00:00")
    clock.move_to(begun)
    beat = Beat(tmp_path / "beat")
    clock.shift(10 * MINUTE)
    beat.tick()
    work_off()
    beat.end()
    assert Question.objects.get(name=CLOSES).answer == ""

    back = begun + AWAY
    meanwhile()
    clock.move_to(back)
    for _tick in range(3):
        beat = Beat(tmp_path / "beat")
        beat.tick()
        work_off()
        beat.end()
        clock.shift(5 * MINUTE)
    closed = [str(close) for close in Close.objects.order_by("transaction")]
    assert closed == ["2025-12", "2026-01", "2026-02", "2026-03", "2026-04"]
    assert Question.objects.get(name=CLOSES).failures == 0
    assert_asked_once(back)
    found = books.digest()

    with stores.copy_used("by_hand"):
        meanwhile()
        close_months("2026-02", "2026-03", "2026-04", now=back)
        assert books.digest() == found
    told(f"beat away for 70 days: three months closed once each, in order, all questions answered; digest {found[:16]}")


def meanwhile() -> None:
    """The shop goes on selling while nobody asks: lines that are validated in March and in April."""
    for when in (moment("2026-02-12T12:00:00"), moment("2026-03-20T12:00:00")):
        for code in sixty.codes("PAID", "CARRIED", "NEGATIVE", "SUSPENDED"):
            send(sixty.sold(when, code, ("333.00",)), now=when)
