"""Nothing is lost and nothing is paid twice ..."""

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
from payouts.models import Close, Payout, PayoutBatch, PayoutFile, SetAside, Statement
from tests.factories import make_staff
from tests.faults import books, sixty
from tests.faults.asking import CLOSES, Beat, ask, flush, queue_at, queued
from tests.faults.harness import SEED, close_february, undisturbed
from tests.faults.killing import killed_at
from tests.worlds import close_months, figures, moment, send

pytestmark = pytest.mark.serial

TIMES_HUNG_UP = int(os.environ.get("TIMES_HUNG_UP", "2"))
APRIL = moment("2026-04-03T12:00:00")
HOUR = timedelta(hours=1)


def replayed() -> list[object]:
    return [difference for closed in Close.objects.all() for difference in replay(closed)]


@pytest.mark.usefixtures("world")
def test_when_an_order_is_committed_after_the_close_that_began_later(told):
    reference = undisturbed()
    received, closed = threading.Event(), threading.Event()

    def slow() -> None:
        with transaction.atomic():
            # 1,000.00 at 5 %, completed on 10 January: it would have been February's.
            send(
                sixty.sold(sixty.JANUARY.replace(day=11), "PAID1", ("1000.00",)) | {"order_id": "late"}, now=sixty.LATER
            )
            received.set()
            closed.wait(60)
        connections.close_all()

    slowly = threading.Thread(target=slow)
    slowly.start()
    received.wait(60)
    # A receipt with a higher number that the close does see; what it earns is March's.
    send(sixty.sold(sixty.LATER, "PAID2", ("10.00",)), now=sixty.LATER)
    close_february()
    assert books.digest() == reference
    closed.set()
    slowly.join()
    assert replayed() == []
    close_months("2026-03", now=APRIL)
    assert figures("PAID1", "2026-03") == ["0.00", "50.00", "0.00", "0.00", "50.00", "0.00", ""]
    assert replayed() == []
    told(f"an order committed after the close: settled by the next one, once; digest {reference[:16]}")


def test_when_the_clock_is_put_back_by_an_hour(world, tmp_path, told):
    reference = undisturbed()
    due = moment("2026-03-03T00:30:00")
    with queue_at(world.valkey.url), time_machine.travel(due - 6 * HOUR / 60, tick=False) as clock:
        flush()
        beat = Beat(tmp_path / "beat")
        clock.move_to(due)
        beat.tick()
        assert CLOSES in queued()
        assert ask().result == "closed 2026-02"
        assert books.digest() == reference
        flush()
        silent = 0
        clock.move_to(due - HOUR)
        assert ask().result == ""
        while CLOSES not in queued():
            clock.shift(HOUR / 60)
            silent += 1
            beat.tick()
        assert ask().result == ""
        beat.end()
    assert silent <= 65
    assert books.digest() == reference
    assert replayed() == []
    told(f"clock put back by an hour: nothing twice, beat asks again after {silent} minutes; digest {reference[:16]}")


@pytest.mark.usefixtures("world")
def test_when_somebody_is_set_aside_month_after_month(told):
    """Their rows make a close refuse them; all others are closed, and they are settled once their rows are mended."""
    close_february()
    close_months("2026-03", now=APRIL)
    poison = sorted(sixty.codes("POISON"))
    for month in ("2026-02", "2026-03"):
        aside = SetAside.objects.filter(close__period=f"{month}-01")
        assert sorted(aside.values_list("affiliate__code", flat=True)) == poison
        assert all(cause.startswith("the ledger owes 1.00") for cause in aside.values_list("cause", flat=True))
    assert Statement.objects.filter(close__period="2026-02-01").count() == 56
    for affiliate in sixty.of("POISON"):
        sixty.off_the_books(affiliate, Decimal("-1.00"))
    close_months("2026-04", now=moment("2026-05-03T12:00:00"))
    # Three lines of 25 %, 25 % and 50 % of 507.00, at 5 %: 6.34 + 6.34 + 12.68.
    assert figures("POISON1", "2026-04") == ["0.00", "25.36", "0.00", "0.00", "25.36", "0.00", ""]
    assert [finding for finding in verification.verify() if finding.violations] == []
    told("4 affiliates with poisoned rows: set aside by name twice while 56 were closed, settled once mended")


def test_when_whoever_exports_or_imports_hangs_up(world, told):
    """No provider is called: a payout leaves as a file and its result comes as one, so both are killed and done again."""
    preparer, approver = make_staff(superuser=True), make_staff(superuser=True)
    close_february()
    batch = PayoutBatch.objects.get(close__period="2026-02-01")
    approval.submit(batch=batch, now=sixty.NOW, by=preparer)
    approval.approve(batch=batch, digest=approval.summary(batch, sixty.NOW).digest, now=sixty.NOW, by=approver)
    wanted = Payout.objects.filter(batch=batch).count()
    drawn, inside = random.Random(SEED), 0

    def export() -> list[bytes]:
        return [exports.content(file) for file in exports.export(batch=batch, now=sixty.NOW, by=preparer)]

    def take() -> None:
        said = [f"{payout.reference},paid,{payout.amount},".encode() for payout in Payout.objects.filter(batch=batch)]
        content = b"\n".join([b"reference,result,amount,reason", *sorted(said), b""])
        bank_results.import_results(content=content, now=sixty.NOW, by=preparer)

    for _time in range(TIMES_HUNG_UP):
        with world.copy_used("sent", of="tried"):
            for work in (export, take):
                death = killed_at(work, drawn.uniform(0, 0.15))
                inside += bool(death.statements and not death.returned)
                again = work(), work()
                assert again[0] == again[1]
            assert PayoutFile.objects.filter(batch=batch).count() == 1
            assert set(Payout.objects.filter(batch=batch).values_list("state", flat=True)) == {"paid"}
            assert len(export()[0].splitlines()) == wanted
            assert [one.violations for one in verification.verify() if one.violations] == [4]
    told(
        f"{2 * TIMES_HUNG_UP} exports and imports of {wanted} payouts killed (seed {SEED}), {inside} of them at work, and"
        " done again: the same file, each payout sent and paid once"
    )
