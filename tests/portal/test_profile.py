"""The profile, notifications, and leaving the program."""

import pytest

from affiliates.models import State
from audit.models import AuditRecord
from mail.models import Message


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


def test_pages_show_times_in_the_chosen_zone(affiliate_factory, client_for):
    affiliate = affiliate_factory()
    client = client_for(affiliate.user)
    client.post("/profile/", {"name": "G", "country": "JP", "time_zone": "Asia/Tokyo"})
    client.post("/profile/data/erase/", {"sure": "on"})
    assert "JST" in client.get("/profile/data/").content.decode()


def test_optional_mail_is_turned_off_and_on(affiliate_factory, client_for):
    affiliate = affiliate_factory()
    client = client_for(affiliate.user)
    client.post("/profile/notifications/", {"wanted": ["month_closed"]})
    affiliate.refresh_from_db()
    assert affiliate.muted_kinds == ["first_commission", "target_at_risk"]
    client.post("/profile/notifications/", {"wanted": ["month_closed", "first_commission", "target_at_risk"]})
    affiliate.refresh_from_db()
    assert affiliate.muted_kinds == []


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
