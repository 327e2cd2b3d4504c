"""Accepting, exporting and comparing versions in more than one language."""

import io
import json
import zipfile
from datetime import UTC, datetime, timedelta

import pytest

from affiliates.models import Affiliate, State
from agreements import acceptances, chain, changes, evidence_export, pdf, publishing, translation_edits, version_drafts
from agreements.errors import Rejected
from agreements.models import Acceptance, AgreementVersion
from mail import attachments, rendering
from mail.models import Message
from tests.agreements import german
from tests.agreements.acceptance_data import accept_version
from tests.agreements.german import get_text
from tests.agreements.test_chain import tamper
from tests.agreements.test_translations import save_german_clause
from tests.factories import make_affiliate

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.fixture
def bilingual(db: None) -> AgreementVersion:
    return german.publish_bilingual_version_once(NOW)


@pytest.fixture
def approved(bilingual: AgreementVersion) -> Affiliate:
    return make_affiliate(state=State.APPROVED, at=NOW - DAY)


def accept_in_german(affiliate: Affiliate, version: AgreementVersion) -> Acceptance:
    return accept_version(affiliate, version, language="de", text_sha256=get_text(version, "de").sha256)


def test_acceptance_records_language_of_accepted_text(bilingual, approved):
    record = accept_in_german(approved, bilingual)
    record.refresh_from_db()
    assert (record.language, record.text_sha256) == ("de", get_text(bilingual, "de").sha256)
    assert json.loads(chain.serialize_record(record))["language"] == "de"
    assert chain.verify_chain() == (1, "")


def test_copy_is_in_language_of_accepted_text(bilingual, approved):
    record = accept_in_german(approved, bilingual)
    copy = Message.objects.get(kind="agreement_accepted")
    [reference] = copy.attachments
    attachment = attachments.make(reference["name"], reference["key"])
    assert attachment.name == "agreement-version-1-de.pdf"
    assert attachment.content == pdf.render_acceptance(record)
    assert get_text(bilingual, "de").sha256.encode() in attachment.content
    assert f"Eintrag 1, mit dem Fingerabdruck {record.hash}".encode() in attachment.content
    mail = rendering.render(kind=copy.kind, context=copy.context)
    assert "- the text you accepted is in German; if the texts differ, the English text applies\n" in mail.text
    accept_version(make_affiliate(state=State.APPROVED, at=NOW - DAY), bilingual)
    mails = [rendering.render(kind=m.kind, context=m.context).text for m in Message.objects.filter(kind=copy.kind)]
    assert ["if the texts differ" in text for text in sorted(mails, key=len)] == [False, True]


@pytest.mark.parametrize(
    ("language", "text_language"),
    [("de", "en"), ("en", "de"), ("", "de"), ("fr", "de"), ("de", None)],
    ids=["German with English text", "English with German text", "no language", "unknown language", "unknown hash"],
)
def test_acceptance_with_text_of_another_language_is_rejected(bilingual, approved, language, text_language):
    sha256 = get_text(bilingual, text_language).sha256 if text_language else "0" * 64
    with pytest.raises(Rejected, match="text has changed since you opened"):
        accept_version(approved, bilingual, language=language, text_sha256=sha256)
    assert chain.verify_chain() == (0, "")


def test_export_contains_accepted_and_governing_text(bilingual, approved):
    record = accept_in_german(approved, bilingual)
    archive = zipfile.ZipFile(io.BytesIO(evidence_export.export_acceptance(record)))
    accepted, governing = archive.read("agreement.txt"), archive.read("governing-text.txt")
    assert accepted == get_text(bilingual, "de").text.encode()
    assert governing == get_text(bilingual, "en").text.encode()
    assert get_text(bilingual, "en").sha256 in accepted.decode()
    assert archive.read("agreement.pdf") == pdf.render_acceptance(record)
    assert archive.read("governing-text.pdf") == pdf.render_text(get_text(bilingual, "en").pk)
    instructions = archive.read("HOW-TO-CHECK.txt").decode()
    assert f"sha256sum governing-text.txt\n   must print\n     {get_text(bilingual, 'en').sha256}\n" in instructions
    english_record = accept_version(
        make_affiliate(state=State.APPROVED, at=NOW - DAY), bilingual, text_sha256=get_text(bilingual, "en").sha256
    )
    names = zipfile.ZipFile(io.BytesIO(evidence_export.export_acceptance(english_record))).namelist()
    assert "governing-text.txt" not in names


def test_chain_stays_valid_after_erasure_for_translations(bilingual, approved):
    accept_in_german(approved, bilingual)
    assert acceptances.erase_personal_fields(affiliate=approved) == 1
    assert chain.verify_chain() == (1, "")


NOT_FROM_ROWS = "version 1: its terms and clauses do not produce the stored text in de"
CHANGED = "replace(text, '3 Tage', '4 Tage')"
OFFERED_IN_FRENCH = "version 1: it is offered in fr, which is not a supported language"
HASHED = f"sha256 = encode(sha256(convert_to({CHANGED}, 'UTF8')), 'hex')"


