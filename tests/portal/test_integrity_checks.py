"""Nightly integrity checks: one result a day and one alert for a violation."""

from datetime import UTC, date, datetime, timedelta

import pytest
import time_machine
from django.urls import reverse

from mail.models import Message
from mail.rendering import render
from payouts.closing import verification
from payouts.models import LedgerTransaction
from portal import integrity_checks, staff_home
from portal.models import IntegrityCheck, ScheduledTask
from portal.tasks import verify_acceptances, verify_ledger, verify_rollups
from tests.factories import make_staff

pytestmark = pytest.mark.django_db
NIGHT = datetime(2026, 3, 3, 2, 10, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _staff(settings):
    settings.STAFF_ALERT_EMAILS = ["staff@example.com"]


def run_all_checks(at: datetime) -> None:
    with time_machine.travel(at, tick=False):
        for task in (verify_ledger, verify_acceptances, verify_rollups):
            task.apply()


def list_results() -> list[tuple[str, date, str]]:
    return list(IntegrityCheck.objects.order_by("day", "name").values_list("name", "day", "violation"))


def test_every_check_runs_once_a_night(agreement):
    run_all_checks(NIGHT - timedelta(minutes=11))
    assert list_results() == []
    run_all_checks(NIGHT)
    run_all_checks(NIGHT + timedelta(hours=5))
    assert list_results() == [
        ("acceptances", NIGHT.date(), ""),
        ("ledger", NIGHT.date(), ""),
        ("roll-ups", NIGHT.date(), ""),
    ]
    assert ScheduledTask.objects.get(name=verify_ledger.name).result == ""
    invariants = len(verification.INVARIANTS)
    assert IntegrityCheck.objects.get(name="ledger").summary == f"{invariants} of {invariants} invariants hold"
    run_all_checks(NIGHT + timedelta(days=1, hours=9))
    assert len(list_results()) == 6
    assert not Message.objects.filter(kind="integrity_check_failed").exists()


def test_staff_are_alerted_once_of_the_first_violation(agreement, client):
    LedgerTransaction.objects.create(source="nothing", kind="a test", at=NIGHT)
    run_all_checks(NIGHT)
    run_all_checks(NIGHT + timedelta(hours=1))
    violation = "each ledger transaction has entries: transaction nothing has no entries (1 in all)"
    assert list_results()[1] == ("ledger", NIGHT.date(), violation)
    [alert] = Message.objects.filter(kind="integrity_check_failed")
    mail = render(kind=alert.kind, context=alert.context)
    assert mail.subject == "Integrity check failed: ledger"
    assert violation in mail.text
    superuser = make_staff(superuser=True)
    item = next(
        item for item in staff_home.list_todo_items(superuser, NIGHT) if item.label == "Nightly integrity checks"
    )
    assert (item.count, item.is_late) == (1, True)
    client.force_login(superuser)
    html = client.get(reverse("admin:portal_scheduledtask_changelist")).content.decode()
    assert violation in html
    assert "0 acceptances" in html


def test_two_simultaneous_runs_store_one_result_and_send_one_alert(agreement, monkeypatch):
    LedgerTransaction.objects.create(source="nothing", kind="a test", at=NIGHT)
    original = integrity_checks.CHECKS[IntegrityCheck.Name.LEDGER]

    def check_during_another_run():
        monkeypatch.setitem(integrity_checks.CHECKS, IntegrityCheck.Name.LEDGER, original)
        integrity_checks.run_check(name=IntegrityCheck.Name.LEDGER, now=NIGHT)
        return original()

    monkeypatch.setitem(integrity_checks.CHECKS, IntegrityCheck.Name.LEDGER, check_during_another_run)
    integrity_checks.run_check(name=IntegrityCheck.Name.LEDGER, now=NIGHT)
    assert IntegrityCheck.objects.count() == 1
    assert Message.objects.filter(kind="integrity_check_failed").count() == 1


def read_tasks_page(client, at: datetime) -> str:
    client.force_login(make_staff(superuser=True))
    with time_machine.travel(at, tick=False):
        return " ".join(client.get(reverse("admin:portal_scheduledtask_changelist")).content.decode().split())


@pytest.mark.parametrize(
    ("started", "first"),
    [(NIGHT, "02:40"), (NIGHT - timedelta(hours=1), "02:30"), (NIGHT + timedelta(hours=9), "11:40")],
)
def test_page_says_when_the_first_checks_run_whenever_one_looks(agreement, client, started, first):
    ScheduledTask.objects.create(name="mail.tasks.deliver", first_run_at=started)
    later = read_tasks_page(client, started + timedelta(minutes=10))
    page = read_tasks_page(client, started)
    for text in (later, page):
        assert "No check has run yet. The first ones run by" in text
        assert f"3 Mar 2026, {first} UTC" in text
    assert "Each check runs once a day, the first time that its task below runs after 2:00 UTC." in page
    assert page.count("every 30 minutes, with a check once a day") == 3
    # A task that has never run says when it will.
    assert f'with a check once a day; next <time datetime="{(started + timedelta(minutes=30)).isoformat()}' in page
    page = read_tasks_page(client, NIGHT + timedelta(days=1))
    assert "although the first ones were due by" in page
    assert f"3 Mar 2026, {first} UTC" in page
    assert "was due <time" in page


def test_page_without_any_run_says_so(agreement, client):
    assert "No check has run yet, because no scheduled task has." in read_tasks_page(client, NIGHT)
