"""Unsubscribing from optional e-mails by the address in their headers."""

import pytest
from django.conf import settings
from django.core import mail as sent_mail
from django.test import Client
from django.urls import reverse

from affiliates.models import Affiliate
from affiliates.notifications import notify
from audit.models import AuditRecord
from mail import delivery
from mail.models import Message
from mail.rendering import render
from mail.unsubscription import OPT_IN_KINDS, OPTIONAL_KINDS, build_unsubscribe_url
from messaging import sales
from messaging.models import SaleSubscription
from tests.factories import NOW, make_affiliate

pytestmark = pytest.mark.django_db
KINDS = sorted(path.stem for path in (settings.BASE_DIR / "templates" / "mail").glob("*.txt") if path.stem != "layout")


def deliver(kind: str, code: str) -> sent_mail.EmailMultiAlternatives:
    """Send an e-mail whose text is rendered already, and return what the mail server got."""
    message = Message.objects.create(kind=kind, to="ada@example.com", key=kind, context={"code": code}, subject="S")
    assert delivery.deliver(message, connection=sent_mail.get_connection(), clock=lambda: NOW)
    email = sent_mail.outbox.pop()
    assert isinstance(email, sent_mail.EmailMultiAlternatives)
    return email


@pytest.mark.parametrize("kind", KINDS)
def test_optional_emails_alone_carry_the_unsubscribe_headers(kind: str) -> None:
    sent = deliver(kind, "A1").message()
    assert sent["Message-ID"]
    if kind in OPTIONAL_KINDS:
        assert sent["List-Unsubscribe"] == f"<{build_unsubscribe_url(kind, 'A1')}>"
        assert sent["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    else:
        assert not [name for name in sent if name.startswith("List-")]


def test_optional_kinds_exist_and_each_has_a_label_in_the_settings(client: Client) -> None:
    assert set(OPTIONAL_KINDS) <= set(KINDS)
    client.force_login(make_affiliate().user)
    page = client.get(reverse("portal:notifications")).content.decode()
    assert all(f'value="{kind}"' in page for kind in OPTIONAL_KINDS)


def test_body_of_an_optional_email_links_to_the_notification_settings() -> None:
    address = f"{settings.BASE_URL}{reverse('portal:notifications')}"
    context = {"name": "Ada", "code": "A1", "amount": "1.00 USD", "order": "N1"}
    optional = render(kind="first_commission", context=context)
    assert address in optional.text
    assert f'href="{address}"' in optional.html
    legal = render(kind="application_received", context=context)
    assert address not in legal.text + legal.html


@pytest.mark.parametrize("kind", OPTIONAL_KINDS)
def test_address_works_by_post_without_signing_in_or_csrf_token(kind: str) -> None:
    affiliate = make_affiliate()
    client = Client(enforce_csrf_checks=True)
    if kind in OPT_IN_KINDS:
        sales.subscribe(affiliate=affiliate, now=NOW)
    url = build_unsubscribe_url(kind, affiliate.code).removeprefix(settings.BASE_URL)
    # A program that opens the link changes nothing.
    assert "You will no longer get this e-mail:" in client.get(url).content.decode()
    assert client.head(url).status_code == 200
    affiliate.refresh_from_db()
    assert affiliate.muted_kinds == []
    for _repeated in range(2):
        response = client.post(url, {"List-Unsubscribe": "One-Click"})
        assert response.status_code == 200
        assert "You no longer get this e-mail:" in response.content.decode()
    affiliate.refresh_from_db()
    record = AuditRecord.objects.get(action="notifications changed")
    assert record.reason == "Unsubscribed by the address in an e-mail."
    assert not SaleSubscription.objects.exists()
    if kind in OPT_IN_KINDS:
        assert (record.before, record.after) == ({"muted": "", kind: True}, {"muted": ""})
        return
    assert affiliate.muted_kinds == [kind]
    assert record.after == {"muted": kind}
    notify(affiliate=affiliate, kind=kind, key="1")
    assert not Message.objects.filter(kind=kind).exists()


def test_second_unsubscription_keeps_the_first() -> None:
    affiliate = make_affiliate()
    for kind in OPTIONAL_KINDS:
        Client().post(build_unsubscribe_url(kind, affiliate.code).removeprefix(settings.BASE_URL))
    affiliate.refresh_from_db()
    assert affiliate.muted_kinds == sorted(set(OPTIONAL_KINDS) - set(OPT_IN_KINDS))


def test_forged_foreign_and_legal_tokens_are_not_found(client: Client) -> None:
    affiliate = make_affiliate()
    good = build_unsubscribe_url("month_closed", affiliate.code).split("/")[-2]
    legal = build_unsubscribe_url("payout_failed", affiliate.code).split("/")[-2]
    unknown = build_unsubscribe_url("month_closed", "NOBODY").split("/")[-2]
    for token in (good[:-1] + ("A" if good[-1] != "A" else "B"), "x", ":", "e30:x", legal, unknown, good + "\u00e9"):
        url = reverse("portal:unsubscribe", args=[token])
        assert (client.get(url).status_code, client.post(url).status_code) == (404, 404), token
    assert not Affiliate.objects.exclude(muted_kinds=[]).exists()
