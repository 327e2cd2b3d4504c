"""The pages of a version in two languages ..."""

import hashlib
import re
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from affiliates.models import State
from agreements import publishing, translation_edits, version_drafts
from agreements.models import Acceptance, AgreementVersion
from tests.agreements import german
from tests.agreements.german import get_text
from tests.agreements.visible_text import remove_screen_reader_text
from tests.factories import make_affiliate, make_staff

pytestmark = pytest.mark.django_db
NOW = timezone.now().replace(microsecond=0)
DAY = timedelta(days=1)
GERMAN_ARTICLE = '<article class="agreement prose" lang="de">'
ENGLISH_ARTICLE = '<article class="agreement prose" lang="en">'


@pytest.fixture
def both(db: None) -> AgreementVersion:
    return publishing.publish_version(
        agreement=german.create_bilingual_draft(NOW), effective_at=NOW - DAY, now=NOW, by=None
    )


@pytest.fixture
def affiliate(both: AgreementVersion) -> Client:
    client = Client()
    client.force_login(make_affiliate(state=State.APPROVED, at=NOW - DAY).user)
    return client


def page(client: Client, name: str, *args: object, **query: str) -> str:
    response = client.get(reverse(name if ":" in name else f"agreements:{name}", args=args), query)
    assert response.status_code == 200, response
    return response.content.decode()


def hidden(html: str) -> dict[str, str]:
    """The hidden fields of a page's form of acceptance."""
    inputs = re.findall(r'<input type="hidden" name="(language|text_sha256)" value="([^"]*)"', html)
    return dict(inputs)


def test_show_the_text_in_the_language_that_the_reader_chooses(client, both):
    html = page(client, "current", language="de")
    assert GERMAN_ARTICLE in html
    assert '<strong class="term">3 Tage</strong>' in html
    assert get_text(both, "de").sha256 in html
    assert re.search(r'<a href="\?language=en" lang="en" hreflang="en">English</a>', html)
    assert '<strong lang="de" aria-current="true">Deutsch</strong>' in html
    assert "The English text governs." in html


@pytest.mark.parametrize("query", [{}, {"language": "fr"}, {"language": ""}, {"language": "de'\"<\0"}])
def test_fall_back_to_the_governing_text(client, both, query):
    assert ENGLISH_ARTICLE in page(client, "current", **query)
    assert get_text(both, "en").sha256 in page(client, "version", both.pk, **query)


def test_show_every_word_of_the_stored_translation(client, both):
    html = page(client, "version", both.pk, language="de")
    body = html[html.index('<article class="agreement') : html.index("</article>")]
    words = re.sub(r"<[^>]+>", " ", body).replace("&quot;", '"').replace("&#x27;", "'").replace("&amp;", "&")
    assert "".join(words.split()) == "".join(get_text(both, "de").text.replace(" | ", " ").split())


def test_lead_to_the_files_in_the_language_chosen(client, both):
    html = page(client, "version", both.pk, language="de")
    for name in ("version_pdf", "version_terms", "version_text"):
        assert f'href="{reverse(f"agreements:{name}", args=[both.pk])}?language=de"' in html


def test_give_the_text_the_pdf_and_the_terms_in_each(client, both):
    address = reverse("agreements:version_text", args=[both.pk])
    for language in ("en", "de"):
        content = client.get(address, {"language": language}).content
        assert hashlib.sha256(content).hexdigest() == get_text(both, language).sha256
    assert (
        client.get(address).content
        == client.get(address, {"language": "fr"}).content
        == get_text(both, "en").text.encode()
    )
    pdf = client.get(reverse("agreements:current_pdf"), {"language": "de"})
    assert "agreement-version-1-de.pdf" in pdf["Content-Disposition"]
    terms = client.get(reverse("agreements:terms_json"), {"language": "de"}).json()
    assert (terms["language"], terms["governing_language"]) == ("de", "en")
    assert terms["texts"] == {"de": get_text(both, "de").sha256, "en": get_text(both, "en").sha256}
    assert terms["sha256"] == get_text(both, "de").sha256
    window = next(clause for clause in terms["clauses"] if clause["number"] == "3.2")
    assert (window["heading"], window["text"]) == ("Die Frist", german.WINDOW_READ)
    assert terms["prohibited_activities"][0]["title"].startswith("Verhalten ")
    assert terms["terms"]["payout_minimum"] == "16.00"


def test_list_the_fingerprint_of_each_text(client, both):
    html = page(client, "versions")
    assert f'<span lang="de">Deutsch:</span> {get_text(both, "de").sha256}' in html
    assert f'<span lang="en">English:</span> {get_text(both, "en").sha256}' in html