@pytest.mark.parametrize(
    ("sql", "error"),
    [
        (
            f"UPDATE agreements_agreementtext SET text = {CHANGED} WHERE language = 'de'",
            "version 1: its text in de does not have the stored SHA-256",
        ),
        (
            f"UPDATE agreements_agreementtext SET text = {CHANGED}, {HASHED} WHERE language = 'de'",
            NOT_FROM_ROWS,
        ),
        ("UPDATE agreements_translatedclause SET body = replace(body, 'höchstens', 'etwa')", NOT_FROM_ROWS),
        ("UPDATE agreements_translatedactivity SET title = title || '.'", NOT_FROM_ROWS),
        ("DELETE FROM agreements_translatedclause WHERE heading = 'Die Frist'", NOT_FROM_ROWS),
        ("DELETE FROM agreements_agreementtext WHERE language = 'de'", "version 1: its text in de is missing"),
        ("DELETE FROM agreements_agreementtext WHERE language = 'en'", "version 1: its text is missing"),
        (
            "UPDATE agreements_agreementtext SET language = 'fr' WHERE language = 'de'",
            "version 1: its text in de is missing",
        ),
        ("UPDATE agreements_agreementversion SET language = 'fr'", OFFERED_IN_FRENCH),
        ("UPDATE agreements_translation SET language = 'fr'", OFFERED_IN_FRENCH),
        ("DELETE FROM agreements_translation", "version 1: it has a text in de, in which it is not offered"),
        (
            "UPDATE agreements_agreementversion SET language = 'de'",
            "version 1: it has a text in en, in which it is not offered",
        ),
    ],
)
def test_verify_chain_detects_tampered_text_or_translation(bilingual, approved, sql, error):
    accept_in_german(approved, bilingual)
    tamper(sql)
    assert chain.verify_chain() == (0, error)


def test_differences_are_in_language_of_reader(bilingual, approved):
    accept_in_german(approved, bilingual)
    new = version_drafts.start_draft(now=NOW, by=None)
    new.attribution_days = 2
    new.save()
    changed = changes.compare_versions(new, bilingual, "de")
    assert [(c.old, c.new) for c in changed.terms] == [("3 Tage", "2 Tage")]
    assert [(t.number, t.heading) for t in changed.texts] == [
        ("3.2", "Die Frist"),
        ("11.1", "Abschnitt über How the program ends"),
    ]
    assert changed.language == "de"
    publishing.publish_version(agreement=new, effective_at=NOW + 20 * DAY, now=NOW, by=None)
    record = accept_in_german(approved, new)
    assert "3 Tage -> 2 Tage (detriment)" in record.differences
    assert "höchstens [-3-]{+2+} Tage" in record.differences


def test_texts_are_compared_in_shared_language(first):
    new = german.add_german_translation(version_drafts.start_draft(now=NOW, by=None), NOW)
    changed = changes.compare_versions(new, first, "de")
    assert (changed.language, changed.texts, changed.translations) == ("en", (), ())


def test_new_translation_is_no_detriment(first):
    new = german.add_german_translation(version_drafts.start_draft(now=NOW, by=None), NOW)
    assert not changes.compare_versions(new, first).detriment
    publishing.publish_version(agreement=new, effective_at=NOW, now=NOW, by=None)
    assert not new.detriment


def test_changed_or_removed_translation_is_a_detriment(bilingual):
    new = version_drafts.start_draft(now=NOW, by=None)
    save_german_clause(new, "3.2", "Die Frist", german.WINDOW.replace("höchstens", "etwa"))
    changed = changes.compare_versions(new, bilingual)
    assert (changed.texts, changed.translations, changed.detriment) == ((), ("de",), True)
    assert [text.number for text in changes.compare_versions(new, bilingual, "de").texts] == ["3.2"]
    translation_edits.remove_language(agreement=new, language="de", now=NOW, by=None)
    assert changes.compare_versions(new, bilingual).translations == ("de",)
    assert changes.compare_versions(new, bilingual).detriment


def test_change_notice_names_changed_translation(bilingual):
    make_affiliate(state=State.ACTIVE)
    new = version_drafts.start_draft(now=NOW, by=None)
    save_german_clause(new, "3.2", "Die Frist", german.WINDOW.replace("höchstens", "etwa"))
    publishing.publish_version(agreement=new, effective_at=NOW + 20 * DAY, now=NOW, by=None)
    notice = Message.objects.get(kind="agreement_change")
    mail = rendering.render(kind=notice.kind, context=notice.context)
    assert "\n\nThe German translation has changed or been removed.\n\n" in mail.text


def test_change_of_governing_language_is_a_detriment(bilingual):
    new = version_drafts.start_draft(now=NOW, by=None)
    translation_edits.remove_language(agreement=new, language="de", now=NOW, by=None)
    translation_edits.set_governing_language(agreement=new, language="de", now=NOW, by=None)
    assert changes.compare_versions(new, bilingual).detriment
