"""Accepting a version ..."""

import hashlib
import io
import json
import zipfile
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command

from affiliates.models import Affiliate, State, StatusChange
from agreements import acceptance_requests, acceptances, chain, evidence_export, publishing, version_drafts
from agreements.acceptances import Evidence
from agreements.applicable_version import get_applicable_version
from agreements.errors import AlreadyAccepted, Rejected
from agreements.models import Acceptance, AgreementVersion
from mail import attachments
from mail.models import Message
from tests.factories import make_affiliate

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
DAY = timedelta(days=1)


def build_evidence(agreement: AgreementVersion, **changes: object) -> Evidence:
    evidence = Evidence(
        box_ticked=True,
        text_sha256=agreement.texts.get(language=agreement.language).sha256,
        box_label="I have read it.",
        button_label="Accept",
        page_revision="1",
        address="203.0.113.7",
        user_agent="Browser/1.0",
        session="5e55",
    )
    return replace(evidence, **changes)  # type: ignore[arg-type]  # fields by name


def accept_version(
    affiliate: Affiliate, agreement: AgreementVersion, now: datetime = NOW, **changes: object
) -> Acceptance:
    return acceptances.accept_version(
        affiliate=affiliate, agreement=agreement, now=now, by=None, evidence=build_evidence(agreement, **changes)
    )


@pytest.fixture
def approved(first: AgreementVersion) -> Affiliate:
    return make_affiliate(state=State.APPROVED, at=NOW - DAY)


@pytest.fixture
def second(first: AgreementVersion) -> AgreementVersion:
    """A detriment that takes effect 20 days after NOW."""
    draft = version_drafts.start_draft(now=NOW, by=None)
    draft.rates.filter(category="home-decor").update(percent="4.50")
    return publishing.publish_version(agreement=draft, effective_at=NOW + 20 * DAY, now=NOW, by=None)


def test_stores_who_what_when_and_how(first, approved):
    record = accept_version(approved, first)
    record.refresh_from_db()
    assert (record.sequence, record.affiliate, record.agreement, record.method) == (1, approved, first, "online")
    assert (record.accepted_at, record.recorded_at, record.language) == (NOW, NOW, "en")
    assert (record.text_sha256, record.differences) == (first.texts.get().sha256, "")
    assert (record.box_ticked, record.box_label, record.button_label) == (True, "I have read it.", "Accept")
    person = record.person
    assert (person.name, person.email) == (approved.name, approved.email)
    assert (person.address, person.user_agent, person.session) == ("203.0.113.7", "Browser/1.0", "5e55")


def test_keeps_personal_fields_out_of_the_record_but_for_salted_digests(first, approved):
    record = accept_version(approved, first)
    text = chain.serialize_record(record)
    assert approved.email not in text
    assert "203.0.113.7" not in text
    salted = hashlib.sha256(f"{record.person.salt}:email:{approved.email}".encode()).hexdigest()
    assert record.personal_digests["email"] == salted


def test_makes_an_approved_affiliate_active_by_its_clause(first, approved):
    accept_version(approved, first)
    change = StatusChange.objects.filter(affiliate=approved).latest("at")
    assert (change.after, change.at, change.clause) == (State.ACTIVE, NOW, "1.3 of version 1")
    assert get_applicable_version(approved.pk, at=NOW)[0] == first


def test_mails_the_record_s_own_hash_and_the_text_as_a_pdf(first, approved):
    record = accept_version(approved, first)
    message = Message.objects.get(kind="agreement_accepted")
    assert message.to == approved.email
    assert (message.context["hash"], message.context["sequence"]) == (record.hash, 1)
    [attached] = message.attachments
    made = attachments.make(attached["name"], attached["key"])
    assert (made.name, made.content_type, made.content[:5]) == ("agreement-version-1.pdf", "application/pdf", b"%PDF-")


def test_is_refused_without_the_box_ticked(first, approved):
    with pytest.raises(ValidationError, match="Tick the box"):
        accept_version(approved, first, box_ticked=False)
    assert not Acceptance.objects.exists()
    approved.refresh_from_db()
    assert approved.state == State.APPROVED


