"""Publishing ..."""

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


def raised() -> AgreementVersion:
    new = version_drafts.start_draft(now=NOW, by=None)
    new.rates.filter(category="home-decor").update(percent="5.50")
    return new


def cut() -> AgreementVersion:
    new = version_drafts.start_draft(now=NOW, by=None)
    new.rates.filter(category="home-decor").update(percent="4.50")
    return new


def publish(agreement: AgreementVersion, effective_at: datetime, now: datetime = NOW) -> AgreementVersion:
    return publishing.publish_version(agreement=agreement, effective_at=effective_at, now=now, by=None)


def test_of_the_seed_agreement_gives_version_1_in_force_from_its_date(first):
    assert (first.name, first.number, first.detriment) == ("1", 1, False)
    assert AgreementVersion.objects.get_in_force(datetime(2026, 1, 1, tzinfo=UTC)) == first
    assert AgreementVersion.objects.get_in_force(datetime(2025, 12, 31, 23, 59, 59, tzinfo=UTC)) is None


def test_of_the_seed_agreement_in_the_past_by_command_says_so_on_standard_output(capsys):
    call_command("seed_agreement", effective="2010-11-01")
    agreement = AgreementVersion.objects.get()
    assert agreement.effective_at == datetime(2010, 11, 1, tzinfo=UTC)
    out = capsys.readouterr().out
    assert out == f"version 1 takes effect 2010-11-01 00:00 UTC, sha256 {agreement.texts.get().sha256}\n"


def test_of_the_seed_agreement_is_refused_where_there_is_a_version(first):
    with pytest.raises(CommandError, match="already has an agreement"):
        call_command("seed_agreement", effective="2010-11-01")


def test_of_the_seed_agreement_is_refused_for_what_is_no_date(db):
    with pytest.raises(CommandError, match="--effective must be a date"):
        call_command("seed_agreement", effective="2010-13-01")


def test_of_a_benefit_needs_no_notice(first):
    new = publish(raised(), NOW)
    assert (new.number, new.detriment) == (2, False)
    assert AgreementVersion.objects.get_in_force(NOW) == new


def test_of_a_detriment_too_early_is_refused_with_the_earliest_instant(first):
    new = cut()
    with pytest.raises(TooEarly, match=r"14 days of notice.*2026-03-15 12:00 UTC") as caught:
        publish(new, NOW + 14 * DAY - timedelta(microseconds=1))
    assert caught.value.earliest == NOW + 14 * DAY
    new.refresh_from_db()
    assert new.published_at is None
    assert publish(new, NOW + 14 * DAY).detriment


def test_of_a_detriment_goes_by_the_notice_of_the_version_in_force(first):
    longer = version_drafts.start_draft(now=NOW, by=None)
    longer.change_notice_days = 60
    longer.save()
    publish(longer, NOW + 5 * DAY)
    new = cut()
    assert publishing.compute_earliest_effective_at(NOW) == NOW + 14 * DAY
    with pytest.raises(TooEarly) as caught:
        publish(new, NOW + 14 * DAY, now=NOW + 5 * DAY)
    assert caught.value.earliest == NOW + 65 * DAY


def test_into_the_past_is_refused_but_for_the_first_version(first):
    with pytest.raises(TooEarly, match="past"):
        publish(raised(), NOW - DAY)


def test_before_or_with_another_published_version_is_refused(first):
    publish(raised(), NOW + 20 * DAY)
    with pytest.raises(TooEarly, match="after version 2"):
        publish(cut(), NOW + 20 * DAY)


def test_measures_a_version_against_the_one_before_it_even_if_that_is_not_in_effect_yet(first):
    publish(raised(), NOW + 20 * DAY)
    back = version_drafts.start_draft(now=NOW, by=None, source=first)
    assert publish(back, NOW + 30 * DAY).detriment


def test_of_a_published_version_again_is_refused(first):
    with pytest.raises(Rejected):
        publish(first, NOW)


def test_of_a_draft_with_problems_names_every_one(first):
    new = cut()
    new.rates.filter(everything_else=True).update(everything_else=False)
    new.clauses.filter(number="3.2").update(body="Within {days} of {validation_days}.")
    with pytest.raises(NotPublishable) as caught:
        publish(new, NOW + 30 * DAY)
    assert [problem.place for problem in caught.value.problems] == ["rates", "clause 3.2", "clause 3.2"]


def test_writes_one_audit_record(first):
    user = make_user()
    new = publishing.publish_version(agreement=raised(), effective_at=NOW, now=NOW, by=user)
    [record] = AuditRecord.objects.filter(action="agreement published", subject_id=str(new.pk))
    assert (record.by, record.after["sha256"]) == (user, new.texts.get().sha256)


def test_tells_affiliates_what_changes_and_asks_them_for_a_detriment(first):
    active = make_affiliate(state=State.ACTIVE)
    make_affiliate(state=State.TERMINATED)
    make_affiliate(state=State.APPROVED)
    new = publish(cut(), NOW + 30 * DAY)
    [message] = Message.objects.filter(kind="agreement_change")
    assert message.to == active.email
    assert message.context["changes"] == ["home-decor: 5.00 % -> 4.50 % (worse for you, clause 4.1)"]
    assert message.context["agreement_id"] == str(new.pk)


def test_of_the_first_version_tells_those_who_are_approved_already(db):
    waiting = make_affiliate(state=State.APPROVED)
    seeding.publish_seed_agreement(effective_at=NOW, now=NOW, by=None)
    assert Message.objects.get(kind="agreement_to_accept").to == waiting.email


def test_can_be_taken_back_before_its_date_and_told_to_those_who_had_been_told(first):
    told = make_affiliate(state=State.ACTIVE)
    new = publish(cut(), NOW + 30 * DAY)
    make_affiliate(state=State.ACTIVE)
    publishing.withdraw_version(agreement=new, now=NOW + DAY, by=None, reason="A mistake.")
    assert AgreementVersion.objects.get_in_force(NOW + 31 * DAY) == first
    assert Message.objects.get(kind="agreement_withdrawn").to == told.email
    assert AgreementWithdrawal.objects.get().reason == "A mistake."
    assert AuditRecord.objects.filter(action="agreement withdrawn").count() == 1


def test_cannot_be_taken_back_in_effect_twice_without_reason_or_below_a_later_version(first):
    new = publish(cut(), NOW + 30 * DAY)
    later = publish(raised(), NOW + 40 * DAY)
    with pytest.raises(Rejected, match=f"version {later.name} first"):
        publishing.withdraw_version(agreement=new, now=NOW, by=None, reason="x")
    with pytest.raises(ValidationError, match="Enter a reason"):
        publishing.withdraw_version(agreement=later, now=NOW, by=None, reason=" ")
    with pytest.raises(Rejected, match="in effect"):
        publishing.withdraw_version(agreement=first, now=NOW, by=None, reason="x")
    publishing.withdraw_version(agreement=later, now=NOW, by=None, reason="x")
    with pytest.raises(Rejected, match="Only a published"):
        publishing.withdraw_version(agreement=later, now=NOW, by=None, reason="x")


def test_takes_a_day_at_its_first_instant_in_the_zone_of_the_program():
    assert get_start_of_day(date(2026, 7, 1), ZoneInfo("Europe/Berlin")) == datetime(2026, 6, 30, 22, tzinfo=UTC)
