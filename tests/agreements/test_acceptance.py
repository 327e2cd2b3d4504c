"""Accepting and declining versions."""

import hashlib
import io
import json
import zipfile
from datetime import UTC, datetime

import pytest
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command

from affiliates.models import Affiliate, State, StatusChange
from agreements import acceptance_requests, acceptances, chain, evidence_export, publishing, version_drafts
from agreements.applicable_version import get_applicable_version
from agreements.errors import AlreadyAccepted, Rejected
from agreements.models import Acceptance, AgreementVersion
from mail import attachments
from mail.models import Message
from tests.agreements.acceptance_data import DAY, NOW, accept_version, build_evidence
from tests.factories import make_affiliate

pytestmark = pytest.mark.django_db


@pytest.fixture
def approved(first: AgreementVersion) -> Affiliate:
    return make_affiliate(state=State.APPROVED, at=NOW - DAY)


@pytest.fixture
def second(first: AgreementVersion) -> AgreementVersion:
    """Publish a detriment that takes effect 20 days after NOW."""
    draft = version_drafts.start_draft(now=NOW, by=None)
    draft.rates.filter(category="home-decor").update(percent="4.50")
    return publishing.publish_version(agreement=draft, effective_at=NOW + 20 * DAY, now=NOW, by=None)


def test_acceptance_records_affiliate_version_time_and_evidence(first, approved):
    record = accept_version(approved, first)
    record.refresh_from_db()
    assert (record.sequence, record.affiliate, record.agreement, record.method) == (1, approved, first, "online")
    assert (record.accepted_at, record.recorded_at, record.language) == (NOW, NOW, "en")
    assert (record.text_sha256, record.differences) == (first.texts.get().sha256, "")
    assert (record.box_ticked, record.box_label, record.button_label) == (True, "I have read it.", "Accept")
    person = record.person
    assert (person.name, person.email) == (approved.name, approved.email)
    assert (person.address, person.user_agent, person.session) == ("203.0.113.7", "Browser/1.0", "5e55")


def test_record_contains_only_salted_digests_of_personal_fields(first, approved):
    record = accept_version(approved, first)
    text = chain.serialize_record(record)
    assert approved.email not in text
    assert "203.0.113.7" not in text
    salted = hashlib.sha256(f"{record.person.salt}:email:{approved.email}".encode()).hexdigest()
    assert record.personal_digests["email"] == salted


def test_acceptance_activates_approved_affiliate_and_cites_clause(first, approved):
    accept_version(approved, first)
    change = StatusChange.objects.filter(affiliate=approved).latest("at")
    assert (change.after, change.at, change.clause) == (State.ACTIVE, NOW, "1.3 of version 1")
    assert get_applicable_version(approved.pk, at=NOW)[0] == first


def test_acceptance_sends_email_with_record_hash_and_pdf(first, approved):
    record = accept_version(approved, first)
    message = Message.objects.get(kind="agreement_accepted")
    assert message.to == approved.email
    assert (message.context["hash"], message.context["sequence"]) == (record.hash, 1)
    [reference] = message.attachments
    pdf = attachments.make(reference["name"], reference["key"])
    assert (pdf.name, pdf.content_type, pdf.content[:5]) == ("agreement-version-1.pdf", "application/pdf", b"%PDF-")


def test_acceptance_without_ticked_box_is_rejected(first, approved):
    with pytest.raises(ValidationError, match="Tick the box"):
        accept_version(approved, first, box_ticked=False)
    assert not Acceptance.objects.exists()
    approved.refresh_from_db()
    assert approved.state == State.APPROVED


def test_acceptance_of_different_text_is_rejected(first, approved):
    with pytest.raises(Rejected, match="text has changed since you opened"):
        accept_version(approved, first, text_sha256="0" * 64)


def test_second_acceptance_is_rejected_and_stored_once(first, approved):
    accept_version(approved, first)
    with pytest.raises(AlreadyAccepted):
        accept_version(approved, first, now=NOW + DAY)
    assert Acceptance.objects.count() == 1


@pytest.mark.parametrize("state", [State.APPLIED, State.REJECTED, State.LEAVING, State.TERMINATED])
def test_acceptance_is_rejected_in_states_outside_the_program(first, state):
    affiliate = make_affiliate(state=state, at=NOW - DAY)
    with pytest.raises(Rejected, match=f"Your account is {state.label}"):
        accept_version(affiliate, first)


