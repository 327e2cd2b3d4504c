"""Orders completed a microsecond before and after the end of a month, in four time zones.

All times are in UTC and were computed by hand from the offsets of the zones in 2023 to 2025, without the product. 2024 has
a 29 February, and two of the zones change their clocks:

- New York is UTC-5, from 10 March to 3 November 2024 UTC-4: midnight is 05:00 UTC, in summer 04:00;
- Kiritimati is UTC+14 all year: midnight is 10:00 UTC of the day before;
- Kathmandu is UTC+5:45 all year: midnight is 18:15 UTC of the day before;
- Lord Howe is UTC+10:30, until 7 April and from 6 October 2024 UTC+11, half an hour: midnight is 13:30 UTC of the day
  before, in summer 13:00.
"""

import csv
import io
import re
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from affiliates.models import Affiliate
from agreements import publishing, seeding
from payouts.closing import close, open_program, verification
from payouts.closing.replay import replay
from payouts.ledger import adjustments
from payouts.models import Close, Statement, StatementLine
from tests.factories import make_staff
from tests.scenarios import build_order, import_affiliates, parse_utc, send_orders

pytestmark = [pytest.mark.django_db, pytest.mark.slow]

TICK = timedelta(microseconds=1)


# By zone, a row for each month: the month, its end, and for validation after 30 days of 24 hours the month in which a
# commission is validated if the order was completed a microsecond before that end, and the one if it was completed at or
# after it, where that is another month.
ENDS = {
    "America/New_York": (
        # 31 December, 23:59:59.999999, and 30 days: 30 January.
        "2023-12 2024-01-01T05:00 2024-01",
        # February has 29 days: 1 February and 30 days is 2 March.
        "2024-01 2024-02-01T05:00 2024-03",
        # 1 March, 00:00 and 720 hours is 31 March, 01:00: one hour was skipped.
        "2024-02 2024-03-01T05:00 2024-03",
        # 1 April and 30 days is 1 May, 00:00 exactly, so a microsecond before is April.
        "2024-03 2024-04-01T04:00 2024-04 2024-05",
        "2024-04 2024-05-01T04:00 2024-05",
        "2024-05 2024-06-01T04:00 2024-06 2024-07",
        "2024-06 2024-07-01T04:00 2024-07",
        "2024-07 2024-08-01T04:00 2024-08",
        "2024-08 2024-09-01T04:00 2024-09 2024-10",
        "2024-09 2024-10-01T04:00 2024-10",
        # 1 November, 00:00 and 720 hours is 30 November, 23:00: one hour came twice. All three are November's.
        "2024-10 2024-11-01T04:00 2024-11",
        "2024-11 2024-12-01T05:00 2024-12",
        "2024-12 2025-01-01T05:00 2025-01",
    ),
    "Pacific/Kiritimati": (
        "2023-12 2023-12-31T10:00 2024-01",
        "2024-01 2024-01-31T10:00 2024-03",
        "2024-02 2024-02-29T10:00 2024-03",
        "2024-03 2024-03-31T10:00 2024-04 2024-05",
        "2024-04 2024-04-30T10:00 2024-05",
        "2024-05 2024-05-31T10:00 2024-06 2024-07",
        "2024-06 2024-06-30T10:00 2024-07",
        "2024-07 2024-07-31T10:00 2024-08",
        "2024-08 2024-08-31T10:00 2024-09 2024-10",
        "2024-09 2024-09-30T10:00 2024-10",
        # No change of the clocks: 1 November and 30 days is 1 December, 00:00 exactly.
        "2024-10 2024-10-31T10:00 2024-11 2024-12",
        "2024-11 2024-11-30T10:00 2024-12",
        "2024-12 2024-12-31T10:00 2025-01",
    ),
    "Asia/Kathmandu": (
        "2023-12 2023-12-31T18:15 2024-01",
        "2024-01 2024-01-31T18:15 2024-03",
        "2024-02 2024-02-29T18:15 2024-03",
        "2024-03 2024-03-31T18:15 2024-04 2024-05",
        "2024-04 2024-04-30T18:15 2024-05",
        "2024-05 2024-05-31T18:15 2024-06 2024-07",
        "2024-06 2024-06-30T18:15 2024-07",
        "2024-07 2024-07-31T18:15 2024-08",
        "2024-08 2024-08-31T18:15 2024-09 2024-10",
        "2024-09 2024-09-30T18:15 2024-10",
        "2024-10 2024-10-31T18:15 2024-11 2024-12",
        "2024-11 2024-11-30T18:15 2024-12",
        "2024-12 2024-12-31T18:15 2025-01",
    ),
    "Australia/Lord_Howe": (
        "2023-12 2023-12-31T13:00 2024-01",
        "2024-01 2024-01-31T13:00 2024-03",
        "2024-02 2024-02-29T13:00 2024-03",
        # 1 April, 00:00 and 720 hours is 30 April, 23:30: half an hour came twice. All three are April's.
        "2024-03 2024-03-31T13:00 2024-04",
        "2024-04 2024-04-30T13:30 2024-05",
        "2024-05 2024-05-31T13:30 2024-06 2024-07",
        "2024-06 2024-06-30T13:30 2024-07",
        "2024-07 2024-07-31T13:30 2024-08",
        "2024-08 2024-08-31T13:30 2024-09 2024-10",
        # 1 October, 00:00 and 720 hours is 31 October, 00:30: half an hour was skipped.
        "2024-09 2024-09-30T13:30 2024-10",
        "2024-10 2024-10-31T13:00 2024-11 2024-12",
        "2024-11 2024-11-30T13:00 2024-12",
        "2024-12 2024-12-31T13:00 2025-01",
    ),
}
# The start of December 2023, when all orders are placed, so that December is the program's first month.
FIRST = {
    "America/New_York": "2023-12-01T05:00",
    "Pacific/Kiritimati": "2023-11-30T10:00",
    "Asia/Kathmandu": "2023-11-30T18:15",
    "Australia/Lord_Howe": "2023-11-30T13:00",
}
# The end of January 2025, the last month closed.
LAST = {
    "America/New_York": "2025-02-01T05:00",
    "Pacific/Kiritimati": "2025-01-31T10:00",
    "Asia/Kathmandu": "2025-01-31T18:15",
    "Australia/Lord_Howe": "2025-01-31T13:00",
}
MOMENTS = {"before": -TICK, "then": timedelta(0), "after": TICK}


