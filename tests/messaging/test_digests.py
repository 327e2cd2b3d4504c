"""The weekly summary, on Monday morning of each time zone, once."""

from datetime import UTC, date, datetime, timedelta

import pytest

from affiliates.models import Affiliate
from affiliates.notifications import notify_many
from agreements.models import Program
from mail.models import Message
from mail.rendering import render
from messaging import digests
from tests.scenarios import create_program, import_affiliates
from tracking.models import Rollup

pytestmark = pytest.mark.django_db
MONDAY = date(2026, 3, 9)
NOW = datetime(2026, 3, 9, 9, tzinfo=UTC)


@pytest.fixture
def people(tmp_path):
    create_program()
    Program.current()
    Program.objects.update(opened_at=NOW - timedelta(days=60))
    people = import_affiliates(["ANN", "BEN", "CLEO", "DAN"], tmp_path)
    for code in ("ANN", "BEN", "CLEO"):
        add_day(people[code])
    return people


def add_day(affiliate, day=MONDAY - timedelta(days=7), clicks=7):
    Rollup.objects.create(
        affiliate=affiliate, dimension="total", day=day, value="", clicks=clicks, orders=2, commission="12.50"
    )


def list_readers():
    return sorted(Message.objects.filter(kind="weekly_digest").values_list("context__code", flat=True))


@pytest.mark.parametrize(
    ("at", "zone", "monday"),
    [
        ("2026-03-09T06:59", "UTC", None),
        ("2026-03-09T07:00", "UTC", MONDAY),
        ("2026-03-10T06:59", "UTC", MONDAY),
        ("2026-03-10T07:00", "UTC", None),
        ("2026-03-08T22:00", "Asia/Tokyo", MONDAY),
        ("2026-03-09T13:59", "America/Los_Angeles", None),
        ("2026-03-09T14:00", "America/Los_Angeles", MONDAY),
        ("2026-03-09T07:00", "No/Where", MONDAY),
    ],
)
def test_due_monday_is_that_of_the_zone(at, zone, monday):
    assert digests.find_due_monday(datetime.fromisoformat(at).replace(tzinfo=UTC), zone) == monday


def test_summary_goes_once_to_each_who_had_a_week_and_wants_it(people, monkeypatch):
    monkeypatch.setattr(digests, "BATCH_SIZE", 1)
    Affiliate.objects.filter(code="BEN").update(muted_kinds=["weekly_digest"])
    Affiliate.objects.filter(code="CLEO").update(time_zone="America/Los_Angeles")
    assert digests.send_due_digests(now=NOW) == 1
    assert digests.send_due_digests(now=NOW + timedelta(minutes=10)) == 0
    assert list_readers() == ["ANN"], "Dan had neither clicks nor orders, and Cleo is asleep"
    assert digests.send_due_digests(now=NOW + timedelta(hours=6)) == 1
    Affiliate.objects.filter(code="ANN").update(time_zone="America/Los_Angeles")
    assert digests.send_due_digests(now=NOW + timedelta(hours=7)) == 0
    assert list_readers() == ["ANN", "CLEO"]


def test_summary_has_the_figures_of_the_week(people):
    add_day(people["ANN"], MONDAY - timedelta(days=1), clicks=1)
    add_day(people["ANN"], MONDAY, clicks=1000)
    add_day(people["ANN"], MONDAY - timedelta(days=8), clicks=1000)
    digests.send_due_digests(now=NOW)
    message = Message.objects.get(kind="weekly_digest", context__code="ANN")
    mail = render(kind=message.kind, context=message.context)
    assert mail.subject == "Your week: 25.00 USD earned"
    for line in (
        "Clicks: 8",
        "Orders: 4",
        "from 2 Mar 2026 to 8 Mar 2026",
        "Next payout: about 50.00 USD, after the close on 3 Apr 2026",
        "Earned and not yet on a statement: ",
    ):
        assert line in mail.text, mail.text
    assert "notification settings" in mail.text


def test_summary_is_only_for_active_affiliates(people):
    Affiliate.objects.filter(code="ANN").update(erased_at=NOW)
    Affiliate.objects.filter(code="BEN").update(state="suspended")
    assert digests.send_due_digests(now=NOW) == 1
    assert list_readers() == ["CLEO"]


def test_summary_names_what_the_next_payout_waits_for(people, tmp_path):
    add_day(import_affiliates(["EVA"], tmp_path, details=False)["EVA"])
    digests.send_due_digests(now=NOW)
    message = Message.objects.get(kind="weekly_digest", context__code="EVA")
    assert "Next payout: none yet." in render(kind=message.kind, context=message.context).text


def test_summary_promises_no_payout_before_the_program_is_open(people):
    Program.objects.update(opened_at=None)
    digests.send_due_digests(now=NOW)
    message = Message.objects.get(kind="weekly_digest", context__code="ANN")
    assert "Next payout" not in render(kind=message.kind, context=message.context).text


def test_batch_that_dies_is_repeated_whole(people, monkeypatch):
    monkeypatch.setattr(digests, "BATCH_SIZE", 1)
    calls = []

    def die_once(**fields):
        calls.append(1)
        notify_many(**fields)
        if len(calls) == 2:
            raise ConnectionError("the worker died")

    monkeypatch.setattr(digests, "notify_many", die_once)
    with pytest.raises(ConnectionError):
        digests.send_due_digests(now=NOW)
    assert len(list_readers()) == 1
    digests.send_due_digests(now=NOW)
    assert list_readers() == ["ANN", "BEN", "CLEO"]
