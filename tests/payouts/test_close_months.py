"""Months are closed ..."""

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

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("_an_order_of_january")]
PLACED, TICK = "2026-01-10T12:00:00Z", timedelta(microseconds=1)
ENDED = parse_utc("2026-02-01")


@pytest.fixture
def _an_order_of_january(tmp_path):
    create_program("2026-01-01")
    import_affiliates(["ANN"], tmp_path)
    send_orders(build_order("A1", at=PLACED, placed=PLACED, coupon="ANN"), now=parse_utc("2026-01-11"))


def close_it(first, now, **how):
    return close.close_month(month=date.fromisoformat(first), now=now, by=None, **how)


def test_from_the_instant_on_at_which_they_have_ended():
    with pytest.raises(close.CloseNotAllowed, match="2026-01 has not ended yet"):
        close_it("2026-01-01", ENDED - TICK)
    done = close_it("2026-01-01", ENDED)
    assert (done.starts_at, done.ends_at, done.closed_at) == (parse_utc("2026-01-01"), ENDED, ENDED)
    assert done.cut > 0
    assert done.agreement.name == "1"


def test_in_order_from_that_of_the_earliest_order_on():
    with pytest.raises(close.CloseNotAllowed, match="2025-12 is before the program's first month, 2026-01"):
        close_it("2025-12-01", parse_utc("2026-04-01"))
    with pytest.raises(close.CloseNotAllowed, match="2026-01 must be closed first"):
        close_it("2026-02-01", parse_utc("2026-04-01"))
    close_it("2026-01-01", parse_utc("2026-04-01"))
    with pytest.raises(close.CloseNotAllowed, match="2026-02 must be closed first"):
        close_it("2026-03-01", parse_utc("2026-04-01"))
    with pytest.raises(close.CloseNotAllowed, match="2025-12 is before the program's first month, 2026-01"):
        close_it("2025-12-01", parse_utc("2026-04-01"))


def test_from_that_of_an_adjustment_on_if_it_is_the_earliest():
    made: dict[str, Any] = {
        "kind": "bonus",
        "amount": Decimal("10.00"),
        "reason": "A test.",
        "by": make_staff("payout preparers"),
    }
    adjustments.propose(affiliate=Affiliate.objects.get(), now=parse_utc("2025-12-31T23:59:59"), **made)
    assert str(close.get_month_to_close()) == "2025-12"


def test_once_however_often_they_are_asked():
    first = close_it("2026-01-01", ENDED)
    assert close_it("2026-01-01", ENDED + timedelta(days=3)) == first
    assert Close.objects.count() == 1


def test_with_a_record_of_who_asked():
    member = make_staff("payout approvers")
    by_hand = close.close_month(month=date(2026, 1, 1), now=ENDED, by=member)
    by_itself = close_it("2026-02-01", parse_utc("2026-03-03"))
    records = AuditRecord.objects.filter(action="month closed").order_by("at")
    assert [(row.subject_id, row.by, row.reason) for row in records] == [
        (str(by_hand.pk), member, "Closed manually."),
        (str(by_itself.pk), None, "Scheduled month-end close."),
    ]
    assert records[0].after == {"period": "2026-01", "cut": by_hand.cut}


def test_telling_each_step():
    told = []
    close_it("2026-01-01", ENDED, progress=told.append)
    assert told == list(range(1, close.STEPS + 1))


def test_alone():
    seen: list[str] = []

    def look(_done: int) -> None:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT mode FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid() AND granted"
                " AND classid::bigint << 32 | objid::bigint = %s",
                [booking.LOCK_KEY],
            )
            seen.extend(mode for (mode,) in cursor.fetchall())

    close_it("2026-01-01", ENDED, progress=look)
    assert "ExclusiveLock" in seen


def test_by_themselves_once_their_close_day_has_come_and_the_program_is_open():
    third = parse_utc("2026-02-03")
    assert [str(month) for month in close.list_due_months(third - TICK)] == []
    assert [str(month) for month in close.list_due_months(third)] == ["2026-01"]
    assert [str(month) for month in close.list_due_months(parse_utc("2026-04-02"))] == ["2026-01", "2026-02"]
    assert close.close_due_months(now=third) == []
    open_program(now=third, by=None)
    Program.objects.update(opened_at=third + TICK)
    assert close.close_due_months(now=third) == [], "whatever is due: it is to be opened later"
    Program.objects.update(opened_at=third)
    assert [str(done) for done in close.close_due_months(now=third - TICK)] == []
    assert [str(done) for done in close.close_due_months(now=third)] == ["2026-01"]
    assert [str(done) for done in close.close_due_months(now=parse_utc("2026-05-03"))] == [
        "2026-02",
        "2026-03",
        "2026-04",
    ]
    assert close.close_due_months(now=parse_utc("2026-05-03")) == []