def test_is_refused_for_another_text_than_the_version_s(first, approved):
    with pytest.raises(Rejected, match="not the text of this version"):
        accept_version(approved, first, text_sha256="0" * 64)


def test_twice_is_refused_and_stored_once(first, approved):
    accept_version(approved, first)
    with pytest.raises(AlreadyAccepted):
        accept_version(approved, first, now=NOW + DAY)
    assert Acceptance.objects.count() == 1


@pytest.mark.parametrize("state", [State.APPLIED, State.REJECTED, State.LEAVING, State.TERMINATED])
def test_is_refused_to_whoever_does_not_take_part(first, state):
    affiliate = make_affiliate(state=state, at=NOW - DAY)
    with pytest.raises(Rejected, match=f"Your account is {state.label}"):
        accept_version(affiliate, first)


def test_of_a_draft_is_refused(first, approved):
    draft = version_drafts.start_draft(now=NOW, by=None)
    with pytest.raises(Rejected):
        acceptances.accept_version(
            affiliate=approved, agreement=draft, now=NOW, by=None, evidence=build_evidence(first)
        )


def test_of_a_withdrawn_version_is_refused(first, second, approved):
    accept_version(approved, first)
    publishing.withdraw_version(agreement=second, now=NOW, by=None, reason="A mistake.")
    with pytest.raises(Rejected, match="withdrawn"):
        accept_version(approved, second)


def test_is_asked_of_an_approved_affiliate_for_the_version_in_force_first(first, second, approved):
    assert acceptance_requests.list_requested_versions(approved, at=NOW) == [first, second]
    accept_version(approved, first)
    approved.refresh_from_db()
    assert acceptance_requests.list_requested_versions(approved, at=NOW) == [second]
    accept_version(approved, second)
    assert acceptance_requests.list_requested_versions(approved, at=NOW) == []


def test_is_not_asked_for_a_benefit(first, approved):
    accept_version(approved, first)
    approved.refresh_from_db()
    draft = version_drafts.start_draft(now=NOW, by=None)
    draft.rates.filter(category="home-decor").update(percent="5.50")
    publishing.publish_version(agreement=draft, effective_at=NOW + DAY, now=NOW, by=None)
    assert acceptance_requests.list_requested_versions(approved, at=NOW) == []
    assert acceptance_requests.list_requested_versions(approved, at=NOW + 2 * DAY) == []
    assert get_applicable_version(approved.pk, at=NOW + 2 * DAY)[0] == draft


def test_is_still_asked_after_a_detriment_took_effect_and_ends_the_pause(first, second, approved):
    accept_version(approved, first)
    approved.refresh_from_db()
    late = NOW + 25 * DAY
    assert get_applicable_version(approved.pk, at=late)[1].paused_since == second.effective_at
    assert acceptance_requests.list_requested_versions(approved, at=late) == [second]
    accept_version(approved, second, now=late)
    assert get_applicable_version(approved.pk, at=late) == (second, get_applicable_version(approved.pk, at=late)[1])
    assert not get_applicable_version(approved.pk, at=late)[1].is_paused


def test_stores_the_differences_that_were_shown(first, second, approved):
    accept_version(approved, first)
    record = accept_version(approved, second, now=NOW + DAY)
    assert record.differences.splitlines()[0] == "home-decor (clause 4.1): 5.00 % -> 4.50 % (detriment)"


def test_chains_each_record_to_the_one_before(first, approved):
    other = make_affiliate(state=State.APPROVED)
    one, two = accept_version(approved, first), accept_version(other, first)
    assert (one.previous_hash, two.previous_hash) == ("0" * 64, one.hash)
    assert two.hash == hashlib.sha256(chain.serialize_record(two).encode()).hexdigest()


