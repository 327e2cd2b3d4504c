"""Pages and e-mails in another language, once its message catalog is compiled."""

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from allauth.account.models import EmailAddress
from django.core.cache import cache
from django.core.exceptions import ValidationError
from django.test import Client
from django.utils import timezone, translation

from affiliates import fields, profile
from affiliates.models import Affiliate, State
from affiliates.notifications import notify
from agreements import declines, promotions, publishing, version_drafts
from compliance.offboarding import termination
from config import language_catalogs
from mail import delivery, outbox, rendering
from mail.models import Message
from payouts.payout_details import details
from portal import erasure
from portal.account_changes import acknowledge_application
from portal.affiliate_import.affiliate_import import PaperAcceptance, import_affiliates, read_file
from tests.factories import make_affiliate
from tests.portal import message_catalog
from tests.portal.test_apply import apply

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
WORDS = {
    "Profile": "Profil",
    "Profile saved.": "Ihr Profil ist gespeichert.",
    "Skip to content": "Zum Inhalt",
    "Hello %(name)s,": "Guten Tag %(name)s,",
    "payout minimum": "Mindestauszahlung",
    "worse for you": "Nachteil",
    "%(effect)s, clause %(clause)s": "%(effect)s, Klausel %(clause)s",
}
PROFILE = {"name": "Greta", "country": "FR", "time_zone": "Europe/Paris"}


@pytest.fixture
def german(settings, tmp_path: Path) -> None:
    message_catalog.write_catalog(tmp_path, "de", WORDS)
    settings.LOCALE_PATHS = [tmp_path]
    settings.LANGUAGES = language_catalogs.list_languages(tmp_path)


@pytest.fixture
def greta(agreement) -> Affiliate:
    return make_affiliate(state=State.ACTIVE, name="Greta")


def render_message(message: Message) -> str:
    return rendering.render(kind=message.kind, context=message.context, language=message.language).text


def sign_in(affiliate: Affiliate, language: str = "en") -> Client:
    client = Client(headers={"accept-language": language})
    client.force_login(affiliate.user)
    return client


def test_languages_are_those_with_a_compiled_catalog(tmp_path):
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


def test_visitor_gets_the_language_of_the_browser(german, agreement):
    response = Client().get("/", headers={"accept-language": "de-CH,de;q=0.9,en;q=0.5"})
    assert "Zum Inhalt" in response.content.decode()
    assert '<html lang="de">' in response.content.decode()
    assert response.headers["Content-Language"] == "de"
    assert "Accept-Language" in response.headers["Vary"]
    french = Client().get("/", headers={"accept-language": "fr"})
    assert '<html lang="en">' in french.content.decode()


def test_affiliate_gets_the_language_of_the_profile(german, greta):
    client = sign_in(greta, "en")
    assert '<option value="de">Deutsch</option>' in client.get("/profile/").content.decode()
    client.post("/profile/", PROFILE | {"language": "de"})
    page = client.get("/profile/").content.decode()
    assert '<html lang="de">' in page
    assert "<h1>Profil</h1>" in page
    assert '<option value="de" selected>' in page
    # The language does not leak into the next request of the process.
    assert '<html lang="en">' in Client().get("/").content.decode()
    client.post("/profile/", PROFILE | {"language": ""})
    assert '<html lang="en">' in client.get("/profile/").content.decode()
    assert '<html lang="de">' in sign_in(greta, "de").get("/profile/").content.decode()


def test_profile_has_no_language_field_with_one_language(greta):
    page = sign_in(greta).get("/profile/").content.decode()
    assert 'name="language"' not in page
    sign_in(greta).post("/profile/", PROFILE | {"language": "de"})
    greta.refresh_from_db()
    assert (greta.name, greta.language) == ("Greta", "")


def test_unknown_language_is_rejected(german, greta):
    page = sign_in(greta).post("/profile/", PROFILE | {"language": "fr"}).content.decode()
    assert "Select a valid choice" in page
    with pytest.raises(ValidationError, match="not a language"):
        profile.update_profile(affiliate=greta, **PROFILE, language="fr", now=NOW, by=None)
    assert fields.clean_language("de") == "de"


def test_removed_language_falls_back_to_the_browser(greta):
    Affiliate.objects.filter(pk=greta.pk).update(language="de")
    assert '<html lang="en">' in sign_in(greta).get("/profile/").content.decode()


def test_language_is_kept_if_the_form_has_no_language_field(german, greta):
    profile.update_profile(affiliate=greta, **PROFILE, language="de", now=NOW, by=None)
    profile.update_profile(affiliate=greta, **(PROFILE | {"name": "Greta G."}), now=NOW, by=None)
    greta.refresh_from_db()
    assert (greta.name, greta.language) == ("Greta G.", "de")