def test_offer_no_choice_where_there_is_one_language(client, first):
    assert "Language of the agreement" not in page(client, "current", language="de")


def test_record_acceptance_of_the_text_that_was_shown(affiliate, both):
    html = page(affiliate, "portal:agreement_accept", both.pk, language="de")
    assert GERMAN_ARTICLE in html
    shown = hidden(html)
    assert shown == {"language": "de", "text_sha256": get_text(both, "de").sha256}
    address = reverse("portal:agreement_accept", args=[both.pk])
    unticked = affiliate.post(f"{address}?language=de", shown).content.decode()
    assert GERMAN_ARTICLE in unticked
    assert hidden(unticked) == shown
    affiliate.post(f"{address}?language=de", shown | {"box": "on"})
    record = Acceptance.objects.get()
    assert (record.language, record.text_sha256) == ("de", get_text(both, "de").sha256)
    assert f"{reverse('agreements:version', args=[both.pk])}?language=de" in page(affiliate, "portal:agreement")


@pytest.mark.parametrize("language", ["en", "", "fr", "x" * 11])
def test_refuse_a_form_whose_language_is_not_that_of_its_text(affiliate, both, language):
    address = reverse("portal:agreement_accept", args=[both.pk])
    posted = {"box": "on", "language": language, "text_sha256": get_text(both, "de").sha256}
    answer = affiliate.post(f"{address}?language=de", posted, follow=True)
    assert answer.status_code == 200
    assert not Acceptance.objects.exists()


def test_show_what_changed_in_the_language_chosen(affiliate, client, both):
    draft = version_drafts.start_draft(now=NOW, by=None)
    draft.attribution_days = 2
    draft.save()
    second = publishing.publish_version(agreement=draft, effective_at=NOW + 20 * DAY, now=NOW, by=None)
    html = page(client, "version_changes", second.pk, language="de", since=str(both.pk))
    assert '<span lang="de">Die Frist</span>' in html
    assert f'href="?language=en&amp;since={both.pk}"' in html
    assert "<del>3</del><ins>2</ins> Tage vergangen sind." in remove_screen_reader_text(html)
    english = page(client, "version_changes", second.pk)
    assert "Die Frist" not in english


def test_say_where_the_texts_are_compared_in_another_language_than_the_one_chosen(client, first):
    new = german.add_german_translation(version_drafts.start_draft(now=NOW, by=None), NOW)
    clause = new.clauses.get(number="2.3")
    clause.body = clause.body.replace("truthfully", "honestly")
    clause.save()
    words = {clause.pk: german.build_german_words(clause)}
    translation_edits.save_translations(agreement=new, language="de", words=words, now=NOW, by=None)
    second = publishing.publish_version(agreement=new, effective_at=NOW + 20 * DAY, now=NOW, by=None)
    html = page(client, "version_changes", second.pk, language="de")
    assert "The texts are compared in a language that both versions have." in html
    assert "<del>truthfully.</del><ins>honestly.</ins>" in remove_screen_reader_text(html)
    assert "compared in a language" not in page(client, "version_changes", second.pk, language="en")
    third = version_drafts.start_draft(now=NOW, by=None)
    translation_edits.remove_language(agreement=third, language="de", now=NOW, by=None)
    third = publishing.publish_version(agreement=third, effective_at=NOW + 40 * DAY, now=NOW, by=None)
    assert "The German translation has changed or been removed." in page(client, "version_changes", third.pk)


def test_preview_a_draft_in_each_language(both):
    draft = version_drafts.start_draft(now=NOW, by=None)
    client = Client()
    client.force_login(make_staff(superuser=True))
    address = reverse("admin:agreements_agreementversion_preview", args=[draft.pk])
    assert GERMAN_ARTICLE in client.get(address, {"language": "de"}).content.decode()
    assert ENGLISH_ARTICLE in client.get(address).content.decode()
    changes = reverse("admin:agreements_agreementversion_differences", args=[draft.pk])
    assert client.get(changes, {"language": "de"}).status_code == 200


def test_show_it_in_the_language_of_the_interface_unless_another_is_chosen(client, both, settings):
    settings.LANGUAGES = [("en", "English"), ("de", "Deutsch")]
    client = Client(headers={"accept-language": "de-AT"})
    assert GERMAN_ARTICLE in page(client, "current")
    assert ENGLISH_ARTICLE in page(client, "current", language="en")
    # A file is the same for whoever fetches its address.
    assert client.get(reverse("agreements:terms_json")).json()["language"] == "en"
