"""Closes and payouts under delayed commits, clock changes, excluded affiliates and killed file transfers."""

import os
import random
import threading
from datetime import timedelta
from decimal import Decimal

import pytest
import time_machine
from django.db import connections, transaction

from payouts.closing import verification
from payouts.closing.replay import replay
from payouts.disbursement import approval, bank_results, exports
from payouts.models import Close, CloseException, Payout, PayoutBatch, PayoutFile, Statement
from tests.factories import make_staff
from tests.faults import close_digest, sixty_affiliates
from tests.faults.child_processes import run_and_kill
from tests.faults.kill_rounds import SEED, close_february, get_undisturbed_digest
from tests.faults.task_runner import CLOSE_TASK, Beat, flush_broker, list_queued_tasks, run_task, use_broker
from tests.scenarios import close_months, get_statement_figures, parse_utc, send_orders

pytestmark = pytest.mark.slow

DISCONNECTS = int(os.environ.get("DISCONNECTS", "2"))
APRIL = parse_utc("2026-04-03T12:00:00")
HOUR = timedelta(hours=1)


def replay_all() -> list[object]:
    return [difference for closed in Close.objects.all() for difference in replay(closed)]


@pytest.mark.usefixtures("scenario")
def test_order_committed_after_close_is_settled_once_by_next_close(report_line):
    reference = get_undisturbed_digest()
    received, closed = threading.Event(), threading.Event()

    def send_slowly() -> None:
        with transaction.atomic():
            # 1,000.00 at 5 %, completed on 11 January: it would have been settled for February.
            send_orders(
                sixty_affiliates.build_sale(sixty_affiliates.JANUARY.replace(day=11), "PAID1", ("1000.00",))
                | {"order_id": "late"},
                now=sixty_affiliates.LATER,
            )
            received.set()
            closed.wait(60)
        connections.close_all()

    sender = threading.Thread(target=send_slowly)
    sender.start()
    received.wait(60)
    # A snapshot with a higher sequence number that the close sees; its commission is settled for March.
    send_orders(sixty_affiliates.build_sale(sixty_affiliates.LATER, "PAID2", ("10.00",)), now=sixty_affiliates.LATER)
    close_february()
    assert close_digest.compute_digest() == reference
    closed.set()
    sender.join()
    assert replay_all() == []
    close_months("2026-03", now=APRIL)
    assert get_statement_figures("PAID1", "2026-03") == ["0.00", "50.00", "0.00", "0.00", "50.00", "0.00", ""]
    assert replay_all() == []
    report_line(f"an order committed after the close: settled by the next one, once; digest {reference[:16]}")


def test_month_is_closed_once_when_clock_is_set_back(scenario, tmp_path, report_line):
    reference = get_undisturbed_digest()
    due = parse_utc("2026-03-03T00:30:00")
    with use_broker(scenario.valkey.url), time_machine.travel(due - 6 * HOUR / 60, tick=False) as clock:
        flush_broker()
        beat = Beat(tmp_path / "beat")
        clock.move_to(due)
        beat.tick()
        assert CLOSE_TASK in list_queued_tasks()
        assert run_task().result == "closed 2026-02"
        assert close_digest.compute_digest() == reference
        flush_broker()
        minutes = 0
        clock.move_to(due - HOUR)
        assert run_task().result == ""
        while CLOSE_TASK not in list_queued_tasks():
            clock.shift(HOUR / 60)
            minutes += 1
            beat.tick()
        assert run_task().result == ""
        beat.end()
    assert minutes <= 65
    assert close_digest.compute_digest() == reference
    assert replay_all() == []
    report_line(f"clock set back by an hour: one close, beat resumes after {minutes} minutes; digest {reference[:16]}")


@pytest.mark.usefixtures("scenario")
def test_affiliates_with_inconsistent_rows_are_excluded_until_repaired(report_line):
    close_february()
    close_months("2026-03", now=APRIL)
    broken = sorted(sixty_affiliates.list_codes("BROKEN"))
    for month in ("2026-02", "2026-03"):
        exceptions = CloseException.objects.filter(close__period=f"{month}-01")
        assert sorted(exceptions.values_list("affiliate__code", flat=True)) == broken
        assert all(cause.startswith("the ledger owes 1.00") for cause in exceptions.values_list("cause", flat=True))
    assert Statement.objects.filter(close__period="2026-02-01").count() == 56
    for affiliate in sixty_affiliates.list_affiliates("BROKEN"):
        sixty_affiliates.post_unstated_amount(affiliate, Decimal("-1.00"))
    close_months("2026-04", now=parse_utc("2026-05-03T12:00:00"))
    # Three lines of 25 %, 25 % and 50 % of 507.00, at 5 %: 6.34 + 6.34 + 12.68.
    assert get_statement_figures("BROKEN1", "2026-04") == ["0.00", "25.36", "0.00", "0.00", "25.36", "0.00", ""]
    assert [finding for finding in verification.check_invariants() if finding.violations] == []
    report_line("4 affiliates with inconsistent rows: excluded from two closes of 56 others, settled once repaired")


def test_killed_export_or_import_is_repeated_without_double_payment(scenario, report_line):
    """Payouts leave as a file and their results come as a file, so both transfers are killed and repeated."""
    preparer, approver = make_staff(superuser=True), make_staff(superuser=True)
    close_february()
    batch = PayoutBatch.objects.get(close__period="2026-02-01")
    approval.submit(batch=batch, now=sixty_affiliates.NOW, by=preparer)
    approval.approve(
        batch=batch,
        digest=approval.summarize_batch(batch, sixty_affiliates.NOW).digest,
        now=sixty_affiliates.NOW,
        by=approver,
    )
    payout_count = Payout.objects.filter(batch=batch).count()
    random_source, inside = random.Random(SEED), 0

    def export() -> list[bytes]:
        return [
            exports.get_file_content(file)
            for file in exports.export(batch=batch, now=sixty_affiliates.NOW, by=preparer)
        ]

    def import_results() -> None:
        rows = [f"{payout.reference},paid,{payout.amount},".encode() for payout in Payout.objects.filter(batch=batch)]
        content = b"\n".join([b"reference,result,amount,reason", *sorted(rows), b""])
        bank_results.import_results(content=content, now=sixty_affiliates.NOW, by=preparer)

    for _time in range(DISCONNECTS):
        with scenario.use_copy("sent", of="tested"):
            for work in (export, import_results):
                kill = run_and_kill(work, random_source.uniform(0, 0.15))
                inside += bool(kill.statements and not kill.returned)
                first, second = work(), work()
                assert first == second
            assert PayoutFile.objects.filter(batch=batch).count() == 1
            assert set(Payout.objects.filter(batch=batch).values_list("state", flat=True)) == {"paid"}
            assert len(export()[0].splitlines()) == payout_count
            assert [one.violations for one in verification.check_invariants() if one.violations] == [4]
    report_line(
        f"{2 * DISCONNECTS} exports and imports of {payout_count} payouts killed (seed {SEED}), {inside} of them while"
        " running, and repeated: the same file, each payout sent and paid once"
    )
