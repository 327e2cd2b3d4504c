"""Scheduled tasks when the queue is lost, beat runs twice, or beat is down for months.

`make faults` loses the queue more often: QUEUE_LOSSES times in each of three ways.
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

pytestmark = pytest.mark.slow

QUEUE_LOSSES = int(os.environ.get("QUEUE_LOSSES", "1"))
MINUTE = timedelta(minutes=1)
DOWNTIME = timedelta(days=70)


@pytest.fixture
def clock(scenario):
    """Stop the clock some minutes before NOW, when February is due."""
    with (
        use_broker(scenario.valkey.url),
        time_machine.travel(sixty_affiliates.NOW - 6 * MINUTE, tick=False) as travelled,
    ):
        flush_broker()
        yield travelled


@pytest.fixture(autouse=True)
def _no_pdf(monkeypatch):
    """Replace the PDF renderer: it has threads, which a forked child does not inherit."""
    attachment = attachments.Attachment("statement.pdf", b"%PDF", "application/pdf")
    monkeypatch.setattr(attachments, "make", lambda *_: attachment)


def flush(scenario, beat) -> None:
    flush_broker()


def kill_and_delete_data(scenario, beat) -> None:
    scenario.lose_queue()
    scenario.valkey.start()


def stop_during_tick(scenario, beat) -> None:
    scenario.lose_queue()
    beat.tick()
    scenario.valkey.start()


@pytest.mark.parametrize("lose_queue", [flush, kill_and_delete_data, stop_during_tick])
def test_lost_task_runs_within_five_minutes(lose_queue, scenario, clock, tmp_path, report_line):
    reference, delays = get_undisturbed_digest(), []
    for number in range(QUEUE_LOSSES):
        beat = Beat(tmp_path / f"beat {number}")
        clock.shift(5 * MINUTE)
        beat.tick()
        assert CLOSE_TASK in list_queued_tasks()
        lose_queue(scenario, beat)
        assert CLOSE_TASK not in list_queued_tasks()
        lost_at = timezone.now()
        while not Close.objects.filter(period="2026-02-01").exists():
            clock.shift(MINUTE / 2)
            beat.tick()
            run_queued_tasks()
        delays.append(timezone.now() - lost_at)
        assert close_digest.compute_digest() == reference
        close_digest.undo_closes()
        beat.end()
    assert max(delays) <= 5 * MINUTE
    report_line(
        f"queue lost {QUEUE_LOSSES} times ({lose_queue.__name__}): closed after {max(delays)}; digest {reference[:16]}"
    )


def test_two_beats_and_two_workers_close_once(clock, tmp_path, report_line):
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
    assert_all_tasks_ran_once(sixty_affiliates.NOW)
    report_line(f"two beats and two workers at once: one close; digest {reference[:16]}")


def assert_all_tasks_ran_once(now) -> None:
    """Assert that every scheduled task has run, and that the daily checks have one result each."""
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


def test_months_are_closed_once_in_order_after_beat_was_down_for_70_days(stores, clock, tmp_path, report_line):
    stopped_at = parse_utc("2026-02-28T12:00:00")
    clock.move_to(stopped_at)
    beat = Beat(tmp_path / "beat")
    clock.shift(10 * MINUTE)
    beat.tick()
    run_queued_tasks()
    beat.end()
    assert ScheduledTask.objects.get(name=CLOSE_TASK).result == ""

    restarted_at = stopped_at + DOWNTIME
    send_orders_during_downtime()
    clock.move_to(restarted_at)
    for _tick in range(3):
        beat = Beat(tmp_path / "beat")
        beat.tick()
        run_queued_tasks()
        beat.end()
        clock.shift(5 * MINUTE)
    months = [str(close) for close in Close.objects.order_by("transaction")]
    assert months == ["2025-12", "2026-01", "2026-02", "2026-03", "2026-04"]
    assert ScheduledTask.objects.get(name=CLOSE_TASK).failures == 0
    assert_all_tasks_ran_once(restarted_at)
    digest = close_digest.compute_digest()

    with stores.use_copy("by_hand"):
        send_orders_during_downtime()
        close_months("2026-02", "2026-03", "2026-04", now=restarted_at)
        assert close_digest.compute_digest() == digest
    report_line(f"beat down for 70 days: three months closed once each, in order, all tasks run; digest {digest[:16]}")


def send_orders_during_downtime() -> None:
    """Send orders whose commissions are validated in March and in April."""
    for placed_at in (parse_utc("2026-02-12T12:00:00"), parse_utc("2026-03-20T12:00:00")):
        for code in sixty_affiliates.list_codes("PAID", "CARRIED", "NEGATIVE", "SUSPENDED"):
            send_orders(sixty_affiliates.build_sale(placed_at, code, ("333.00",)), now=placed_at)
