"""Deletion of what is kept of affiliates, `retention_years` after they have gone (specification 9)."""

from datetime import UTC, datetime, timedelta
from io import StringIO
from uuid import UUID

import pytest
from django.core.management import call_command

from affiliates.models import Affiliate, State
from agreements.models import AcceptancePerson, AgreementVersion
from audit.models import AuditRecord
from compliance.models import Review, ReviewEvent, ReviewFile
from compliance.reviews.decisions import decide
from compliance.reviews.open_review import open_review
from payouts.models import Adjustment, LedgerEntry, LedgerTransaction, Statement
from portal import erasure
from portal.personal_data import fields, retention
from portal.personal_data.fields import ERASED_TEXT
from portal.tasks import delete_retained_data
from tests.factories import make_affiliate, make_staff
from tests.portal import erasure_scenario as scenario
from tests.portal.database_dump import find_places, list_columns
from tests.portal.erasure_scenario import NOW, credit

# The affiliate has gone on 2026-06-20; the version that applied to them says 10 years.
BEFORE, DUE = datetime(2036, 6, 20, 11, 59, tzinfo=UTC), datetime(2036, 6, 20, 12, 0, tzinfo=UTC)


@pytest.fixture
def affiliate(erasure_program: UUID, db: None) -> Affiliate:
    return Affiliate.objects.select_related("user").get(pk=erasure_program)


def list_kept() -> list[int]:
    """Return how many retained rows still have their personal data."""
    return [
        AcceptancePerson.objects.count(),
        Review.objects.exclude(summary=ERASED_TEXT).count(),
        ReviewEvent.objects.exclude(text__in=["", ERASED_TEXT]).count(),
        sum(bool(bytes(file.content)) for file in ReviewFile.objects.all()),
        Adjustment.objects.exclude(reason=ERASED_TEXT).count(),
    ]


def test_retained_data_is_kept_until_its_time_is_over(affiliate):
    erasure.erase_affiliate(affiliate=affiliate, now=NOW, by=None)
    before = list_kept()
    assert 0 not in before
    assert retention.delete_due_data(now=BEFORE) == 0
    assert list_kept() == before
    assert retention.delete_due_data(now=DUE) == 1
    assert list_kept() == [0, 0, 0, 0, 0]
    assert retention.delete_due_data(now=DUE) == 0


def test_nothing_about_the_affiliate_is_left_after_retention(affiliate):
    """Also of one who never requested it: then the account is erased as well."""
    money = [list(model.objects.order_by("pk").values()) for model in (LedgerTransaction, LedgerEntry, Statement)]
    assert retention.delete_due_data(now=DUE) == 1
    canaries = (scenario.NAME, scenario.EMAIL, scenario.IP_ADDRESS, scenario.BROWSER, scenario.NOTE, scenario.REPLY)
    places = find_places((*canaries, scenario.FILE, scenario.COUPON, scenario.HOST))
    assert {canary: found for canary, found in places.items() if found} == {}
    assert money == [
        list(model.objects.order_by("pk").values()) for model in (LedgerTransaction, LedgerEntry, Statement)
    ]
    out = StringIO()
    for command in (["verify_acceptances"], ["verify_ledger"], ["replay", "--all"]):
        call_command(*command, stdout=out, stderr=StringIO())
    record = AuditRecord.objects.get(action="retained data deleted")
    assert record.after | {"version": ""} == {
        "acceptances": 1,
        "adjustments": 2,
        "files": 1,
        "reviews": 1,
        "version": "",
        "years": 10,
    }


def test_every_field_of_the_retention_list_is_deleted(affiliate):
    """The list that erasure leaves is the list that retention deletes."""
    assert list_columns(fields.list_retained()) == {
        *(f"agreements_acceptanceperson.{name}" for name in ("salt", "name", "email", "address", "user_agent")),
        *("agreements_acceptanceperson.session", "agreements_acceptanceperson.evidence"),
        *("compliance_review.summary", "compliance_review.decision_reason", "compliance_reviewevent.text"),
        "compliance_review.evidence_addresses",
        *("compliance_reviewfile.name", "compliance_reviewfile.content", "payouts_adjustment.reason"),
    }


def publish_later_version(*, effective_at: datetime) -> None:
    AgreementVersion.objects.create(
        name="later",
        number=2,
        detriment=True,
        drafted_at=NOW,
        published_at=NOW,
        effective_at=effective_at,
        retention_years=1,
    )


def test_term_is_that_of_the_version_applicable_at_the_end(affiliate):
    """A later version, which the affiliate never accepted, changes nothing for them."""
    version = AgreementVersion.objects.get()
    [deletion] = retention.list_deletions(until=DUE)
    assert (deletion.agreement, deletion.years, deletion.due_at) == (version, 10, DUE)
    publish_later_version(effective_at=scenario.STARTS_AT)
    assert retention.list_deletions(until=DUE)[0].agreement == version


