"""On the page of translations, staff ..."""

import re
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from agreements import publishing, rendering, seeding, translations, version_drafts
from agreements.models import AgreementVersion, Clause, TranslatedClause
from audit.models import AuditRecord
from tests.agreements import german
from tests.factories import make_staff

pytestmark = pytest.mark.django_db
NOW = timezone.now().replace(microsecond=0)


@pytest.fixture
def staff() -> Client:
    client = Client()
    client.force_login(make_staff(superuser=True))
    return client


@pytest.fixture
def draft(db: None) -> AgreementVersion:
    return german.create_bilingual_draft(NOW)


def address(draft: AgreementVersion, **query: str) -> str:
    return reverse("admin:agreements_agreementversion_translations", args=[draft.pk], query=query or None)


def form_of(draft: AgreementVersion) -> dict[str, Any]:
    """What the German page posts when nothing is changed."""
    posted: dict[str, Any] = {"do": "save"}
    of_clauses = translations.get_translated_clauses(draft, "de")
    for clause in draft.clauses.all():
        row = of_clauses.get(clause.pk)
        heading, body = (row.heading, row.body) if row else ("", "")
        posted |= {f"{clause.pk}-heading": heading, f"initial-{clause.pk}-heading": heading}
        posted |= {f"{clause.pk}-text": body, f"initial-{clause.pk}-text": body}
        posted[f"{clause.pk}-source_sha256"] = translations.compute_fingerprint(clause)
    return posted


def clause(draft: AgreementVersion, number: str = "3.2") -> Clause:
    return draft.clauses.get(number=number)


def test_begin_a_translation_and_see_all_that_is_to_mend(staff):
    draft = seeding.create_seed_draft(now=NOW)
    assert "Add a language" in staff.get(address(draft)).content.decode()
    staff.post(address(draft), {"do": "offer", "language": "de"})
    assert translations.list_languages(draft) == ["en", "de"]
    page = staff.get(address(draft, language="de")).content.decode()
    assert page.count("The translation is missing.") == draft.clauses.count()
    assert page.count("Enter a title and a text.") == draft.activities.count()
    assert '<code>{attribution_days}</code>: <span lang="de">3 Tage</span>' in page
    assert AuditRecord.objects.get(action="translation started").after == {"language": "de"}


def test_see_each_clause_beside_its_translation(staff, draft):
    page = staff.get(address(draft)).content.decode()
    assert "This translation is complete." in page
    assert "An order counts" in page or "that click" in page
    assert german.WINDOW in page
    assert (
        "Translations"
        in staff.get(reverse("admin:agreements_agreementversion_change", args=[draft.pk])).content.decode()
    )


def test_save_what_they_changed_and_nothing_else(staff, draft):
    others = set(TranslatedClause.objects.exclude(clause=clause(draft)).values_list("pk", "heading", "body"))
    posted = form_of(draft) | {f"{clause(draft).pk}-heading": "Das Fenster"}
    answer = staff.post(address(draft, language="de"), posted)
    assert answer["Location"] == address(draft, language="de")
    assert translations.get_translated_clauses(draft, "de")[clause(draft).pk].heading == "Das Fenster"
    assert set(TranslatedClause.objects.exclude(clause=clause(draft)).values_list("pk", "heading", "body")) == others
    assert AuditRecord.objects.filter(action="agreement translated").latest("at").after == {"language": "de: 3.2"}


def test_do_not_overwrite_what_somebody_else_wrote_meanwhile(staff, draft):
    posted = form_of(draft) | {f"{clause(draft, '2.1').pk}-heading": "Kanäle"}
    TranslatedClause.objects.filter(clause=clause(draft)).update(heading="Von jemand anderem")
    staff.post(address(draft, language="de"), posted)
    assert translations.get_translated_clauses(draft, "de")[clause(draft).pk].heading == "Von jemand anderem"
    assert translations.get_translated_clauses(draft, "de")[clause(draft, "2.1").pk].heading == "Kanäle"


