"""The page of notifications: every e-mail to an affiliate, and the announcements."""

from datetime import timedelta

import pytest
from django.conf import settings
from django.urls import reverse

from affiliates.notifications import notify
from mail import outbox
from mail.models import Message
from messaging import announcements, notifications
from messaging.models import AnnouncementReceipt
from tests.factories import NOW, make_affiliate, make_staff

pytestmark = pytest.mark.django_db


@pytest.fixture
def affiliate():
    """An affiliate who has read all e-mails so far."""
    affiliate = make_affiliate()
    Message.objects.update(read_at=NOW)
    return affiliate


def announce(number=1):
    by, announcement = make_staff("affiliate managers"), None
    for _number in range(number):
        answers = {"subject": "The spring catalog", "text": "It is online.\n\nhttps://elsewhere.example/"}
        announcement = announcements.save_draft(announcement=None, answers=answers, now=NOW, by=by)
        announcements.send(announcement=announcement, now=NOW, by=by)
    announcements.deliver_batches(now=NOW)
    assert announcement is not None
    return announcement


def send_mail(affiliate, key="1", kind="target_met"):
    notify(affiliate=affiliate, kind=kind, key=key, context={"clause": "7.1", "target_orders": 3, "period": "180 days"})


def test_emails_and_announcements_are_listed_with_an_unread_count(affiliate, client):
    send_mail(affiliate)
    announce()
    assert notifications.count_unread(affiliate) == 2, "the e-mail of the announcement does not count twice"
    client.force_login(affiliate.user)
    page = client.get(reverse("messaging:notifications")).content.decode()
    assert page.count('class="unread"') == 2
    assert "The spring catalog" in page
    assert '<span class="count-badge">2' in page


def test_email_that_waits_for_the_mail_server_is_listed(affiliate):
    send_mail(affiliate)
    newest = max(notifications.get_page(affiliate, "").rows, key=lambda row: row.at)
    assert newest.subject
    outbox.archive(now=NOW)
    assert newest.subject in {row.subject for row in notifications.get_page(affiliate, "").rows}


def test_opening_marks_as_read_and_links_to_where_one_can_act(affiliate, client):
    send_mail(affiliate, kind="first_commission")
    email = Message.objects.get(kind="first_commission")
    client.force_login(affiliate.user)
    page = client.get(reverse("messaging:notification", args=[email.pk])).content.decode()
    assert f'href="{reverse("payouts:commissions")}"' in page
    assert "View my commissions" in page
    assert "Congratulations!" in page
    assert settings.BASE_URL + reverse("payouts:commissions") not in page
    email.refresh_from_db()
    assert email.read_at is not None
    assert notifications.count_unread(affiliate) == 0


def test_sign_in_links_are_never_shown(affiliate, client):
    outbox.queue_email(
        kind="account",
        to=affiliate.email,
        key="a",
        context={"subject": "Reset", "text": "https://x.example/reset"},
        language="",
        user=affiliate.user,
    )
    Message.objects.filter(key="a").update(subject="Reset your password", text=f"Go:\n{settings.BASE_URL}/reset/key/")
    client.force_login(affiliate.user)
    email = Message.objects.get(key="a")
    page = client.get(reverse("messaging:notification", args=[email.pk])).content.decode()
    assert "Reset your password" in page
    assert "/reset/" not in page


def test_announcement_is_opened_by_its_readers_only(affiliate, client):
    announcement = announce()
    url = reverse("messaging:announcement", args=[announcement.pk])
    client.force_login(make_affiliate().user)
    assert client.get(url).status_code == 404
    client.force_login(affiliate.user)
    page = client.get(url).content.decode()
    assert "It is online." in page
    assert 'href="https://elsewhere.example' not in page
    assert AnnouncementReceipt.objects.get(affiliate=affiliate).read_at is not None


def test_all_are_marked_as_read_at_once(affiliate, client):
    other = make_affiliate()
    send_mail(affiliate)
    send_mail(other, "2")
    announce()
    client.force_login(affiliate.user)
    assert client.post(reverse("messaging:mark_all_read")).status_code == 302
    assert notifications.count_unread(affiliate) == 0
    assert notifications.count_unread(other) >= 2
    assert 'class="unread"' not in client.get(reverse("messaging:notifications")).content.decode()


def test_pages_follow_each_other_without_a_gap(affiliate, client, monkeypatch):
    monkeypatch.setattr(notifications, "PAGE_SIZE", 3)
    for number in range(4):
        send_mail(affiliate, str(number))
    announce(3)
    AnnouncementReceipt.objects.update(received_at=NOW)
    Message.objects.filter(kind="target_met").update(created_at=NOW)
    Message.objects.exclude(kind="target_met").update(created_at=NOW - timedelta(days=1))
    seen, cursor = [], ""
    while True:
        page = notifications.get_page(affiliate, cursor)
        seen += [row.pk for row in page.rows]
        if not page.next_cursor:
            break
        cursor = page.next_cursor
    expected = {*notifications.list_emails(affiliate).values_list("pk", flat=True)}
    expected |= {*AnnouncementReceipt.objects.filter(affiliate=affiliate).values_list("pk", flat=True)}
    assert len(seen) == len(set(seen))
    assert set(seen) == expected
    client.force_login(affiliate.user)
    for after in ("x", "2026-01-01~x", "2026-01-01T00:00:00~" + str(seen[0])):
        assert client.get(reverse("messaging:notifications"), {"after": after}).status_code == 200


def test_count_costs_one_query(affiliate, client, django_assert_num_queries):
    Message.objects.bulk_create(
        Message(kind="a", to="a@example.com", user=affiliate.user, key=f"bulk:{number}", language="")
        for number in range(120)
    )
    with django_assert_num_queries(1):
        assert notifications.count_unread(affiliate) == 120
    client.force_login(affiliate.user)
    assert '<span class="count-badge">99+' in client.get("/messages/").content.decode()
