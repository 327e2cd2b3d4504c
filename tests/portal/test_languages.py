"""Where the catalogue of another language is compiled, the program ..."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from django.core.cache import cache
from django.core.exceptions import ValidationError
from django.test import Client
from django.utils import timezone, translation

from affiliates import fields, profile
from affiliates.models import Affiliate, State
from affiliates.notifications import notify
from agreements import publishing, version_drafts
from config import language_catalogs
from mail import delivery, outbox
from mail.models import Message
from tests.factories import make_affiliate
from tests.portal import message_catalog
from tests.portal.test_apply import send

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
WORDS = {
    "Profile": "Profil",
    "Your profile is saved.": "Ihr Profil ist gespeichert.",
    "Skip to the content": "Zum Inhalt",
    "Hello %(name)s,": "Guten Tag %(name)s,",
    "payout minimum": "Mindestauszahlung",
    "worse for you": "Nachteil",
    "%(label)s: %(old)s -> %(new)s (%(effect)s, clause %(clause)s)": (
        "%(label)s: %(old)s -> %(new)s (%(effect)s, Klausel %(clause)s)"
    ),
}
PROFILE = {"name": "Greta", "country": "France", "time_zone": "Europe/Paris"}


@pytest.fixture
def german(settings, tmp_path: Path) -> None:
    message_catalog.write_catalog(tmp_path, "de", WORDS)
    settings.LOCALE_PATHS = [tmp_path]
    settings.LANGUAGES = language_catalogs.list_languages(tmp_path)


@pytest.fixture
def greta(agreement) -> Affiliate:
    return make_affiliate(state=State.ACTIVE, name="Greta")


def signed_in(affiliate: Affiliate, language: str = "en") -> Client:
    client = Client(headers={"accept-language": language})
    client.force_login(affiliate.user)
    return client


def test_knows_the_languages_whose_catalogues_are_there(tmp_path):
    assert language_catalogs.list_languages(tmp_path / "none") == [("en", "English")]
    for code in ("pt_BR", "de", "en", "xx"):
        message_catalog.write_catalog(tmp_path, code, {})
    (tmp_path / "fr" / "LC_MESSAGES").mkdir(parents=True)
    assert language_catalogs.list_languages(tmp_path) == [
        ("en", "English"),
        ("de", "Deutsch"),
        ("pt-br", "Português Brasileiro"),
        ("xx", "xx"),
    ]


def test_answers_visitors_in_the_language_of_their_browser(german, agreement):
    answer = Client().get("/", headers={"accept-language": "de-CH,de;q=0.9,en;q=0.5"})
    assert "Zum Inhalt" in answer.content.decode()
    assert '<html lang="de">' in answer.content.decode()
    assert answer.headers["Content-Language"] == "de"
    assert "Accept-Language" in answer.headers["Vary"]
    other = Client().get("/", headers={"accept-language": "fr"})
    assert '<html lang="en">' in other.content.decode()


def test_answers_affiliates_in_the_language_of_their_profile(german, greta):
    client = signed_in(greta, "en")
    assert '<option value="de">Deutsch</option>' in client.get("/profile/").content.decode()
    client.post("/profile/", PROFILE | {"language": "de"})
    page = client.get("/profile/").content.decode()
    assert '<html lang="de">' in page
    assert "<h1>Profil</h1>" in page
    assert '<option value="de" selected>' in page
    # The next one who is answered by this process reads their own again.
    assert '<html lang="en">' in Client().get("/").content.decode()
    client.post("/profile/", PROFILE | {"language": ""})
    assert '<html lang="en">' in client.get("/profile/").content.decode()
    assert '<html lang="de">' in signed_in(greta, "de").get("/profile/").content.decode()


def test_offers_no_choice_where_there_is_one_language(greta):
    page = signed_in(greta).get("/profile/").content.decode()
    assert 'name="language"' not in page
    signed_in(greta).post("/profile/", PROFILE | {"language": "de"})
    greta.refresh_from_db()
    assert (greta.name, greta.language) == ("Greta", "")


def test_refuses_a_language_that_it_does_not_have(german, greta):
    page = signed_in(greta).post("/profile/", PROFILE | {"language": "fr"}).content.decode()
    assert "Select a valid choice" in page
    with pytest.raises(ValidationError, match="not a language"):
        profile.update_profile(affiliate=greta, **PROFILE, language="fr", now=NOW, by=None)
    assert fields.clean_language("de") == "de"


def test_falls_back_to_the_browser_s_when_a_chosen_language_is_gone(greta):
    Affiliate.objects.filter(pk=greta.pk).update(language="de")
    assert '<html lang="en">' in signed_in(greta).get("/profile/").content.decode()


def test_keeps_the_language_when_a_form_does_not_ask_for_it(german, greta):
    profile.update_profile(affiliate=greta, **PROFILE, language="de", now=NOW, by=None)
    profile.update_profile(affiliate=greta, **(PROFILE | {"name": "Greta G."}), now=NOW, by=None)
    greta.refresh_from_db()
    assert (greta.name, greta.language) == ("Greta G.", "de")


def test_writes_to_affiliates_in_the_language_that_they_chose(german, greta, mailoutbox):
    Message.objects.all().delete()
    profile.update_profile(affiliate=greta, **PROFILE, language="de", now=NOW, by=None)
    greta.refresh_from_db()
    notify(affiliate=greta, kind="reinstated", key="1", context={"clause": "8.2"})
    outbox.queue_email(kind="reinstated", to="english@example.com", key="2", context={"name": "Ada"})
    with translation.override("de"):
        delivery.deliver_due(clock=lambda: datetime.now(UTC))
    written = {mail.to[0]: mail for mail in mailoutbox}
    assert "Guten Tag Greta," in written[greta.user.email].body
    assert '<html lang="de">' in written[greta.user.email].alternatives[0][0]
    assert "Hello Ada," in written["english@example.com"].body
    assert '<html lang="en">' in written["english@example.com"].alternatives[0][0]


def test_tells_each_affiliate_what_changes_in_their_own_language(german, greta, agreement):
    ada = make_affiliate(state=State.ACTIVE, name="Ada")
    Affiliate.objects.filter(pk=greta.pk).update(language="de")
    draft = version_drafts.start_draft(now=timezone.now(), by=None)
    draft.payout_minimum = Decimal("20.00")
    draft.save()
    at = timezone.now() + timedelta(days=20)
    with translation.override("de"):
        publishing.publish_version(agreement=draft, effective_at=at, now=timezone.now(), by=None)
    told = {message.to: message for message in Message.objects.filter(kind="agreement_change")}
    assert told[greta.user.email].context["changes"] == [
        "Mindestauszahlung: 16.00 USD -> 20.00 USD (Nachteil, Klausel 5.4)"
    ]
    assert told[ada.user.email].context["changes"] == ["payout minimum: 16.00 USD -> 20.00 USD (worse for you, clause 5.4)"]


@pytest.mark.parametrize(("asked", "stored"), [("de", "de"), ("fr", "en")])
def test_keeps_the_language_in_which_somebody_applied(german, agreement, asked, stored):
    cache.clear()
    assert send(Client(headers={"accept-language": asked})).status_code == 302
    assert Affiliate.objects.get().language == stored
    assert Message.objects.get(kind="account").language == stored
    assert Message.objects.get(kind="application_received").language == stored