def iter_months(zone: str) -> Iterator[tuple[str, str, str, str]]:
    for row in ENDS[zone]:
        month, at, before, *later = row.split()
        yield month, at, before, [before, *later][-1]


def get_settling_months(zone: str, validation_days: int) -> dict[str, str]:
    """Return {order: the month in which it is settled}; without a holding period, that is the month of its completion."""
    months = [month for month, *_ in iter_months(zone)]
    settling = {}
    for (month, _at, before, later), following in zip(iter_months(zone), [*months[1:], "2025-01"], strict=True):
        first, then = (before, later) if validation_days else (month, following)
        settling |= {f"{month}-before": first, f"{month}-then": then, f"{month}-after": then}
    return settling


@pytest.fixture
def ann(zone, validation_days, tmp_path) -> Affiliate:
    """Return the only affiliate of a program in `zone`."""
    draft = seeding.create_seed_draft(now=parse_utc("2023-10-01"))
    draft.time_zone, draft.validation_days = zone, validation_days
    draft.save()
    publishing.publish_version(
        agreement=draft, effective_at=parse_utc("2023-11-01"), now=parse_utc("2023-10-01"), by=None
    )
    open_program.open_program(now=parse_utc("2023-11-01"), by=None)
    with time_machine.travel(parse_utc("2023-11-20"), tick=False):
        return import_affiliates(["ANN"], tmp_path, accepted="2023-11-02")["ANN"]


