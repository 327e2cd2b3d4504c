"""`manage.py verify_acceptances --witness HASH ...`, with hashes from affiliates' e-mails."""

import hashlib
import io
import json
import re
import zipfile
from datetime import UTC, datetime

import pytest
from django.core import mail
from django.core.mail import EmailMultiAlternatives
from django.core.management import ManagementUtility
from django.db import connections

from affiliates.models import Affiliate
from agreements import acceptances, evidence_export
from agreements.models import Acceptance
from mail import delivery
from tests.agreements.test_chain import rewrite, tamper

pytestmark = pytest.mark.django_db
HEX = r"\b[0-9a-f]{64}\b"


@pytest.fixture
def run_command(capsys, monkeypatch):
    """Return a function that runs the command like a shell and returns exit status, standard output and error."""
    # A command closes its connections at the end, which would end the test's transaction.
    monkeypatch.setattr(connections, "close_all", lambda: None)

    def run(*witnesses: str) -> tuple[int, str, str]:
        capsys.readouterr()
        options = ["--witness", *witnesses] if witnesses else []
        status = 0
        try:
            ManagementUtility(["manage.py", "verify_acceptances", *options]).execute()
        except SystemExit as end:
            status = int(str(end.code))
        return status, *capsys.readouterr()

    return run


def get_copy(affiliate: Affiliate) -> EmailMultiAlternatives:
    """Return the sent e-mail with the affiliate's copy."""
    [sent] = [sent for sent in mail.outbox if sent.to == [affiliate.user.email] and "Your copy" in sent.subject]
    assert isinstance(sent, EmailMultiAlternatives)
    return sent


@pytest.fixture
def witnesses(records) -> list[str]:
    """Return the fingerprints from the e-mails of four affiliates."""
    # The database says when an e-mail is due, by its own clock.
    delivery.deliver_due(clock=lambda: datetime(2100, 1, 1, tzinfo=UTC))
    fingerprints = []
    for record in records:
        body = str(get_copy(record.affiliate).body)
        fingerprints += re.findall(rf"record {record.sequence}, with the fingerprint ({HEX})", body)
    return fingerprints


def test_command_prints_number_of_verified_acceptances(run_command, witnesses):
    assert run_command() == (0, "4 acceptances verified\n", "")
    assert run_command(*witnesses) == (0, "4 acceptances verified, 4 witnesses\n", "")
    # Upper case is accepted, too.
    assert run_command(witnesses[0].upper()) == (0, "4 acceptances verified, 1 witnesses\n", "")


TAMPERED = {
    "changed text": (
        "UPDATE agreements_agreementtext SET text = regexp_replace(text, 'commission', 'Commission')",
        "version 1: its text does not have the stored SHA-256",
    ),
    "changed field": (
        "UPDATE agreements_acceptance SET accepted_at = accepted_at - interval '1 day' WHERE sequence = 3",
        "(record 3): its fields do not match the stored hash",
    ),
    "deleted record": (
        "DELETE FROM agreements_acceptance WHERE sequence = 2",
        "(record 3): record 2 is missing before it",
    ),
}


@pytest.mark.parametrize(("sql", "error"), TAMPERED.values(), ids=TAMPERED)
def test_command_fails_with_first_error(run_command, records, sql, error):
    tamper(sql)
    status, out, err = run_command()
    assert (status, out) == (1, "")
    assert err.startswith("CommandError: ")
    assert err.endswith(f"{error}\n")


def test_deleted_newest_record_fails_with_its_witness(run_command, witnesses):
    tamper("DELETE FROM agreements_acceptance WHERE sequence = 4")
    assert run_command() == (0, "3 acceptances verified\n", "")
    assert run_command(*witnesses[:3])[0] == 0
    assert run_command(*witnesses) == (
        1,
        "",
        f"CommandError: witness {witnesses[3]}: no record of the chain has this hash\n",
    )


def test_rewritten_chain_fails_with_any_later_witness(run_command, records, witnesses):
    rewrite(records, 1, button_label="Decline")
    assert run_command() == (0, "4 acceptances verified\n", "")
    assert run_command(witnesses[0])[0] == 0
    for witness in witnesses[1:]:
        assert run_command(witness) == (
            1,
            "",
            f"CommandError: witness {witness}: no record of the chain has this hash\n",
        )


def test_chain_with_erased_affiliate_is_verified(run_command, records, witnesses):
    acceptances.erase_personal_fields(affiliate=records[2].affiliate)
    assert run_command(*witnesses) == (0, "4 acceptances verified, 4 witnesses\n", "")


def test_malformed_witness_is_rejected(run_command, records):
    status, out, err = run_command("thirteen")
    assert (status, out) == (1, "")
    assert "must be 64 hexadecimal digits" in err


def test_email_of_affiliate_matches_export_and_chain(run_command, records, witnesses):
    """E-mail text and HTML state record and text hashes; the PDF and the export contain the same text."""
    record: Acceptance = records[1]
    sent = get_copy(record.affiliate)
    html = str(sent.alternatives[0][0])
    for body in (str(sent.body), html):
        assert set(re.findall(HEX, body)) == {record.hash, record.text_sha256}
    [(name, content, kind)] = sent.attachments
    assert (name, kind) == ("agreement-version-1.pdf", "application/pdf")
    assert isinstance(content, bytes)
    # The footer and the metadata of the PDF contain both.
    for fingerprint in (record.hash, record.text_sha256):
        assert fingerprint.encode() in content
    with zipfile.ZipFile(io.BytesIO(evidence_export.export_acceptance(record))) as archive:
        assert archive.read("agreement.pdf") == content
        e_mail = json.loads(archive.read("e-mail.json"))
        assert (e_mail["state"], e_mail["message_id"]) == ("sent", sent.extra_headers["Message-ID"])
        assert (e_mail["to"], e_mail["subject"], e_mail["text"]) == (sent.to[0], sent.subject, sent.body)
        assert hashlib.sha256(archive.read("record.json")).hexdigest() == witnesses[1]
        assert hashlib.sha256(archive.read("agreement.txt")).hexdigest() == record.text_sha256
    assert run_command(witnesses[1]) == (0, "4 acceptances verified, 1 witnesses\n", "")
