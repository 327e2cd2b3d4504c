"""The admin page for translating a draft."""

import re
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from agreements import publishing, rendering, seeding, translations, version_drafts
from agreements.models import AgreementVersion, Clause, TranslatedClause
from audit.models import AuditRecord
from tests.agreements import german
from tests.agreements.acceptance_data import NOW
from tests.factories import make_staff

pytestmark = pytest.mark.django_db


@pytest.fixture
def draft(db: None) -> AgreementVersion:
    return german.create_bilingual_draft_once(NOW)


def build_url(draft: AgreementVersion, **query: str) -> str:
    return reverse("admin:agreements_agreementversion_translations", args=[draft.pk], query=query or None)


def build_translation_data(draft: AgreementVersion) -> dict[str, Any]:
    """Return what the German page posts when nothing is changed."""
    posted: dict[str, Any] = {"do": "save"}
    translated = translations.get_translated_clauses(draft, "de")
    for clause in draft.clauses.all():
        row = translated.get(clause.pk)
        heading, body = (row.heading, row.body) if row else ("", "")
        posted |= {f"{clause.pk}-heading": heading, f"initial-{clause.pk}-heading": heading}
        posted |= {f"{clause.pk}-text": body, f"initial-{clause.pk}-text": body}
        posted[f"{clause.pk}-source_sha256"] = translations.compute_fingerprint(clause)
    return posted


def get_clause(draft: AgreementVersion, number: str = "3.2") -> Clause:
    return draft.clauses.get(number=number)


def test_new_translation_lists_all_parts_as_missing(staff):
    draft = seeding.create_seed_draft(now=NOW)
    assert "Add a language" in staff.get(build_url(draft)).content.decode()
    staff.post(build_url(draft), {"do": "offer", "language": "de"})
    assert translations.list_languages(draft) == ["en", "de"]
    page = staff.get(build_url(draft, language="de")).content.decode()
    assert page.count("The translation is missing.") == draft.clauses.count()
    assert page.count("Enter a title and a text.") == draft.activities.count()
    assert '<code>{attribution_days}</code>: <span lang="de">3 Tage</span>' in page
    assert AuditRecord.objects.get(action="translation started").after == {"language": "de"}


def test_page_shows_clauses_beside_translations(staff, draft):
    page = staff.get(build_url(draft)).content.decode()
    assert "This translation is complete." in page
    assert "An order counts" in page or "that click" in page
    assert german.WINDOW in page
    assert (
        "Translations"
        in staff.get(reverse("admin:agreements_agreementversion_change", args=[draft.pk])).content.decode()
    )


def test_only_changed_translations_are_saved(staff, draft):
    others = set(TranslatedClause.objects.exclude(clause=get_clause(draft)).values_list("pk", "heading", "body"))
    posted = build_translation_data(draft) | {f"{get_clause(draft).pk}-heading": "Das Fenster"}
    response = staff.post(build_url(draft, language="de"), posted)
    assert response["Location"] == build_url(draft, language="de")
    assert translations.get_translated_clauses(draft, "de")[get_clause(draft).pk].heading == "Das Fenster"
    assert (
        set(TranslatedClause.objects.exclude(clause=get_clause(draft)).values_list("pk", "heading", "body")) == others
    )
    assert AuditRecord.objects.filter(action="agreement translated").latest("at").after == {"language": "de: 3.2"}


def test_concurrent_edit_of_another_clause_is_kept(staff, draft):
    posted = build_translation_data(draft) | {f"{get_clause(draft, '2.1').pk}-heading": "Kanäle"}
    TranslatedClause.objects.filter(clause=get_clause(draft)).update(heading="Von jemand anderem")
    staff.post(build_url(draft, language="de"), posted)
    assert translations.get_translated_clauses(draft, "de")[get_clause(draft).pk].heading == "Von jemand anderem"
    assert translations.get_translated_clauses(draft, "de")[get_clause(draft, "2.1").pk].heading == "Kanäle"