def test_on_paper_is_recorded_as_just_that(first, approved):
    day = datetime(2026, 1, 15, tzinfo=UTC)
    record = acceptances.record_offline_acceptance(
        affiliate=approved, agreement=first, accepted_at=day, evidence="Binder 3, page 7", now=NOW, by=None
    )
    record.refresh_from_db()
    assert (record.method, record.box_ticked, record.box_label) == ("offline", False, "")
    assert (record.accepted_at, record.recorded_at) == (day, NOW)
    assert record.person.evidence == "Binder 3, page 7"
    approved.refresh_from_db()
    assert (approved.state, approved.state_since) == (State.ACTIVE, day)
    assert get_applicable_version(approved.pk, at=day)[0] == first
    assert Message.objects.filter(kind="agreement_recorded").count() == 1


@pytest.mark.parametrize(
    ("accepted_at", "evidence", "field"), [(NOW + DAY, "Binder", "accepted_at"), (NOW, "  ", "evidence")]
)
def test_on_paper_needs_a_date_that_was_and_evidence(first, approved, accepted_at, evidence, field):
    with pytest.raises(ValidationError) as caught:
        acceptances.record_offline_acceptance(
            affiliate=approved, agreement=first, accepted_at=accepted_at, evidence=evidence, now=NOW, by=None
        )
    assert list(caught.value.message_dict) == [field]


def test_declined_is_an_orderly_exit_with_notice(first, second, approved):
    accept_version(approved, first)
    approved.refresh_from_db()
    acceptances.decline_version(affiliate=approved, agreement=second, now=NOW + DAY, by=None)
    approved.refresh_from_db()
    assert (approved.state, approved.notice_ends_at) == (State.LEAVING, NOW + 31 * DAY)
    change = StatusChange.objects.get(after=State.LEAVING)
    assert change.clause == "9.5 of version 2"
    assert Message.objects.get(kind="agreement_declined").context["notice_ends"] == "1 April 2026, 12:00 (UTC)"


def test_declined_by_whoever_never_took_part_ends_at_once(first, approved):
    acceptances.decline_version(affiliate=approved, agreement=first, now=NOW, by=None)
    approved.refresh_from_db()
    assert (approved.state, approved.notice_ends_at) == (State.TERMINATED, None)


def test_cannot_be_declined_where_nothing_is_asked(first, approved):
    accept_version(approved, first)
    approved.refresh_from_db()
    with pytest.raises(AlreadyAccepted):
        acceptances.decline_version(affiliate=approved, agreement=first, now=NOW, by=None)


def test_can_be_taken_home_as_a_zip_that_proves_itself(first, approved, tmp_path, capsys):
    record = accept_version(approved, first)
    path = tmp_path / "evidence.zip"
    call_command("export_acceptance", str(record.pk), output=path)
    assert capsys.readouterr().out == f"{path}\n"
    with zipfile.ZipFile(io.BytesIO(path.read_bytes())) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    assert hashlib.sha256(files["agreement.txt"]).hexdigest() == first.texts.get().sha256
    assert hashlib.sha256(files["record.json"]).hexdigest() == record.hash
    assert files["agreement.pdf"].startswith(b"%PDF-")
    assert record.hash in files["HOW-TO-CHECK.txt"].decode()
    person = json.loads(files["person.json"])
    digest = hashlib.sha256(f"{person['salt']}:email:{person['email']}".encode()).hexdigest()
    assert json.loads(files["record.json"])["personal_digests"]["email"] == digest


def test_is_exported_without_personal_fields_once_they_are_erased(first, approved):
    record = accept_version(approved, first)
    acceptances.erase_personal_fields(affiliate=approved)
    with zipfile.ZipFile(io.BytesIO(evidence_export.export_acceptance(record))) as archive:
        assert "person.json" not in archive.namelist()
        assert approved.email not in archive.read("HOW-TO-CHECK.txt").decode()


@pytest.mark.parametrize("name", ["nothing", "7", "0" * 64, "00000000-0000-0000-0000-000000000000"])
def test_is_not_exported_where_there_is_none(db, name):
    with pytest.raises(CommandError):
        call_command("export_acceptance", name)
