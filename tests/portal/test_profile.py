"""The profile, notifications, and leaving the program."""

import re

import pytest
import time_machine
from django.utils import timezone

from affiliates.models import Affiliate, State
from audit.models import AuditRecord
from mail.models import Message
from mail.rendering import render
from mail.unsubscription import OPTIONAL_KINDS
from messaging.models import SaleSubscription


def test_change_is_audited_without_the_name(affiliate_factory, client_for):
    affiliate = affiliate_factory(name="Greta Gardener")
    client = client_for(affiliate.user)
    response = client.post("/profile/", {"name": "Greta G.", "country": "FR", "time_zone": "Europe/Paris"})
    assert response.status_code == 302
    affiliate.refresh_from_db()
    assert (affiliate.name, affiliate.country, affiliate.time_zone) == ("Greta G.", "FR", "Europe/Paris")
    record = AuditRecord.objects.get(action="profile changed")
    assert record.after == {"fields": "country, name, time_zone", "country": "FR", "time_zone": "Europe/Paris"}
    assert "Greta" not in str(record.after)


@pytest.mark.parametrize(
    ("change", "cause"),
    [
        ({"name": "  "}, "This field is required."),
        ({"name": "a\u0000b"}, "Null characters are not allowed"),
        ({"name": "a\u0007b"}, "ontrol character"),
        ({"country": "Atlantis"}, "Select a valid choice"),
        ({"time_zone": "Mars/Olympus"}, "Select a valid choice"),
    ],
)
def test_invalid_field_is_reported_and_stores_nothing(affiliate_factory, client_for, change, cause):
    affiliate = affiliate_factory(name="Greta Gardener")
    form = {"name": "Other", "country": "FR", "time_zone": "UTC"} | change
    response = client_for(affiliate.user).post("/profile/", form)
    assert response.status_code == 200
    assert cause in response.content.decode()
    affiliate.refresh_from_db()
    assert affiliate.name == "Greta Gardener"


def test_pages_show_times_in_the_program_time_zone_whatever_zone_is_chosen(affiliate_factory, client_for):
    affiliate = affiliate_factory()
    client = client_for(affiliate.user)
    client.post("/profile/", {"name": "G", "country": "JP", "time_zone": "Asia/Tokyo"})
    client.post("/profile/data/erase/", {"sure": "on"})
    page = client.get("/profile/data/").content.decode()
    assert " UTC" in page
    assert "JST" not in page


def test_optional_mail_is_turned_off_and_on(affiliate_factory, client_for):
    affiliate = affiliate_factory()
    client = client_for(affiliate.user)
    client.post("/profile/notifications/", {"wanted": ["month_closed", "weekly_digest", "announcement"]})
    affiliate.refresh_from_db()
    assert affiliate.muted_kinds == ["first_commission", "target_at_risk"]
    assert not SaleSubscription.objects.exists()
    client.post("/profile/notifications/", {"wanted": OPTIONAL_KINDS})
    affiliate.refresh_from_db()
    assert affiliate.muted_kinds == []
    assert SaleSubscription.objects.filter(affiliate=affiliate).exists()


def test_emails_about_each_sale_alone_are_off_at_first(affiliate_factory, client_for):
    page = client_for(affiliate_factory().user).get("/profile/notifications/").content.decode()
    checked = re.findall(r'value="(\w+)"[^>]*\schecked', page)
    assert sorted(checked) == sorted(set(OPTIONAL_KINDS) - {"sale"})


def test_legal_notice_cannot_be_turned_off(affiliate_factory, client_for):
    response = client_for(affiliate_factory().user).post("/profile/notifications/", {"wanted": ["review_opened"]})
    assert response.status_code == 200
    assert "Select a valid choice" in response.content.decode()


def test_leaving_needs_a_confirmation(affiliate_factory, client_for):
    affiliate = affiliate_factory()
    client = client_for(affiliate.user)
    assert client.post("/profile/leave/", {"reason": ""}).status_code == 200
    affiliate.refresh_from_db()
    assert affiliate.state == State.ACTIVE
    assert client.post("/profile/leave/", {"sure": "on"}).status_code == 302
    affiliate.refresh_from_db()
    assert affiliate.state == State.LEAVING
    assert Message.objects.filter(to=affiliate.user.email, kind__contains="leav").exists()


def test_leave_page_says_what_happens_when(affiliate_factory, client_for):
    """The notice period is 30 days of 24 hours."""
    affiliate = affiliate_factory()
    with time_machine.travel("2026-11-22T12:00:00Z", tick=False):
        html = read_text(client_for(affiliate.user).get("/profile/leave/"))
    assert "At once: your links and coupons stop" in html
    assert "Until 22 Dec 2026, 12:00 UTC: you can take it back" in html
    assert "After 22 Dec 2026, 12:00 UTC: your agreement ends" in html
    assert "clause 10.1" in html
    # The notice period of 10.2 is that of the program.
    assert "clause 10.2" not in html
    for text in (
        "Your balance is 0.00 USD.",
        "Commissions of 0.00 USD",
        "The next monthly close does not pay your balance",
        "It carries over 0.00 USD as of today, because:",
        "16.00 USD more to reach the payout threshold.",
        "Payout details are missing.",
        "From then on the payout threshold no longer applies",
    ):
        assert text in html


def test_leaving_is_taken_back_with_a_button(affiliate_factory, client_for):
    affiliate = affiliate_factory()
    client = client_for(affiliate.user)
    client.post("/profile/leave/", {"sure": "on"})
    for address in ("/home/", "/profile/leave/"):
        html = read_text(client.get(address))
        assert "You left the program on" in html
        assert "You can change your mind and stay until" in html
        assert "/profile/leave/take-back/" in client.get(address).content.decode()
    response = client.post("/profile/leave/take-back/", follow=True)
    assert "You stay in the program." in response.content.decode()
    affiliate.refresh_from_db()
    assert (affiliate.state, affiliate.notice_ends_at) == (State.ACTIVE, None)
    record = AuditRecord.objects.filter(action="affiliate active").latest("at")
    assert (record.by, record.before, record.after["state"]) == (affiliate.user, {"state": "leaving"}, "active")
    message = Message.objects.get(kind="leaving_taken_back")
    assert "You are active again" in render(kind=message.kind, context=message.context).text
    response = client.post("/profile/leave/take-back/", follow=True)
    assert "there is nothing to take back" in response.content.decode()


def test_leaving_cannot_be_taken_back_after_the_notice(affiliate_factory, client_for):
    affiliate = affiliate_factory()
    client = client_for(affiliate.user)
    client.post("/profile/leave/", {"sure": "on"})
    Affiliate.objects.update(notice_ends_at=timezone.now())
    html = client.get("/home/").content.decode()
    assert "/profile/leave/take-back/" not in html
    assert "Your agreement ended on" in html
    response = client.post("/profile/leave/take-back/", follow=True)
    assert "You could take back that you leave until" in response.content.decode()
    affiliate.refresh_from_db()
    assert affiliate.state == State.LEAVING


def read_text(response) -> str:
    """Return a page's words without its tags."""
    return " ".join(re.sub(r"<[^>]*>", " ", response.content.decode()).split()).replace(" :", ":")