def test_problem_is_shown_beside_its_clause(staff, draft):
    TranslatedClause.objects.filter(clause=get_clause(draft)).update(body="Drei Tage.")
    page = staff.get(build_url(draft, language="de")).content.decode()
    section = page[page.index('id="part-3.2"') : page.index('id="part-3.3"')]
    assert "The placeholder {attribution_days} of the governing clause is missing." in section
    assert re.findall(r'<a class="underline"\s+href="#part-([^"]+)"', page) == ["3.2"]


def test_outdated_translation_can_be_confirmed_as_current(staff, draft):
    clause = get_clause(draft)
    clause.body = f"{clause.body} Indeed."
    clause.save()
    page = staff.get(build_url(draft, language="de")).content.decode()
    assert "The governing text has changed since this translation." in page
    staff.post(build_url(draft, language="de"), build_translation_data(draft))
    assert [problem.place for problem in version_drafts.find_problems(draft)] == ["clause 3.2 (de)"]
    staff.post(build_url(draft, language="de"), build_translation_data(draft) | {f"{clause.pk}-is_current": "on"})
    assert version_drafts.find_problems(draft) == []


def test_confirmation_does_not_cover_later_changes(staff, draft):
    clause = get_clause(draft)
    posted = build_translation_data(draft) | {f"{clause.pk}-is_current": "on"}
    clause.body = f"{clause.body} Indeed."
    clause.save()
    staff.post(build_url(draft, language="de"), posted)
    assert [problem.place for problem in version_drafts.find_problems(draft)] == ["clause 3.2 (de)"]


def test_too_long_heading_keeps_input(staff, draft):
    posted = build_translation_data(draft) | {
        f"{get_clause(draft).pk}-heading": "x" * 201,
        f"{get_clause(draft).pk}-text": "Behalten",
    }
    page = staff.post(build_url(draft, language="de"), posted).content.decode()
    assert "a heading is too long" in page
    assert "Behalten" in page
    assert translations.get_translated_clauses(draft, "de")[get_clause(draft).pk].heading == "Die Frist"


def test_language_is_removed_after_confirmation(staff, draft):
    page = staff.get(build_url(draft, drop="de")).content.decode()
    assert "The whole translation is deleted" in page
    assert translations.list_languages(draft) == ["en", "de"]
    staff.post(build_url(draft, drop="de"), {"confirmed": "1"})
    assert translations.list_languages(draft) == ["en"]
    assert staff.get(build_url(draft, drop="de")).status_code == 404


def test_governing_language_can_be_changed(staff):
    draft = seeding.create_seed_draft(now=NOW)
    staff.post(build_url(draft), {"do": "set_governing_language", "language": "de"})
    draft.refresh_from_db()
    assert draft.language == "de"
    assert "Maßgebliche Sprache: Deutsch" in rendering.render_document(rendering.load_source(draft), "Shop").facts


@pytest.mark.parametrize("do", ["offer", "set_governing_language"])
def test_unknown_language_shows_error(staff, draft, do):
    response = staff.post(build_url(draft), {"do": do, "language": "xx"}, follow=True)
    assert "The language xx is not supported." in response.content.decode()


def test_translation_of_published_version_is_rejected(staff, draft):
    posted = build_translation_data(draft) | {f"{get_clause(draft).pk}-heading": "Das Fenster"}
    publishing.publish_version(agreement=draft, effective_at=NOW, now=NOW, by=None)
    response = staff.post(build_url(draft, language="de"), posted)
    assert response.status_code == 302
    assert translations.get_translated_clauses(draft, "de")[get_clause(draft).pk].heading == "Die Frist"
    assert staff.get(build_url(draft)).status_code == 403


def test_translation_page_requires_permission(draft):
    client = Client()
    client.force_login(make_staff("compliance reviewers"))
    assert client.get(build_url(draft)).status_code == 403
    assert client.post(build_url(draft), {"do": "offer", "language": "de"}).status_code == 403
