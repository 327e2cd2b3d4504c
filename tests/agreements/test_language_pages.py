"""The pages of a version in two languages."""

import hashlib
import re
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse

from affiliates.models import State
from agreements import publishing, translation_edits, version_drafts
from agreements.models import Acceptance, AgreementVersion
from tests.agreements import german
from tests.agreements.acceptance_data import NOW
from tests.agreements.german import get_text
from tests.agreements.page_data import remove_screen_reader_text
from tests.factories import make_affiliate, make_staff
from tests.portal.html_tree import assert_reads_in_order

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
GERMAN_ARTICLE = '<article class="agreement prose" lang="de">'
ENGLISH_ARTICLE = '<article class="agreement prose" lang="en">'


@pytest.fixture
def bilingual(db: None) -> AgreementVersion:
    return german.publish_bilingual_version_once(NOW - DAY)


@pytest.fixture
def affiliate(bilingual: AgreementVersion) -> Client:
    client = Client()
    client.force_login(make_affiliate(state=State.APPROVED, at=NOW - DAY).user)
    return client


def get_page(client: Client, name: str, *args: object, **query: str) -> str:
    response = client.get(reverse(name if ":" in name else f"agreements:{name}", args=args), query)
    assert response.status_code == 200, response
    return response.content.decode()


def read_hidden_fields(html: str) -> dict[str, str]:
    """Return the hidden fields of the acceptance form."""
    inputs = re.findall(r'<input type="hidden" name="(language|text_sha256)" value="([^"]*)"', html)
    return dict(inputs)


def test_page_shows_text_in_chosen_language(client, bilingual):
    html = get_page(client, "current", language="de")
    assert GERMAN_ARTICLE in html
    assert '<strong class="term">3 Tage</strong>' in html
    assert get_text(bilingual, "de").sha256 in html
    assert re.search(r'<a href="\?language=en" lang="en" hreflang="en">English</a>', html)
    assert '<strong lang="de" aria-current="true">Deutsch</strong>' in html
    assert "If the texts differ, the English text applies." in html


@pytest.mark.parametrize("query", [{}, {"language": "fr"}, {"language": ""}, {"language": "de'\"<"}])
def test_unknown_language_falls_back_to_governing_text(client, bilingual, query):
    assert ENGLISH_ARTICLE in get_page(client, "current", **query)
    assert get_text(bilingual, "en").sha256 in get_page(client, "version", bilingual.pk, **query)


def test_page_shows_complete_stored_translation(client, bilingual):
    html = get_page(client, "version", bilingual.pk, language="de")
    body = html[html.index('<article class="agreement') : html.index("</article>")]
    words = re.sub(r"<[^>]+>", " ", body).replace("&quot;", '"').replace("&#x27;", "'").replace("&amp;", "&")
    assert "".join(words.split()) == "".join(get_text(bilingual, "de").text.replace(" | ", " ").split())


def test_file_links_keep_chosen_language(client, bilingual):
    html = get_page(client, "version", bilingual.pk, language="de")
    for name in ("version_pdf", "version_terms", "version_text"):
        assert f'href="{reverse(f"agreements:{name}", args=[bilingual.pk])}?language=de"' in html


def test_text_pdf_and_terms_are_served_in_each_language(client, bilingual):
    url = reverse("agreements:version_text", args=[bilingual.pk])
    for language in ("en", "de"):
        content = client.get(url, {"language": language}).content
        assert hashlib.sha256(content).hexdigest() == get_text(bilingual, language).sha256
    assert (
        client.get(url).content
        == client.get(url, {"language": "fr"}).content
        == get_text(bilingual, "en").text.encode()
    )
    pdf = client.get(reverse("agreements:current_pdf"), {"language": "de"})
    assert "agreement-version-1-de.pdf" in pdf["Content-Disposition"]
    terms = client.get(reverse("agreements:terms_json"), {"language": "de"}).json()
    assert (terms["language"], terms["governing_language"]) == ("de", "en")
    assert terms["texts"] == {"de": get_text(bilingual, "de").sha256, "en": get_text(bilingual, "en").sha256}
    assert terms["sha256"] == get_text(bilingual, "de").sha256
    window = next(clause for clause in terms["clauses"] if clause["number"] == "3.2")
    assert (window["heading"], window["text"]) == ("Die Frist", german.WINDOW_READ)
    assert terms["prohibited_activities"][0]["title"].startswith("Verhalten ")
    assert terms["terms"]["payout_minimum"] == "16.00"


def test_version_list_shows_hash_of_each_text(client, bilingual):
    html = get_page(client, "versions")
    assert f'<span lang="de">Deutsch:</span> {get_text(bilingual, "de").sha256}' in html
    assert f'<span lang="en">English:</span> {get_text(bilingual, "en").sha256}' in html