def test_acceptance_of_draft_is_rejected(first, approved):
    draft = version_drafts.start_draft(now=NOW, by=None)
    with pytest.raises(Rejected):
        acceptances.accept_version(
            affiliate=approved, agreement=draft, now=NOW, by=None, evidence=build_evidence(first)
        )


def test_acceptance_of_withdrawn_version_is_rejected(first, second, approved):
    accept_version(approved, first)
    publishing.withdraw_version(agreement=second, now=NOW, by=None, reason="A mistake.")
    with pytest.raises(Rejected, match="withdrawn"):
        accept_version(approved, second)


def test_approved_affiliate_is_asked_for_version_in_force_then_upcoming_detriment(first, second, approved):
    assert acceptance_requests.list_requested_versions(approved, at=NOW) == [first, second]
    accept_version(approved, first)
    approved.refresh_from_db()
    assert acceptance_requests.list_requested_versions(approved, at=NOW) == [second]
    accept_version(approved, second)
    assert acceptance_requests.list_requested_versions(approved, at=NOW) == []


def test_version_without_detriment_needs_no_acceptance(first, approved):
    accept_version(approved, first)
    approved.refresh_from_db()
    draft = version_drafts.start_draft(now=NOW, by=None)
    draft.rates.filter(category="home-decor").update(percent="5.50")
    publishing.publish_version(agreement=draft, effective_at=NOW + DAY, now=NOW, by=None)
    assert acceptance_requests.list_requested_versions(approved, at=NOW) == []
    assert acceptance_requests.list_requested_versions(approved, at=NOW + 2 * DAY) == []
    assert get_applicable_version(approved.pk, at=NOW + 2 * DAY)[0] == draft


def test_acceptance_after_effective_date_ends_the_pause(first, second, approved):
    accept_version(approved, first)
    approved.refresh_from_db()
    late = NOW + 25 * DAY
    assert get_applicable_version(approved.pk, at=late)[1].paused_since == second.effective_at
    assert acceptance_requests.list_requested_versions(approved, at=late) == [second]
    accept_version(approved, second, now=late)
    assert get_applicable_version(approved.pk, at=late) == (second, get_applicable_version(approved.pk, at=late)[1])
    assert not get_applicable_version(approved.pk, at=late)[1].is_paused


def test_acceptance_stores_the_differences_shown(first, second, approved):
    accept_version(approved, first)
    record = accept_version(approved, second, now=NOW + DAY)
    assert record.differences.splitlines()[0] == "Home decor (clause 4.1): 5.00 % -> 4.50 % (detriment)"


def test_each_record_carries_hash_of_previous_record(first, approved):
    other = make_affiliate(state=State.APPROVED)
    one, two = accept_version(approved, first), accept_version(other, first)
    assert (one.previous_hash, two.previous_hash) == ("0" * 64, one.hash)
    assert two.hash == hashlib.sha256(chain.serialize_record(two).encode()).hexdigest()


def test_offline_acceptance_is_recorded_with_date_on_paper(first, approved):
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
def test_offline_acceptance_requires_past_date_and_evidence(first, approved, accepted_at, evidence, field):
    with pytest.raises(ValidationError) as caught:
        acceptances.record_offline_acceptance(
            affiliate=approved, agreement=first, accepted_at=accepted_at, evidence=evidence, now=NOW, by=None
        )
    assert list(caught.value.message_dict) == [field]


def test_export_acceptance_writes_verifiable_zip(first, approved, tmp_path, capsys):
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


def test_export_after_erasure_has_no_personal_fields(first, approved):
    record = accept_version(approved, first)
    acceptances.erase_personal_fields(affiliate=approved)
    with zipfile.ZipFile(io.BytesIO(evidence_export.export_acceptance(record))) as archive:
        assert "person.json" not in archive.namelist()
        assert approved.email not in archive.read("HOW-TO-CHECK.txt").decode()


@pytest.mark.parametrize("name", ["nothing", "7", "0" * 64, "00000000-0000-0000-0000-000000000000"])
def test_export_of_unknown_acceptance_fails(db, name):
    with pytest.raises(CommandError):
        call_command("export_acceptance", name)