def test_see_what_is_wrong_beside_the_clause(staff, draft):
    TranslatedClause.objects.filter(clause=clause(draft)).update(body="Drei Tage.")
    page = staff.get(address(draft, language="de")).content.decode()
    section = page[page.index('id="part-3.2"') : page.index('id="part-3.3"')]
    assert "The placeholder {attribution_days} of the governing clause is missing." in section
    assert re.findall(r'<a class="underline"\s+href="#part-([^"]+)"', page) == ["3.2"]


def test_say_that_a_translation_fits_words_that_changed(staff, draft):
    of = clause(draft)
    of.body = f"{of.body} Indeed."
    of.save()
    page = staff.get(address(draft, language="de")).content.decode()
    assert "The governing text has changed since this translation." in page
    staff.post(address(draft, language="de"), form_of(draft))
    assert [problem.place for problem in version_drafts.find_problems(draft)] == ["clause 3.2 (de)"]
    staff.post(address(draft, language="de"), form_of(draft) | {f"{of.pk}-is_current": "on"})
    assert version_drafts.find_problems(draft) == []


def test_do_not_vouch_for_words_that_they_were_not_shown(staff, draft):
    of = clause(draft)
    posted = form_of(draft) | {f"{of.pk}-is_current": "on"}
    of.body = f"{of.body} Indeed."
    of.save()
    staff.post(address(draft, language="de"), posted)
    assert [problem.place for problem in version_drafts.find_problems(draft)] == ["clause 3.2 (de)"]


def test_keep_what_they_wrote_when_a_heading_is_too_long(staff, draft):
    posted = form_of(draft) | {f"{clause(draft).pk}-heading": "x" * 201, f"{clause(draft).pk}-text": "Behalten"}
    page = staff.post(address(draft, language="de"), posted).content.decode()
    assert "a heading is too long" in page
    assert "Behalten" in page
    assert translations.get_translated_clauses(draft, "de")[clause(draft).pk].heading == "Die Frist"


def test_no_longer_offer_a_language_after_a_question(staff, draft):
    question = staff.get(address(draft, drop="de")).content.decode()
    assert "The whole translation is deleted" in question
    assert translations.list_languages(draft) == ["en", "de"]
    staff.post(address(draft, drop="de"), {"confirmed": "1"})
    assert translations.list_languages(draft) == ["en"]
    assert staff.get(address(draft, drop="de")).status_code == 404


def test_say_in_which_language_it_is_written(staff):
    draft = seeding.create_seed_draft(now=NOW)
    staff.post(address(draft), {"do": "set_governing_language", "language": "de"})
    draft.refresh_from_db()
    assert draft.language == "de"
    assert "Maßgebliche Sprache: Deutsch" in rendering.render_document(rendering.load_source(draft), "Shop").facts


@pytest.mark.parametrize("do", ["offer", "set_governing_language"])
def test_are_refused_a_language_that_is_not_known_in_words(staff, draft, do):
    answer = staff.post(address(draft), {"do": do, "language": "xx"}, follow=True)
    assert "The language xx is not supported." in answer.content.decode()


def test_are_told_when_somebody_published_it_meanwhile(staff, draft):
    posted = form_of(draft) | {f"{clause(draft).pk}-heading": "Das Fenster"}
    publishing.publish_version(agreement=draft, effective_at=NOW, now=NOW, by=None)
    answer = staff.post(address(draft, language="de"), posted)
    assert answer.status_code == 302
    assert translations.get_translated_clauses(draft, "de")[clause(draft).pk].heading == "Die Frist"
    assert staff.get(address(draft)).status_code == 403


def test_are_superusers(draft):
    client = Client()
    client.force_login(make_staff("compliance reviewers"))
    assert client.get(address(draft)).status_code == 403
    assert client.post(address(draft), {"do": "offer", "language": "de"}).status_code == 403