def test_mail_is_sent_in_the_chosen_language(german, greta, mailoutbox):
    Message.objects.all().delete()
    profile.update_profile(affiliate=greta, **PROFILE, language="de", now=NOW, by=None)
    greta.refresh_from_db()
    notify(affiliate=greta, kind="reinstated", key="1", context={"clause": "8.2"})
    outbox.queue_email(kind="reinstated", to="english@example.com", key="2", context={"name": "Ada"}, language="")
    with translation.override("de"):
        delivery.deliver_due(clock=lambda: datetime.now(UTC))
    mails = {mail.to[0]: mail for mail in mailoutbox}
    assert "Guten Tag Greta," in mails[greta.user.email].body
    assert '<html lang="de">' in mails[greta.user.email].alternatives[0][0]
    assert "Hello Ada," in mails["english@example.com"].body
    assert '<html lang="en">' in mails["english@example.com"].alternatives[0][0]


def test_notice_of_changes_is_in_the_language_of_each_affiliate(german, greta, agreement):
    ada = make_affiliate(state=State.ACTIVE, name="Ada")
    Affiliate.objects.filter(pk=greta.pk).update(language="de")
    draft = version_drafts.start_draft(now=timezone.now(), by=None)
    draft.payout_minimum = Decimal("20.00")
    draft.save()
    at = timezone.now() + timedelta(days=20)
    with translation.override("de"):
        publishing.publish_version(agreement=draft, effective_at=at, now=timezone.now(), by=None)
    messages = {message.to: message for message in Message.objects.filter(kind="agreement_change")}
    change = {"old": "16.00 USD", "new": "20.00 USD", "clause": "5.4"}
    assert messages[greta.user.email].context["changes"] == [
        change | {"label": "Mindestauszahlung", "effect": "Nachteil"}
    ]
    assert "Nachteil, Klausel 5.4" in render_message(messages[greta.user.email])
    assert messages[ada.user.email].context["changes"] == [
        change | {"label": "payout minimum", "effect": "worse for you"}
    ]
    assert "- Payout minimum\n  Before: 16.00 USD\n  After: 20.00 USD\n" in render_message(messages[ada.user.email])


@pytest.mark.parametrize(("requested", "stored"), [("de", "de"), ("fr", "en")])
def test_language_of_the_application_is_stored(german, agreement, requested, stored):
    cache.clear()
    assert apply(Client(headers={"accept-language": requested})).status_code == 302
    assert Affiliate.objects.get().language == stored
    assert Message.objects.get(kind="account").language == stored
    acknowledge_application(EmailAddress.objects.get())
    assert not Message.objects.filter(kind="application_received").exists(), "the address is not confirmed"
    EmailAddress.objects.update(verified=True)
    acknowledge_application(EmailAddress.objects.get())
    received = Message.objects.get(kind="application_received")
    assert (received.language, received.context["clause"]) == (stored, "1.2 of version 1")


def test_account_mail_is_in_the_language_of_the_profile(german, greta, agreement):
    """The browser asks for English, but Greta has chosen German."""
    cache.clear()
    Affiliate.objects.filter(pk=greta.pk).update(language="de")
    Client(headers={"accept-language": "en"}).post("/accounts/password/reset/", {"email": greta.user.email})
    assert Message.objects.get(kind="account", to=greta.user.email).language == "de"


def test_words_and_dates_do_not_follow_the_language_of_the_trigger(settings, tmp_path, affiliate_factory, agreement):
    """Django's own catalog has the names of the months in Russian; Ada has chosen no language, so she reads English."""
    message_catalog.write_catalog(tmp_path, "ru", {"PayPal": "слово", "Your notice runs until %(at)s.": "слово"})
    settings.LOCALE_PATHS = [tmp_path]
    ada, now = affiliate_factory(), timezone.now()
    draft = version_drafts.start_draft(now=now, by=None)
    draft.payout_minimum = Decimal("20.00")
    draft.save()
    Message.objects.all().delete()
    with translation.override("ru"):
        version = publishing.publish_version(agreement=draft, effective_at=now + timedelta(days=20), now=now, by=None)
        declines.record_decline(affiliate=ada, agreement=version, now=now, by=None)
        ends_at = now + timedelta(days=5)
        promotions.create_promotion(
            name="May", rate=Decimal("8.50"), categories=[], affiliates=[], starts_at=now, ends_at=ends_at, now=now,
            by=None,
        )  # fmt: skip
        details.change_details(
            affiliate=ada, method="paypal", account="ada@example.com", holder="Ada", now=now, by=ada.user
        )
        termination.leave_program(affiliate=ada, now=now, by=ada.user)
        erasure.request_erasure(affiliate=ada, now=now, by=ada.user)
        paper = PaperAcceptance(now - timedelta(days=1), "signed paper")
        file = read_file(b"code,email,name,country\nBO,bo@example.com,Bo,GB\n")
        import_affiliates(file=file, paper=paper, now=now, by=None)
    kinds = {"agreement_change", "agreement_declined", "promotion", "payout_details_changed", "leaving_confirmed"}
    kinds |= {"deletion_requested", "account_imported", "agreement_recorded"}
    messages = list(Message.objects.all())
    assert kinds <= {message.kind for message in messages}
    for message in messages:
        assert not re.search("[а-я]", str(message.context)), (message.kind, message.context)
