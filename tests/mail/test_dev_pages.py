"""Sent e-mails in the browser, while DEBUG is on."""

import pytest
from django.test import override_settings
from django.urls import NoReverseMatch, include, path, reverse
from django.utils import timezone

from config import urls
from mail.models import Message

urlpatterns = [
    *urls.urlpatterns,
    path("dev/mail/gallery/", include("portal.mail_gallery.pages")),
    path("dev/mail/", include("mail.dev_pages")),
]

pytestmark = pytest.mark.django_db


def send(to="ann@example.com", state="sent"):
    sent_at = timezone.now() if state == "sent" else None
    return Message.objects.create(
        kind="welcome",
        to=to,
        key=to,
        state=state,
        sent_at=sent_at,
        subject="Confirm <your> address",
        text="Open this:\nhttp://localhost/x",
        html="<html><head></head><body><p style='color:red'>Open <a href='/x'>this</a></p></body></html>",
    )


def test_pages_do_not_exist_without_debug(client):
    with pytest.raises(NoReverseMatch):
        reverse("dev_mail:list")
    assert client.get("/dev/mail/").status_code == 404


@override_settings(ROOT_URLCONF=__name__)
def test_sent_emails_are_listed_and_shown_as_html_and_text(client):
    message, waiting = send(), send("bob@example.com", "waiting")
    page = client.get("/dev/mail/").content.decode()
    assert "ann@example.com" in page
    assert "Confirm &lt;your&gt; address" in page
    assert "bob@example.com" not in page
    response = client.get(f"/dev/mail/{message.pk}/")
    assert "http://localhost/x" in response.content.decode()
    assert f'src="/dev/mail/{message.pk}/html/"' in response.content.decode()
    assert "frame-src 'self'" in response.headers["Content-Security-Policy"]
    assert client.get(f"/dev/mail/{waiting.pk}/").status_code == 404


@override_settings(ROOT_URLCONF=__name__)
def test_html_may_be_framed_by_its_page_alone_and_runs_no_script(client):
    response = client.get(f"/dev/mail/{send().pk}/html/")
    assert '<base target="_top">' in response.content.decode()
    policy = response.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'self'" in policy
    assert "script-src 'none'" in policy
    assert response.headers["X-Frame-Options"] == "SAMEORIGIN"
