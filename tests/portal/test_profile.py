"""A profile"""

import pytest

from affiliates.models import State
from audit.models import AuditRecord
from mail.models import Message


def test_is_changed_and_the_trail_says_what_but_for_the_name(affiliate_factory, client_for):
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
def test_is_refused_by_field_with_the_cause(affiliate_factory, client_for, change, cause):
    affiliate = affiliate_factory(name="Greta Gardener")
    form = {"name": "Other", "country": "FR", "time_zone": "UTC"} | change
    response = client_for(affiliate.user).post("/profile/", form)
    assert response.status_code == 200
    assert cause in response.content.decode()
    affiliate.refresh_from_db()
    assert affiliate.name == "Greta Gardener"


def test_shows_times_in_the_zone_that_was_chosen(affiliate_factory, client_for):
    affiliate = affiliate_factory()
    client = client_for(affiliate.user)
    client.post("/profile/", {"name": "G", "country": "JP", "time_zone": "Asia/Tokyo"})
    client.post("/profile/data/erase/", {"sure": "on"})
    assert "JST" in client.get("/profile/data/").content.decode()


def test_switches_optional_mail_off_and_on(affiliate_factory, client_for):
    affiliate = affiliate_factory()
    client = client_for(affiliate.user)
    client.post("/profile/notifications/", {"wanted": ["month_closed"]})
    affiliate.refresh_from_db()
    assert affiliate.muted_kinds == ["first_commission", "target_at_risk"]
    client.post("/profile/notifications/", {"wanted": ["month_closed", "first_commission", "target_at_risk"]})
    affiliate.refresh_from_db()
    assert affiliate.muted_kinds == []


def test_never_switches_a_legal_notice_off(affiliate_factory, client_for):
    response = client_for(affiliate_factory().user).post("/profile/notifications/", {"wanted": ["review_opened"]})
    assert response.status_code == 200
    assert "Select a valid choice" in response.content.decode()


def test_lets_somebody_leave_who_says_so_twice(affiliate_factory, client_for):
    affiliate = affiliate_factory()
    client = client_for(affiliate.user)
    assert client.post("/profile/leave/", {"reason": ""}).status_code == 200
    affiliate.refresh_from_db()
    assert affiliate.state == State.ACTIVE
    assert client.post("/profile/leave/", {"sure": "on"}).status_code == 302
    affiliate.refresh_from_db()
    assert affiliate.state == State.LEAVING
    assert Message.objects.filter(to=affiliate.user.email, kind__contains="leav").exists()
