"""A version in two languages, in a browser."""

from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from affiliates.models import State
from agreements import publishing, translations, version_drafts
from agreements.models import Acceptance, AgreementVersion, TranslatedClause
from tests.agreements import german
from tests.browser.conftest import save_screenshots
from tests.browser.test_affiliate_journey import sign_in
from tests.factories import PASSWORD, make_affiliate, make_user


@pytest.fixture
def bilingual_version(transactional_db) -> AgreementVersion:
    at = timezone.now() - timedelta(days=30)
    return publishing.publish_version(agreement=german.create_bilingual_draft(at), effective_at=at, now=at, by=None)


def test_version_is_accepted_in_the_chosen_language_without_scripts(bilingual_version, open_browser_page):
    user = make_user(password=PASSWORD)
    make_affiliate(state=State.APPROVED, user=user)
    page = open_browser_page(java_script_enabled=False)
    sign_in(page, user.email, PASSWORD)
    page.goto(f"/agreement/versions/{bilingual_version.pk}/accept/")
    page.get_by_role("link", name="Deutsch").click()
    expect(page.locator("article.agreement")).to_have_attribute("lang", "de")
    save_screenshots(page, "accept-in-german")
    page.get_by_role("checkbox").check()
    page.get_by_role("button", name="Accept").click()
    expect(page.get_by_text("You accepted version 1.")).to_be_visible()
    assert Acceptance.objects.get().language == "de"
    page.goto("/agreement/?language=de")
    save_screenshots(page, "agreement-in-german")


def test_saving_translations_changes_only_edited_clauses(bilingual_version, open_browser_page):
    draft = version_drafts.start_draft(now=timezone.now(), by=None)
    before = dict(TranslatedClause.objects.filter(agreement=draft).values_list("clause__number", "body"))
    TranslatedClause.objects.filter(agreement=draft, clause__number="3.2").update(body="Drei Tage.")
    superuser = make_user(password=PASSWORD)
    superuser.is_staff = superuser.is_superuser = True
    superuser.save()
    page = open_browser_page()
    sign_in(page, superuser.email, PASSWORD)
    page.goto(f"/admin/agreements/agreementversion/{draft.pk}/change/")
    page.get_by_role("link", name="Translations").first.click()
    section = page.locator('[id="part-3.2"]')
    expect(
        section.get_by_text("The placeholder {attribution_days} of the governing clause is missing.")
    ).to_be_visible()
    save_screenshots(page, "translations")
    section.get_by_role("textbox", name="Text").fill(german.WINDOW)
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("1 translation saved.")).to_be_visible()
    expect(page.get_by_text("This translation is complete.")).to_be_visible()
    rows = translations.get_translated_clauses(draft, "de").values()
    assert {row.clause.number: row.body for row in rows} == before
