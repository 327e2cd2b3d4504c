"""A version in more than one language, once it is read and accepted ..."""

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
from tests.agreements.german import get_text
from tests.agreements.test_accepting import accept_version
from tests.agreements.test_chain import tamper
from tests.agreements.test_translations import save_german_clause
from tests.factories import make_affiliate

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.fixture
def both(db: None) -> AgreementVersion:
    return publishing.publish_version(agreement=german.create_bilingual_draft(NOW), effective_at=NOW, now=NOW, by=None)


@pytest.fixture
def approved(both: AgreementVersion) -> Affiliate:
    return make_affiliate(state=State.APPROVED, at=NOW - DAY)


def in_german(affiliate: Affiliate, version: AgreementVersion) -> Acceptance:
    return accept_version(affiliate, version, language="de", text_sha256=get_text(version, "de").sha256)


def test_records_the_language_in_which_it_was_accepted(both, approved):
    record = in_german(approved, both)
    record.refresh_from_db()
    assert (record.language, record.text_sha256) == ("de", get_text(both, "de").sha256)
    assert json.loads(chain.serialize_record(record))["language"] == "de"
    assert chain.verify_chain() == (1, "")


def test_sends_the_copy_in_the_language_in_which_it_was_accepted(both, approved):
    record = in_german(approved, both)
    copy = Message.objects.get(kind="agreement_accepted")
    [named] = copy.attachments
    attachment = attachments.make(named["name"], named["key"])
    assert attachment.name == "agreement-version-1-de.pdf"
    assert attachment.content == pdf.render_acceptance(record)
    assert get_text(both, "de").sha256.encode() in attachment.content
    assert f"Eintrag 1, mit dem Fingerabdruck {record.hash}".encode() in attachment.content
    mail = rendering.render(kind=copy.kind, context=copy.context)
    assert "- the text you accepted is in German; the English text governs\n" in mail.text
    accept_version(make_affiliate(state=State.APPROVED, at=NOW - DAY), both)
    mails = [rendering.render(kind=m.kind, context=m.context).text for m in Message.objects.filter(kind=copy.kind)]
    assert ["governs" in text for text in sorted(mails, key=len)] == [False, True]


@pytest.mark.parametrize(
    ("language", "of"),
    [("de", "en"), ("en", "de"), ("", "de"), ("fr", "de"), ("de", None)],
    ids=["German for the English text", "English for the German", "none", "unknown", "a hash of nothing"],
)
def test_is_not_accepted_in_a_language_with_the_text_of_another(both, approved, language, of):
    sha256 = get_text(both, of).sha256 if of else "0" * 64
    with pytest.raises(Rejected, match="not the text of this version"):
        accept_version(approved, both, language=language, text_sha256=sha256)
    assert chain.verify_chain() == (0, "")


def test_is_exported_in_the_language_accepted_with_the_text_that_governs(both, approved):
    record = in_german(approved, both)
    archive = zipfile.ZipFile(io.BytesIO(evidence_export.export_acceptance(record)))
    accepted, governing = archive.read("agreement.txt"), archive.read("governing-text.txt")
    assert accepted == get_text(both, "de").text.encode()
    assert governing == get_text(both, "en").text.encode()
    assert get_text(both, "en").sha256 in accepted.decode()
    assert archive.read("agreement.pdf") == pdf.render_acceptance(record)
    assert archive.read("governing-text.pdf") == pdf.render_text(get_text(both, "en").pk)
    how = archive.read("HOW-TO-CHECK.txt").decode()
    assert f"sha256sum governing-text.txt\n   must print\n     {get_text(both, 'en').sha256}\n" in how
    in_english = accept_version(
        make_affiliate(state=State.APPROVED, at=NOW - DAY), both, text_sha256=get_text(both, "en").sha256
    )
    names = zipfile.ZipFile(io.BytesIO(evidence_export.export_acceptance(in_english))).namelist()
    assert "governing-text.txt" not in names


