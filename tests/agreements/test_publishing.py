"""Publishing and withdrawing versions."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command

from affiliates.models import State
from agreements import publishing, seeding, version_drafts
from agreements.errors import NotPublishable, Rejected, TooEarly
from agreements.models import AgreementVersion, AgreementWithdrawal
from agreements.periods import get_start_of_day
from audit.models import AuditRecord
from mail.models import Message
from tests.factories import make_affiliate, make_user

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
DAY = timedelta(days=1)


def start_raise() -> AgreementVersion:
    new = version_drafts.start_draft(now=NOW, by=None)
    new.rates.filter(category="home-decor").update(percent="5.50")
    return new


def start_cut() -> AgreementVersion:
    new = version_drafts.start_draft(now=NOW, by=None)
    new.rates.filter(category="home-decor").update(percent="4.50")
    return new


def publish(version: AgreementVersion, effective_at: datetime, now: datetime = NOW) -> AgreementVersion:
    return publishing.publish_version(agreement=version, effective_at=effective_at, now=now, by=None)


def test_seed_agreement_is_version_1_from_its_effective_date(first):
    assert (first.name, first.number, first.detriment) == ("1", 1, False)
    assert AgreementVersion.objects.get_in_force(datetime(2026, 1, 1, tzinfo=UTC)) == first
    assert AgreementVersion.objects.get_in_force(datetime(2025, 12, 31, 23, 59, 59, tzinfo=UTC)) is None


def test_seed_agreement_command_prints_version_and_hash(capsys):
    call_command("seed_agreement", effective="2010-11-01")
    version = AgreementVersion.objects.get()
    assert version.effective_at == datetime(2010, 11, 1, tzinfo=UTC)
    out = capsys.readouterr().out
    assert out == f"version 1 takes effect 2010-11-01 00:00 UTC, sha256 {version.texts.get().sha256}\n"


def test_seed_agreement_command_fails_if_a_version_exists(first):
    with pytest.raises(CommandError, match="already has an agreement"):
        call_command("seed_agreement", effective="2010-11-01")


def test_seed_agreement_command_rejects_invalid_date(db):
    with pytest.raises(CommandError, match="--effective must be a date"):
        call_command("seed_agreement", effective="2010-13-01")


def test_benefit_takes_effect_without_notice(first):
    new = publish(start_raise(), NOW)
    assert (new.number, new.detriment) == (2, False)
    assert AgreementVersion.objects.get_in_force(NOW) == new


def test_detriment_without_notice_is_rejected_with_earliest_date(first):
    new = start_cut()
    with pytest.raises(TooEarly, match=r"14 days of notice.*15 Mar 2026, 12:00 UTC") as caught:
        publish(new, NOW + 14 * DAY - timedelta(microseconds=1))
    assert caught.value.earliest == NOW + 14 * DAY
    new.refresh_from_db()
    assert new.published_at is None
    assert publish(new, NOW + 14 * DAY).detriment


def test_notice_is_that_of_version_in_force(first):
    longer = version_drafts.start_draft(now=NOW, by=None)
    longer.change_notice_days = 60
    longer.save()
    publish(longer, NOW + 5 * DAY)
    new = start_cut()
    assert publishing.compute_earliest_effective_at(NOW) == NOW + 14 * DAY
    with pytest.raises(TooEarly) as caught:
        publish(new, NOW + 14 * DAY, now=NOW + 5 * DAY)
    assert caught.value.earliest == NOW + 65 * DAY


def test_later_version_cannot_take_effect_in_the_past(first):
    with pytest.raises(TooEarly, match="past"):
        publish(start_raise(), NOW - DAY)


def test_version_must_take_effect_after_published_versions(first):
    publish(start_raise(), NOW + 20 * DAY)
    with pytest.raises(TooEarly, match="after version 2"):
        publish(start_cut(), NOW + 20 * DAY)


def test_version_is_compared_with_scheduled_predecessor(first):
    publish(start_raise(), NOW + 20 * DAY)
    back = version_drafts.start_draft(now=NOW, by=None, source=first)
    assert publish(back, NOW + 30 * DAY).detriment


def test_published_version_cannot_be_published_again(first):
    with pytest.raises(Rejected):
        publish(first, NOW)


def test_publishing_draft_with_problems_lists_all(first):
    new = start_cut()
    new.rates.filter(everything_else=True).update(everything_else=False)
    new.clauses.filter(number="3.2").update(body="Within {days} of {validation_days}.")
    with pytest.raises(NotPublishable) as caught:
        publish(new, NOW + 30 * DAY)
    assert [problem.place for problem in caught.value.problems] == ["rates", "clause 3.2", "clause 3.2"]


def test_publishing_writes_one_audit_record(first):
    user = make_user()
    new = publishing.publish_version(agreement=start_raise(), effective_at=NOW, now=NOW, by=user)
    [record] = AuditRecord.objects.filter(action="agreement published", subject_id=str(new.pk))
    assert (record.by, record.after["sha256"]) == (user, new.texts.get().sha256)


def test_publishing_detriment_notifies_active_affiliates(first):
    active = make_affiliate(state=State.ACTIVE)
    make_affiliate(state=State.TERMINATED)
    new = publish(start_cut(), NOW + 30 * DAY)
    [message] = Message.objects.filter(kind="agreement_change")
    assert message.to == active.email
    [change] = message.context["changes"]
    assert change == {
        "label": "Home decor",
        "old": "5.00 %",
        "new": "4.50 %",
        "effect": "worse for you",
        "clause": "4.1",
    }
    assert message.context["agreement_id"] == str(new.pk)


def test_publishing_first_version_notifies_approved_affiliates(db):
    approved = make_affiliate(state=State.APPROVED)
    seeding.publish_seed_agreement(effective_at=NOW, now=NOW, by=None)
    assert Message.objects.get(kind="agreement_to_accept").to == approved.email


def test_withdrawal_notifies_affiliates_who_were_notified(first):
    notified = make_affiliate(state=State.ACTIVE)
    new = publish(start_cut(), NOW + 30 * DAY)
    make_affiliate(state=State.ACTIVE)
    publishing.withdraw_version(agreement=new, now=NOW + DAY, by=None, reason="A mistake.")
    assert AgreementVersion.objects.get_in_force(NOW + 31 * DAY) == first
    assert Message.objects.get(kind="agreement_withdrawn").to == notified.email
    assert AgreementWithdrawal.objects.get().reason == "A mistake."
    assert AuditRecord.objects.filter(action="agreement withdrawn").count() == 1


def test_withdrawal_is_rejected_without_reason_or_when_too_late(first):
    new = publish(start_cut(), NOW + 30 * DAY)
    later = publish(start_raise(), NOW + 40 * DAY)
    with pytest.raises(Rejected, match=f"version {later.name} first"):
        publishing.withdraw_version(agreement=new, now=NOW, by=None, reason="x")
    with pytest.raises(ValidationError, match="Enter a reason"):
        publishing.withdraw_version(agreement=later, now=NOW, by=None, reason=" ")
    with pytest.raises(Rejected, match="in effect"):
        publishing.withdraw_version(agreement=first, now=NOW, by=None, reason="x")
    publishing.withdraw_version(agreement=later, now=NOW, by=None, reason="x")
    with pytest.raises(Rejected, match="Only a published"):
        publishing.withdraw_version(agreement=later, now=NOW, by=None, reason="x")


def test_start_of_day_is_in_program_time_zone():
    assert get_start_of_day(date(2026, 7, 1), ZoneInfo("Europe/Berlin")) == datetime(2026, 6, 30, 22, tzinfo=UTC)