def send_orders_around_month_ends(zone: str) -> dict[str, Decimal]:
    """Send an order a microsecond before each month's end, one at it and one after it.

    Return {order: commission}, which is 5 % of n x 20.00.
    """
    snapshots = [
        build_order(
            f"{month}-{name}",
            ("home-decor", f"{20 * (3 * row + place)}.00"),
            placed=f"{FIRST[zone]}:00Z",
            completed=(parse_utc(at) + apart).isoformat(),
            at=(parse_utc(at) + apart).isoformat(),
            coupon="ANN",
        )
        for row, (month, at, *_) in enumerate(iter_months(zone))
        for place, (name, apart) in enumerate(MOMENTS.items(), 1)
    ]
    assert {result.outcome for result in send_orders(*snapshots)} == {"created"}
    return {one["order_id"]: Decimal(f"{number}.00") for number, one in enumerate(snapshots, 1)}


def approve_corrections(ann: Affiliate, zone: str) -> None:
    """Approve corrections around the end of 29 February: 0.01 before it, 0.10 at it, 1.00 after it."""
    preparer, approver = make_staff("payout preparers"), make_staff("payout approvers")
    end = next(parse_utc(at) for month, at, *_ in iter_months(zone) if month == "2024-02")
    for apart, amount in zip(MOMENTS.values(), ("0.01", "0.10", "1.00"), strict=True):
        row = adjustments.propose(
            affiliate=ann, kind="correction", amount=Decimal(amount), reason="A test.", now=end - 2 * TICK, by=preparer
        )
        adjustments.approve(adjustment=row, now=end + apart, by=approver)


def close_on_schedule(zone: str) -> list[str]:
    """Close each month at the start of the third day after it, 48 hours in these zones, and not a microsecond earlier."""
    closed = []
    for at in [*(at for _month, at, *_ in iter_months(zone)), LAST[zone]]:
        due = parse_utc(at) + timedelta(hours=48)
        assert close.close_due_months(now=due - TICK) == []
        closed += [str(one) for one in close.close_due_months(now=due)]
    return closed


def read_csv(client: Client, statement: Statement) -> list[tuple[str, str]]:
    answer = client.get(reverse("payouts:statement_csv", args=[statement.pk]))
    table = csv.DictReader(io.StringIO(answer.getvalue().decode("utf-8-sig")))
    return [(row["order"], row["amount"]) for row in table if row["entry"] == "commission"]


def read_page(client: Client, statement: Statement) -> list[str]:
    page = client.get(reverse("payouts:statement", args=[statement.pk])).content.decode()
    return re.findall(r">([0-9-]{7}-(?:before|then|after))<", page)


@pytest.mark.parametrize("validation_days", [0, 30])
@pytest.mark.parametrize("zone", ENDS)
def test_order_is_settled_once_in_the_month_of_the_program_time_zone(zone, validation_days, ann):
    earned, months = send_orders_around_month_ends(zone), get_settling_months(zone, validation_days)
    approve_corrections(ann, zone)
    assert close_on_schedule(zone) == [*(month for month, *_ in iter_months(zone)), "2025-01"]

    settled = StatementLine.objects.values_list("commission__order__order_id", "close__period", "amount")
    assert {order_id: (f"{day:%Y-%m}", amount) for order_id, day, amount in settled} == {
        order_id: (month, earned[order_id]) for order_id, month in months.items()
    }
    assert settled.count() == len(earned) == 39

    client = Client()
    client.force_login(ann.user)
    for statement in Statement.objects.all():
        here = [one for one, month in months.items() if month == str(statement.close)]
        assert sorted(read_csv(client, statement)) == sorted((one, str(earned[one])) for one in here)
        assert sorted(read_page(client, statement)) == sorted(here)
        assert statement.settled == sum(earned[one] for one in here)
    posted = dict(Statement.objects.exclude(adjustments=0).values_list("close__period", "adjustments"))
    assert {f"{day:%Y-%m}": str(amount) for day, amount in posted.items()} == {"2024-02": "0.01", "2024-03": "1.10"}

    assert [finding for finding in verification.check_invariants() if finding.violations] == []
    assert [difference for closed in Close.objects.all() for difference in replay(closed)] == []