def test_stays_proven_in_every_language_when_an_affiliate_is_erased(both, approved):
    in_german(approved, both)
    assert acceptances.erase_personal_fields(affiliate=approved) == 1
    assert chain.verify_chain() == (1, "")


NOT_FROM_ROWS = "version 1: its terms and clauses do not produce the stored text in de"
CHANGED = "replace(text, '3 Tage', '4 Tage')"
OFFERED_IN_FRENCH = "version 1: it is offered in fr, which is not a supported language"
HASHED = f"sha256 = encode(sha256(convert_to({CHANGED}, 'UTF8')), 'hex')"


@pytest.mark.parametrize(
    ("sql", "wrong"),
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
def test_shows_what_was_changed_in_one_of_its_texts_or_translations(both, approved, sql, wrong):
    in_german(approved, both)
    tamper(sql)
    assert chain.verify_chain() == (0, wrong)


def test_shows_its_differences_in_the_language_of_the_reader(both, approved):
    in_german(approved, both)
    new = version_drafts.start_draft(now=NOW, by=None)
    new.attribution_days = 2
    new.save()
    changed = changes.compare_versions(new, both, "de")
    assert [(c.old, c.new) for c in changed.terms] == [("3 Tage", "2 Tage")]
    assert [(t.number, t.heading) for t in changed.texts] == [
        ("3.2", "Die Frist"),
        ("11.1", "Abschnitt über How the program ends"),
    ]
    assert changed.language == "de"
    publishing.publish_version(agreement=new, effective_at=NOW + 20 * DAY, now=NOW, by=None)
    record = in_german(approved, new)
    assert "3 Tage -> 2 Tage (detriment)" in record.differences
    assert "höchstens [-3-]{+2+} Tage" in record.differences


def test_compares_its_texts_in_a_language_that_both_versions_have(first):
    new = german.add_german_translation(version_drafts.start_draft(now=NOW, by=None), NOW)
    changed = changes.compare_versions(new, first, "de")
    assert (changed.language, changed.texts, changed.translations) == ("en", (), ())


def test_takes_nothing_from_anybody_with_a_new_language(first):
    new = german.add_german_translation(version_drafts.start_draft(now=NOW, by=None), NOW)
    assert not changes.compare_versions(new, first).detriment
    publishing.publish_version(agreement=new, effective_at=NOW, now=NOW, by=None)
    assert not new.detriment


def test_asks_for_acceptance_when_a_translation_changes_or_goes(both):
    new = version_drafts.start_draft(now=NOW, by=None)
    save_german_clause(new, "3.2", "Die Frist", german.WINDOW.replace("höchstens", "etwa"))
    changed = changes.compare_versions(new, both)
    assert (changed.texts, changed.translations, changed.detriment) == ((), ("de",), True)
    assert [text.number for text in changes.compare_versions(new, both, "de").texts] == ["3.2"]
    translation_edits.remove_language(agreement=new, language="de", now=NOW, by=None)
    assert changes.compare_versions(new, both).translations == ("de",)
    assert changes.compare_versions(new, both).detriment


def test_tells_affiliates_which_translation_changes(both):
    make_affiliate(state=State.ACTIVE)
    new = version_drafts.start_draft(now=NOW, by=None)
    save_german_clause(new, "3.2", "Die Frist", german.WINDOW.replace("höchstens", "etwa"))
    publishing.publish_version(agreement=new, effective_at=NOW + 20 * DAY, now=NOW, by=None)
    notice = Message.objects.get(kind="agreement_change")
    mail = rendering.render(kind=notice.kind, context=notice.context)
    assert "\n\nThe German translation has changed or been removed.\n\n" in mail.text


def test_asks_for_acceptance_when_another_language_governs(both):
    new = version_drafts.start_draft(now=NOW, by=None)
    translation_edits.remove_language(agreement=new, language="de", now=NOW, by=None)
    translation_edits.set_governing_language(agreement=new, language="de", now=NOW, by=None)
    assert changes.compare_versions(new, both).detriment
