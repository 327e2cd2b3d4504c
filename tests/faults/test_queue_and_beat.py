"""The daily questions ...

`make faults` runs the long form, of which QUEUE_LOSSES, in each of three ways, is the size.
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
from portal import scheduled_tasks
from portal.models import IntegrityCheck, ScheduledTask, TaskRun
from tests.faults import close_digest, sixty_affiliates
from tests.faults.child_processes import run_at_once
from tests.faults.kill_rounds import get_undisturbed_digest
from tests.faults.task_runner import CLOSE_TASK, Beat, flush_broker, list_queued_tasks, run_queued_tasks, use_broker
from tests.scenarios import close_months, parse_utc, send_orders

pytestmark = pytest.mark.serial

QUEUE_LOSSES = int(os.environ.get("QUEUE_LOSSES", "1"))
MINUTE = timedelta(minutes=1)
AWAY = timedelta(days=70)


@pytest.fixture
def clock(scenario):
    """Some minutes before NOW, when February is due: the clock goes on only when it is told to."""
    with (
        use_broker(scenario.valkey.url),
        time_machine.travel(sixty_affiliates.NOW - 6 * MINUTE, tick=False) as travelled,
    ):
        flush_broker()
        yield travelled


@pytest.fixture(autouse=True)
def _no_pdf(monkeypatch):
    """The maker of PDFs has threads of its own, which no forked child inherits; what is in the file is not tried here."""
    made = attachments.Attachment("statement.pdf", b"%PDF", "application/pdf")
    monkeypatch.setattr(attachments, "make", lambda *_: made)


def flushed(scenario, beat) -> None:
    flush_broker()


def killed_with_its_disk(scenario, beat) -> None:
    scenario.lose_queue()
    scenario.valkey.start()


def away_while_beat_goes_on(scenario, beat) -> None:
    scenario.lose_queue()
    beat.tick()
    scenario.valkey.start()


@pytest.mark.parametrize("lost", [flushed, killed_with_its_disk, away_while_beat_goes_on])
def test_find_lost_work_again_within_five_minutes(lost, scenario, clock, tmp_path, report_line):
    reference, took = get_undisturbed_digest(), []
    for number in range(QUEUE_LOSSES):
        beat = Beat(tmp_path / f"beat {number}")
        clock.shift(5 * MINUTE)
        beat.tick()
        assert CLOSE_TASK in list_queued_tasks()
        lost(scenario, beat)
        assert CLOSE_TASK not in list_queued_tasks()
        lost_at = timezone.now()
        while not Close.objects.filter(period="2026-02-01").exists():
            clock.shift(MINUTE / 2)
            beat.tick()
            run_queued_tasks()
        took.append(timezone.now() - lost_at)
        assert close_digest.compute_digest() == reference
        close_digest.undo_closes()
        beat.end()
    assert max(took) <= 5 * MINUTE
    report_line(
        f"queue {lost.__name__.replace('_', ' ')}, {QUEUE_LOSSES} times: found again after {max(took)}; digest {reference[:16]}"
    )


def test_of_two_beats_and_two_workers_have_one_effect(clock, tmp_path, report_line):
    reference = get_undisturbed_digest()
    clock.move_to(sixty_affiliates.NOW - timedelta(hours=7))
    beats = [Beat(tmp_path / name) for name in ("one", "two")]
    clock.move_to(sixty_affiliates.NOW)
    for beat in beats:
        beat.tick()
    assert Counter(list_queued_tasks())[CLOSE_TASK] == 2
    for beat in beats:
        beat.end()
    run_at_once([run_queued_tasks, run_queued_tasks])
    assert list_queued_tasks() == []
    assert close_digest.compute_digest() == reference
    assert_asked_once(sixty_affiliates.NOW)
    report_line(f"two beats and two workers at once: one effect; digest {reference[:16]}")


def assert_asked_once(now) -> None:
    """Every question of the schedule is answered, and what is asked once a day has one result each."""
    assert {
        one.title: one.state
        for one in scheduled_tasks.list_task_statuses(now)
        if one.state is not scheduled_tasks.TaskState.OK
    } == {}
    assert not TaskRun.objects.exists()
    checks = Counter(TargetCheck.objects.filter(day=now.date()).values_list("affiliate", flat=True))
    assert len(checks) > 40
    assert set(checks.values()) == {1}
    assert sorted(IntegrityCheck.objects.filter(day=now.date()).values_list("name", flat=True)) == sorted(
        IntegrityCheck.Name.values
    )


def test_that_nobody_asked_for_70_days_are_each_answered_and_each_month_is_closed_once_in_order(
    stores, clock, tmp_path, report_line
):
    begun = parse_utc("2026-02-28T12:00:00")
    clock.move_to(begun)
    beat = Beat(tmp_path / "beat")
    clock.shift(10 * MINUTE)
    beat.tick()
    run_queued_tasks()
    beat.end()
    assert ScheduledTask.objects.get(name=CLOSE_TASK).result == ""

    back = begun + AWAY
    meanwhile()
    clock.move_to(back)
    for _tick in range(3):
        beat = Beat(tmp_path / "beat")
        beat.tick()
        run_queued_tasks()
        beat.end()
        clock.shift(5 * MINUTE)
    closed = [str(close) for close in Close.objects.order_by("transaction")]
    assert closed == ["2025-12", "2026-01", "2026-02", "2026-03", "2026-04"]
    assert ScheduledTask.objects.get(name=CLOSE_TASK).failures == 0
    assert_asked_once(back)
    found = close_digest.compute_digest()

    with stores.use_copy("by_hand"):
        meanwhile()
        close_months("2026-02", "2026-03", "2026-04", now=back)
        assert close_digest.compute_digest() == found
    report_line(
        f"beat away for 70 days: three months closed once each, in order, all questions answered; digest {found[:16]}"
    )


def meanwhile() -> None:
    """The shop goes on selling while nobody asks: lines that are validated in March and in April."""
    for when in (parse_utc("2026-02-12T12:00:00"), parse_utc("2026-03-20T12:00:00")):
        for code in sixty_affiliates.list_codes("PAID", "CARRIED", "NEGATIVE", "SUSPENDED"):
            send_orders(sixty_affiliates.build_sale(when, code, ("333.00",)), now=when)
