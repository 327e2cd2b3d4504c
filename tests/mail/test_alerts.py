"""E-mail alerts to staff."""

import pytest

from mail.alerts import alert_staff
from mail.models import Message
from tests.factories import make_staff

pytestmark = pytest.mark.django_db


def test_alert_goes_to_configured_addresses(settings) -> None:
    settings.STAFF_ALERT_EMAILS = ["a@example.com", "b@example.com", "a@example.com"]
    make_staff(superuser=True)
    alert_staff(kind="a_test", key="1", context={"count": 3})
    assert sorted(Message.objects.values_list("to", "context__count")) == [("a@example.com", 3), ("b@example.com", 3)]


def test_alert_goes_to_active_superusers_without_configured_addresses(settings) -> None:
    settings.STAFF_ALERT_EMAILS = []
    active, inactive = make_staff(superuser=True), make_staff(superuser=True)
    inactive.is_active = False
    inactive.save()
    make_staff("payout approvers")
    alert_staff(kind="a_test", key="1")
    assert list(Message.objects.values_list("to", flat=True)) == [active.email]


def test_alert_is_queued_once_per_key(settings) -> None:
    settings.STAFF_ALERT_EMAILS = ["a@example.com"]
    alert_staff(kind="a_test", key="1")
    alert_staff(kind="a_test", key="1")
    alert_staff(kind="a_test", key="2")
    assert Message.objects.count() == 2