def test_term_of_who_never_accepted_is_that_of_the_version_in_force(affiliate):
    """In force when they had gone: a later version changes nothing."""
    applicant, version = make_affiliate(state=State.REJECTED, at=NOW), AgreementVersion.objects.get()
    publish_later_version(effective_at=NOW + timedelta(seconds=1))
    [deletion] = [one for one in retention.list_deletions(until=DUE) if one.affiliate == applicant]
    assert (deletion.agreement, deletion.years) == (version, 10)


def test_affiliate_who_returned_is_kept(affiliate):
    Affiliate.objects.filter(pk=affiliate.pk).update(state=State.ACTIVE)
    before = list_kept()
    assert retention.delete_due_data(now=DUE) == 0
    assert list_kept() == before


@pytest.mark.parametrize("changes", [{"state": State.ACTIVE}, {"state_since": DUE}], ids=["state", "time"])
def test_affiliate_who_changes_while_the_task_runs_is_kept(affiliate, monkeypatch, changes):
    """What was due when the task began may not be any more once the row is locked."""
    deletions, before = retention.list_deletions(until=DUE), list_kept()
    monkeypatch.setattr(retention, "list_deletions", lambda *, until: deletions)
    Affiliate.objects.filter(pk=affiliate.pk).update(**changes)
    assert retention.delete_due_data(now=DUE) == 0
    assert list_kept() == before


def test_account_with_an_open_balance_is_kept_and_its_retained_data_deleted(affiliate):
    """A negative balance waits for staff to write it off; what is retained goes all the same (specification 9)."""
    credit(affiliate, "-50.00")
    assert retention.delete_due_data(now=DUE) == 0
    assert list_kept() == [0, 0, 0, 0, 0]
    affiliate.refresh_from_db()
    assert (affiliate.name, affiliate.erased_at, affiliate.retention_ended_at) == (scenario.NAME, None, None)
    credit(affiliate, "50.00")
    assert retention.delete_due_data(now=DUE + timedelta(days=1)) == 1
    affiliate.refresh_from_db()
    assert affiliate.name == f"Erased {affiliate.code}"


def test_open_review_is_kept(affiliate):
    by = make_staff(superuser=True)
    Affiliate.objects.filter(pk=affiliate.pk).update(state=State.ACTIVE)
    review = open_review(affiliate=affiliate, activity="fraud", summary="Still open.", now=NOW, by=by)
    Affiliate.objects.filter(pk=affiliate.pk).update(state=State.TERMINATED)
    assert retention.delete_due_data(now=DUE) == 0
    review.refresh_from_db()
    assert review.summary == "Still open."
    assert AcceptancePerson.objects.count() == 0
    assert Review.objects.filter(summary=ERASED_TEXT).count() == 1


def test_review_opened_after_the_erasure_is_deleted_once_it_is_closed(affiliate):
    erasure.erase_affiliate(affiliate=affiliate, now=NOW, by=None)
    Affiliate.objects.filter(pk=affiliate.pk).update(state=State.ACTIVE)
    by = make_staff(superuser=True)
    review = open_review(affiliate=affiliate, activity="fraud", summary="Still open.", now=NOW, by=by)
    Affiliate.objects.filter(pk=affiliate.pk).update(state=State.TERMINATED)
    assert retention.delete_due_data(now=DUE) == 0
    affiliate.refresh_from_db()
    assert affiliate.retention_ended_at is None
    decide(review=review, decision=Review.Decision.DISMISSED, reason="Nothing.", now=DUE, by=by)
    assert retention.delete_due_data(now=DUE) == 1
    review.refresh_from_db()
    assert review.summary == ERASED_TEXT


@pytest.mark.parametrize(
    ("day", "years", "expected"),
    [("2028-02-29", 1, "2029-03-01"), ("2028-02-29", 4, "2032-02-29"), ("2026-06-20", 30, "2056-06-20")],
)
def test_years_are_calendar_years(day, years, expected):
    at = datetime.fromisoformat(f"{day}T12:00:00+00:00")
    assert retention.add_years(at, years) == datetime.fromisoformat(f"{expected}T12:00:00+00:00")


def test_staff_see_what_will_be_deleted_and_when(affiliate, client, time_machine):
    time_machine.move_to(datetime(2036, 1, 1, tzinfo=UTC))
    client.force_login(make_staff(superuser=True))
    page = client.get("/admin/portal/erasurerequest/upcoming_deletions/").content.decode()
    for text in (affiliate.code, "20 Jun 2036", "10 years", "Personal fields of 1 acceptance", "1 file"):
        assert text in page
    assert "Reasons of 2 adjustments" in page
    time_machine.move_to(datetime(2034, 1, 1, tzinfo=UTC))
    client.force_login(make_staff(superuser=True))
    page = client.get("/admin/portal/erasurerequest/upcoming_deletions/").content.decode()
    assert "Nothing will be deleted in the next 12 months." in page


def test_task_deletes_what_is_due(affiliate, time_machine):
    time_machine.move_to(DUE)
    delete_retained_data.apply()
    assert list_kept() == [0, 0, 0, 0, 0]
