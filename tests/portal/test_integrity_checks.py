"""Every night"""

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


def ask_all(at: datetime) -> None:
    with time_machine.travel(at, tick=False):
        for task in (verify_ledger, verify_acceptances, verify_rollups):
            task.apply()


def proven() -> list[tuple[str, date, str]]:
    return list(IntegrityCheck.objects.order_by("day", "name").values_list("name", "day", "violation"))


def test_all_is_proven_once(agreement):
    ask_all(NIGHT - timedelta(minutes=11))
    assert proven() == []
    ask_all(NIGHT)
    ask_all(NIGHT + timedelta(hours=5))
    assert proven() == [("acceptances", NIGHT.date(), ""), ("ledger", NIGHT.date(), ""), ("roll-ups", NIGHT.date(), "")]
    assert ScheduledTask.objects.get(name=verify_ledger.name).result == ""
    invariants = len(verification.INVARIANTS)
    assert IntegrityCheck.objects.get(name="ledger").summary == f"{invariants} of {invariants} invariants hold"
    ask_all(NIGHT + timedelta(days=1, hours=9))
    assert len(proven()) == 6
    assert not Message.objects.filter(kind="integrity_check_failed").exists()


def test_staff_are_told_once_of_the_first_violation(agreement, client):
    LedgerTransaction.objects.create(source="nothing", kind="a test", at=NIGHT)
    ask_all(NIGHT)
    ask_all(NIGHT + timedelta(hours=1))
    violation = "each ledger transaction has entries: transaction nothing has no entries (1 in all)"
    assert proven()[1] == ("ledger", NIGHT.date(), violation)
    [told] = Message.objects.filter(kind="integrity_check_failed")
    mail = render(kind=told.kind, context=told.context)
    assert mail.subject == "Integrity check failed: ledger"
    assert violation in mail.text
    boss = make_staff(superuser=True)
    item = next(item for item in staff_home.list_todo_items(boss, NIGHT) if item.label == "Nightly integrity checks")
    assert (item.count, item.is_late) == (1, True)
    client.force_login(boss)
    shown = client.get(reverse("admin:portal_scheduledtask_changelist")).content.decode()
    assert violation in shown
    assert "0 acceptances" in shown


def test_two_beats_at_once_prove_and_tell_once(agreement, monkeypatch):
    LedgerTransaction.objects.create(source="nothing", kind="a test", at=NIGHT)
    plain = integrity_checks.CHECKS[IntegrityCheck.Name.LEDGER]

    def while_the_other_does_it_too():
        monkeypatch.setitem(integrity_checks.CHECKS, IntegrityCheck.Name.LEDGER, plain)
        integrity_checks.run_check(name=IntegrityCheck.Name.LEDGER, now=NIGHT)
        return plain()

    monkeypatch.setitem(integrity_checks.CHECKS, IntegrityCheck.Name.LEDGER, while_the_other_does_it_too)
    integrity_checks.run_check(name=IntegrityCheck.Name.LEDGER, now=NIGHT)
    assert IntegrityCheck.objects.count() == 1
    assert Message.objects.filter(kind="integrity_check_failed").count() == 1
