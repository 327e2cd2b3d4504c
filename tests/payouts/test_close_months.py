"""Closing months: order, idempotency, audit records, locking and the schedule."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection

from affiliates.models import Affiliate
from agreements.models import Program
from audit.models import AuditRecord
from payouts.closing import close
from payouts.closing.open_program import open_program
from payouts.ledger import adjustments, booking
from payouts.models import Close
from tests.factories import make_staff
from tests.scenarios import build_order, create_program, import_affiliates, parse_utc, send_orders

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("_january_order")]
PLACED, TICK = "2026-01-10T12:00:00Z", timedelta(microseconds=1)
ENDED = parse_utc("2026-02-01")


@pytest.fixture
def _january_order(tmp_path):
    create_program("2026-01-01")
    import_affiliates(["ANN"], tmp_path)
    send_orders(build_order("A1", at=PLACED, placed=PLACED, coupon="ANN"), now=parse_utc("2026-01-11"))


def close_first_day(first, now, **options):
    return close.close_month(month=date.fromisoformat(first), now=now, by=None, **options)


def test_month_can_be_closed_from_its_end_on():
    with pytest.raises(close.CloseNotAllowed, match="2026-01 has not ended yet"):
        close_first_day("2026-01-01", ENDED - TICK)
    done = close_first_day("2026-01-01", ENDED)
    assert (done.starts_at, done.ends_at, done.closed_at) == (parse_utc("2026-01-01"), ENDED, ENDED)
    assert done.cut > 0
    assert done.agreement.name == "1"


def test_months_close_in_order_from_first_order_on():
    with pytest.raises(close.CloseNotAllowed, match="2025-12 is before the program's first month, 2026-01"):
        close_first_day("2025-12-01", parse_utc("2026-04-01"))
    with pytest.raises(close.CloseNotAllowed, match="2026-01 must be closed first"):
        close_first_day("2026-02-01", parse_utc("2026-04-01"))
    close_first_day("2026-01-01", parse_utc("2026-04-01"))
    with pytest.raises(close.CloseNotAllowed, match="2026-02 must be closed first"):
        close_first_day("2026-03-01", parse_utc("2026-04-01"))
    with pytest.raises(close.CloseNotAllowed, match="2025-12 is before the program's first month, 2026-01"):
        close_first_day("2025-12-01", parse_utc("2026-04-01"))


def test_first_month_is_that_of_an_earlier_adjustment():
    values: dict[str, Any] = {
        "kind": "bonus",
        "amount": Decimal("10.00"),
        "reason": "A test.",
        "by": make_staff("payout preparers"),
    }
    adjustments.propose(affiliate=Affiliate.objects.get(), now=parse_utc("2025-12-31T23:59:59"), **values)
    assert str(close.get_month_to_close()) == "2025-12"


def test_closing_a_closed_month_returns_its_close():
    first = close_first_day("2026-01-01", ENDED)
    assert close_first_day("2026-01-01", ENDED + timedelta(days=3)) == first
    assert Close.objects.count() == 1


def test_close_records_who_closed_and_why():
    member = make_staff("payout approvers")
    manual = close.close_month(month=date(2026, 1, 1), now=ENDED, by=member)
    scheduled = close_first_day("2026-02-01", parse_utc("2026-03-03"))
    records = AuditRecord.objects.filter(action="month closed").order_by("at")
    assert [(row.subject_id, row.by, row.reason) for row in records] == [
        (str(manual.pk), member, "Closed manually."),
        (str(scheduled.pk), None, "Scheduled month-end close."),
    ]
    assert records[0].after == {"period": "2026-01", "cut": manual.cut}


def test_close_reports_each_step():
    steps = []
    close_first_day("2026-01-01", ENDED, progress=steps.append)
    assert steps == list(range(1, close.STEPS + 1))


def test_close_holds_exclusive_lock():
    modes: list[str] = []

    def read_locks(_done: int) -> None:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT mode FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid() AND granted"
                " AND classid::bigint << 32 | objid::bigint = %s",
                [booking.LOCK_KEY],
            )
            modes.extend(mode for (mode,) in cursor.fetchall())

    close_first_day("2026-01-01", ENDED, progress=read_locks)
    assert "ExclusiveLock" in modes


def test_due_months_close_on_close_day_once_program_is_open():
    third = parse_utc("2026-02-03")
    assert [str(month) for month in close.list_due_months(third - TICK)] == []
    assert [str(month) for month in close.list_due_months(third)] == ["2026-01"]
    assert [str(month) for month in close.list_due_months(parse_utc("2026-04-02"))] == ["2026-01", "2026-02"]
    assert close.close_due_months(now=third) == []
    open_program(now=third, by=None)
    Program.objects.update(opened_at=third + TICK)
    assert close.close_due_months(now=third) == [], "the program opens later"
    Program.objects.update(opened_at=third)
    assert [str(done) for done in close.close_due_months(now=third - TICK)] == []
    assert [str(done) for done in close.close_due_months(now=third)] == ["2026-01"]
    assert [str(done) for done in close.close_due_months(now=parse_utc("2026-05-03"))] == [
        "2026-02",
        "2026-03",
        "2026-04",
    ]
    assert close.close_due_months(now=parse_utc("2026-05-03")) == []
