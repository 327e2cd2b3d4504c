"""An alert to staff ..."""

import pytest

from mail.alerts import alert_staff
from mail.models import Message
from tests.factories import make_staff

pytestmark = pytest.mark.django_db


def test_goes_to_the_addresses_from_the_settings(settings) -> None:
    settings.STAFF_ALERT_EMAILS = ["a@example.com", "b@example.com", "a@example.com"]
    make_staff(superuser=True)
    alert_staff(kind="a_test", key="1", context={"count": 3})
    assert sorted(Message.objects.values_list("to", "context__count")) == [("a@example.com", 3), ("b@example.com", 3)]


def test_goes_to_every_active_superuser_where_no_address_is_set(settings) -> None:
    settings.STAFF_ALERT_EMAILS = []
    here, gone = make_staff(superuser=True), make_staff(superuser=True)
    gone.is_active = False
    gone.save()
    make_staff("payout approvers")
    alert_staff(kind="a_test", key="1")
    assert list(Message.objects.values_list("to", flat=True)) == [here.email]


def test_is_sent_once_a_key(settings) -> None:
    settings.STAFF_ALERT_EMAILS = ["a@example.com"]
    alert_staff(kind="a_test", key="1")
    alert_staff(kind="a_test", key="1")
    alert_staff(kind="a_test", key="2")
    assert Message.objects.count() == 2
