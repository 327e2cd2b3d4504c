"""`manage.py verify_acceptances --witness HASH ...`, called with what affiliates hold in their own e-mails, ..."""

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
def said(capsys, monkeypatch):
    """Run the command as the shell does; its exit status and both its outputs."""
    # A command closes its connections when it is done, and with them a test's transaction.
    monkeypatch.setattr(connections, "close_all", lambda: None)

    def run(*witnesses: str) -> tuple[int, str, str]:
        capsys.readouterr()
        named = ["--witness", *witnesses] if witnesses else []
        status = 0
        try:
            ManagementUtility(["manage.py", "verify_acceptances", *named]).execute()
        except SystemExit as end:
            status = int(str(end.code))
        return status, *capsys.readouterr()

    return run


def mail_to(affiliate: Affiliate) -> EmailMultiAlternatives:
    """The e-mail with their copy, as it went out."""
    [sent] = [sent for sent in mail.outbox if sent.to == [affiliate.user.email] and "Your copy" in sent.subject]
    assert isinstance(sent, EmailMultiAlternatives)
    return sent


@pytest.fixture
def held(records) -> list[str]:
    """The fingerprints that four affiliates copy out of their e-mails."""
    delivery.deliver_due(clock=lambda: datetime.now(UTC))
    found = []
    for record in records:
        body = str(mail_to(record.affiliate).body)
        found += re.findall(rf"record {record.sequence}, with the fingerprint ({HEX})", body)
    return found


def test_says_how_many_it_proved(said, held):
    assert said() == (0, "4 acceptances verified\n", "")
    assert said(*held) == (0, "4 acceptances verified, 4 witnesses\n", "")
    # As a mail program may show them.
    assert said(held[0].upper()) == (0, "4 acceptances verified, 1 witnesses\n", "")


TAMPERED = {
    "one letter of a text": (
        "UPDATE agreements_agreementtext SET text = regexp_replace(text, 'commission', 'Commission')",
        "version 1: its text does not have the stored SHA-256",
    ),
    "one field of one record": (
        "UPDATE agreements_acceptance SET accepted_at = accepted_at - interval '1 day' WHERE sequence = 3",
        "(record 3): its fields do not match the stored hash",
    ),
    "one record in the middle": (
        "DELETE FROM agreements_acceptance WHERE sequence = 2",
        "(record 3): record 2 is missing before it",
    ),
}


@pytest.mark.parametrize(("sql", "wrong"), TAMPERED.values(), ids=TAMPERED)
def test_fails_by_itself_with_what_is_wrong(said, records, sql, wrong):
    tamper(sql)
    status, out, err = said()
    assert (status, out) == (1, "")
    assert err.startswith("CommandError: ")
    assert err.endswith(f"{wrong}\n")


def test_fails_by_an_e_mail_when_the_newest_record_is_gone(said, held):
    tamper("DELETE FROM agreements_acceptance WHERE sequence = 4")
    assert said() == (0, "3 acceptances verified\n", "")
    assert said(*held[:3])[0] == 0
    assert said(*held) == (1, "", f"CommandError: witness {held[3]}: no record of the chain has this hash\n")


def test_fails_by_any_later_e_mail_when_the_chain_was_written_anew(said, records, held):
    rewrite(records, 1, button_label="Decline")
    assert said() == (0, "4 acceptances verified\n", "")
    assert said(held[0])[0] == 0
    for witness in held[1:]:
        assert said(witness) == (1, "", f"CommandError: witness {witness}: no record of the chain has this hash\n")


def test_succeeds_when_somebody_was_erased(said, records, held):
    acceptances.erase_personal_fields(affiliate=records[2].affiliate)
    assert said(*held) == (0, "4 acceptances verified, 4 witnesses\n", "")


def test_refuses_what_can_be_no_fingerprint(said, records):
    status, out, err = said("thirteen")
    assert (status, out) == (1, "")
    assert "must be 64 hexadecimal digits" in err


def test_needs_no_more_than_an_e_mail_that_its_affiliate_holds(said, records, held):
    """Text and HTML name the record and the text; the PDF is the text; and the export is made of the same."""
    record: Acceptance = records[1]
    sent = mail_to(record.affiliate)
    html = str(sent.alternatives[0][0])
    for form in (str(sent.body), html):
        assert set(re.findall(HEX, form)) == {record.hash, record.text_sha256}
    [(name, content, kind)] = sent.attachments
    assert (name, kind) == ("agreement-version-1.pdf", "application/pdf")
    assert isinstance(content, bytes)
    # Each page of the PDF ends with both, and so does what a program reads of it.
    for fingerprint in (record.hash, record.text_sha256):
        assert fingerprint.encode() in content
    with zipfile.ZipFile(io.BytesIO(evidence_export.export_acceptance(record))) as archive:
        assert archive.read("agreement.pdf") == content
        e_mail = json.loads(archive.read("e-mail.json"))
        assert (e_mail["state"], e_mail["message_id"]) == ("sent", sent.extra_headers["Message-ID"])
        assert (e_mail["to"], e_mail["subject"], e_mail["text"]) == (sent.to[0], sent.subject, sent.body)
        assert hashlib.sha256(archive.read("record.json")).hexdigest() == held[1]
        assert hashlib.sha256(archive.read("agreement.txt")).hexdigest() == record.text_sha256
    assert said(held[1]) == (0, "4 acceptances verified, 1 witnesses\n", "")