def test_single_language_version_offers_no_choice(client, first):
    assert "Language of the agreement" not in get_page(client, "current", language="de")


def test_acceptance_form_records_language_shown(affiliate, bilingual):
    html = get_page(affiliate, "portal:agreement_accept", bilingual.pk, language="de")
    assert GERMAN_ARTICLE in html
    shown = read_hidden_fields(html)
    assert shown == {"language": "de", "text_sha256": get_text(bilingual, "de").sha256}
    url = reverse("portal:agreement_accept", args=[bilingual.pk])
    unticked = affiliate.post(f"{url}?language=de", shown).content.decode()
    assert GERMAN_ARTICLE in unticked
    assert read_hidden_fields(unticked) == shown
    affiliate.post(f"{url}?language=de", shown | {"box": "on"})
    record = Acceptance.objects.get()
    assert (record.language, record.text_sha256) == ("de", get_text(bilingual, "de").sha256)
    assert f"{reverse('agreements:version', args=[bilingual.pk])}?language=de" in get_page(
        affiliate, "portal:agreement"
    )


@pytest.mark.parametrize("language", ["en", "", "fr", "x" * 11])
def test_acceptance_form_with_mismatched_language_is_rejected(affiliate, bilingual, language):
    url = reverse("portal:agreement_accept", args=[bilingual.pk])
    posted = {"box": "on", "language": language, "text_sha256": get_text(bilingual, "de").sha256}
    response = affiliate.post(f"{url}?language=de", posted, follow=True)
    assert response.status_code == 200
    assert not Acceptance.objects.exists()


def test_changes_page_uses_chosen_language(affiliate, client, bilingual):
    draft = version_drafts.start_draft(now=NOW, by=None)
    draft.attribution_days = 2
    draft.save()
    second = publishing.publish_version(agreement=draft, effective_at=NOW + 20 * DAY, now=NOW, by=None)
    html = get_page(client, "version_changes", second.pk, language="de", since=str(bilingual.pk))
    assert '<span lang="de">Die Frist</span>' in html
    assert f'href="?language=en&amp;since={bilingual.pk}"' in html
    assert "<del>3</del><ins>2</ins> Tage vergangen sind." in remove_screen_reader_text(html)
    english = get_page(client, "version_changes", second.pk)
    assert_reads_in_order(english)
    assert "Die Frist" not in english


def test_changes_page_says_when_it_compares_another_language(client, first):
    new = german.add_german_translation(version_drafts.start_draft(now=NOW, by=None), NOW)
    clause = new.clauses.get(number="2.3")
    clause.body = clause.body.replace("truthfully", "honestly")
    clause.save()
    words = {clause.pk: german.build_german_words(clause)}
    translation_edits.save_translations(agreement=new, language="de", words=words, now=NOW, by=None)
    second = publishing.publish_version(agreement=new, effective_at=NOW + 20 * DAY, now=NOW, by=None)
    html = get_page(client, "version_changes", second.pk, language="de")
    assert "The texts are compared in a language that both versions have." in html
    assert "<del>truthfully.</del><ins>honestly.</ins>" in remove_screen_reader_text(html)
    assert "compared in a language" not in get_page(client, "version_changes", second.pk, language="en")
    third = version_drafts.start_draft(now=NOW, by=None)
    translation_edits.remove_language(agreement=third, language="de", now=NOW, by=None)
    third = publishing.publish_version(agreement=third, effective_at=NOW + 40 * DAY, now=NOW, by=None)
    assert "The German translation has changed or been removed." in get_page(client, "version_changes", third.pk)


def test_draft_can_be_previewed_in_each_language(bilingual):
    draft = version_drafts.start_draft(now=NOW, by=None)
    client = Client()
    client.force_login(make_staff(superuser=True))
    url = reverse("admin:agreements_agreementversion_preview", args=[draft.pk])
    assert GERMAN_ARTICLE in client.get(url, {"language": "de"}).content.decode()
    assert ENGLISH_ARTICLE in client.get(url).content.decode()
    changes = reverse("admin:agreements_agreementversion_differences", args=[draft.pk])
    assert client.get(changes, {"language": "de"}).status_code == 200


def test_pages_default_to_interface_language_and_files_do_not(client, bilingual, settings):
    settings.LANGUAGES = [("en", "English"), ("de", "Deutsch")]
    client = Client(headers={"accept-language": "de-AT"})
    assert GERMAN_ARTICLE in get_page(client, "current")
    assert ENGLISH_ARTICLE in get_page(client, "current", language="en")
    # A URL gives every client the same file.
    assert client.get(reverse("agreements:terms_json")).json()["language"] == "en"
