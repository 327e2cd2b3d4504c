"""The gallery of all e-mails, and what every e-mail has in common."""

import re
from html.parser import HTMLParser

import pytest
from django.conf import settings
from django.test import Client, override_settings
from django.urls import NoReverseMatch, include, path, reverse
from django.utils.html import escape

from config import urls
from mail.models import Message
from portal.mail_gallery.examples import Example, list_examples

urlpatterns = [
    *urls.urlpatterns,
    path("dev/mail/gallery/", include("portal.mail_gallery.pages")),
    path("dev/mail/", include("mail.dev_pages")),
]
pytestmark = pytest.mark.django_db
TEMPLATES = {path.stem for path in (settings.BASE_DIR / "templates" / "mail").glob("*.txt")} - {"layout"}
MISSING = "MISSING:"
# Leftovers of values that were empty, and of templates.
GAPS = re.compile(r"\(clause \)|clause  |\{[{%]|%\(|\bNone\b(?! of your)|  +\S|\(\)| ,| \.(?:\s|$)|\u2192|->")


MAIL_LINKS = {"mailto:help@garden.example", settings.BASE_URL + "/", settings.BASE_URL}


def strip_punctuation(words: list[str]) -> set[str]:
    return {word.strip(".,:;-") for word in words}


class VisibleText(HTMLParser):
    """Collects the visible text of an e-mail, and the addresses of its links."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.words: list[str] = []
        self.links: list[str] = []
        self.hidden = 0
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        style = dict(attrs).get("style") or ""
        if tag in {"style", "title"} or "display:none" in style:
            self.hidden += 1
        self.links += [value for name, value in attrs if name == "href" and value]

    def handle_endtag(self, tag: str) -> None:
        if self.hidden and tag in {"style", "title", "div"}:
            self.hidden -= 1

    def handle_data(self, data: str) -> None:
        if not self.hidden:
            self.words += data.split()


@pytest.fixture
def examples(agreement, settings) -> list[Example]:
    """Every example; a variable that is missing in its context becomes visible."""
    engine = dict(settings.TEMPLATES[0])
    settings.TEMPLATES = [engine | {"OPTIONS": engine["OPTIONS"] | {"string_if_invalid": f"{MISSING}%s"}}]
    settings.PROGRAM_NAME, settings.CONTACT_EMAIL = "Garden affiliates", "help@garden.example"
    return list_examples()


def test_gallery_has_every_kind_and_every_account_email(examples):
    assert {example.kind for example in examples} == TEMPLATES
    prefixes = [
        path
        for app in ("account", "mfa")
        for path in (settings.BASE_DIR / f"templates/{app}/email").glob("*_subject.txt")
    ]
    assert len([example for example in examples if example.kind == "account"]) == len(prefixes)
    assert len({example.slug for example in examples}) == len(examples)


def test_every_email_is_complete(examples):
    for example in examples:
        mail = example.render()
        named = (example.kind, example.variant)
        assert mail.subject[:1].isupper() or mail.subject[:1].isdigit(), named
        assert len(mail.subject) <= 120, (named, mail.subject)
        assert MISSING not in mail.subject + mail.text + mail.html, (named, mail.text)
        assert not GAPS.search(re.sub(r"^ +", "", mail.text, flags=re.MULTILINE)), (named, mail.text)
        for text in (mail.text, mail.html):
            assert "Garden affiliates" in text, named
            assert "help@garden.example" in text, named
            assert settings.BASE_URL in text, named


def test_every_email_greets_then_begins_with_a_capital(examples):
    for example in examples:
        mail = example.render()
        greeting, news, *_rest = mail.text.split("\n\n")
        assert re.fullmatch(r"Hello(?: Ben Ortega)?,", greeting), (example.kind, greeting)
        assert re.match(r"[A-Z0-9]", news), (example.kind, example.variant, news)


def test_every_email_has_a_preheader_that_is_not_its_subject(examples):
    for example in examples:
        mail = example.render()
        assert f">{escape(mail.preheader)}&zwnj;" in mail.html, example.kind
        assert len(mail.preheader) > 20, (example.kind, mail.preheader)
        assert not mail.preheader.startswith(("Hello", mail.subject)), (example.kind, mail.preheader)


def test_text_and_html_say_the_same(examples):
    for example in examples:
        mail = example.render()
        visible = VisibleText(mail.html)
        text = strip_punctuation([*mail.subject.split(), *mail.text.split()])
        shown = strip_punctuation([*visible.words, *visible.links])
        # The footers differ, and the first column of a table has no name in text.
        assert shown - text <= {"the", "affiliate", "program", "at", "Turn", "off", "Term"} | MAIL_LINKS, example.kind
        assert text - shown <= {"", "You", "can", "turn"}, example.kind


def test_every_email_is_made_for_light_and_dark_screens(examples):
    html = examples[0].render().html
    assert '<meta name="color-scheme" content="light dark">' in html
    assert "@media (prefers-color-scheme: dark)" in html


def test_gallery_does_not_exist_without_debug(client: Client):
    with pytest.raises(NoReverseMatch):
        reverse("mail_gallery:list")
    assert client.get("/dev/mail/gallery/").status_code == 404


@override_settings(ROOT_URLCONF=__name__)
def test_pages_show_every_example_and_queue_nothing(agreement, client: Client):
    assert "/dev/mail/gallery/" in client.get("/dev/mail/").content.decode()
    page = client.get("/dev/mail/gallery/").content.decode()
    assert all(f'href="/dev/mail/gallery/{example.slug}/"' in page for example in list_examples())
    response = client.get("/dev/mail/gallery/month_closed-paid/")
    assert response.content.decode().count('src="/dev/mail/gallery/month_closed-paid/html/"') == 2
    assert "frame-src 'self'" in response.headers["Content-Security-Policy"]
    html = client.get("/dev/mail/gallery/month_closed-paid/html/")
    assert "1,274.19 USD" in html.content.decode()
    assert "script-src 'none'" in html.headers["Content-Security-Policy"]
    text = client.get("/dev/mail/gallery/month_closed-paid/text/")
    assert (text.headers["Content-Type"], "- Payout: 1,274.19 USD" in text.content.decode()) == (
        "text/plain; charset=utf-8",
        True,
    )
    assert client.get("/dev/mail/gallery/unknown/").status_code == 404
    assert not Message.objects.exists()
