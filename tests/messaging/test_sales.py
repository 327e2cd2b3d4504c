"""The e-mails about new commissions: off by default, a few an hour, none twice."""

from datetime import UTC, datetime, timedelta

import pytest

from agreements.models import Program
from mail.models import Message
from mail.rendering import render
from messaging import sales
from messaging.models import SaleNotice
from tests.scenarios import build_order, create_program, import_affiliates, send_orders

pytestmark = pytest.mark.django_db
SINCE = datetime(2026, 3, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.fixture
def ann(tmp_path):
    create_program()
    Program.current()
    Program.objects.update(opened_at=SINCE)
    return import_affiliates(["ANN"], tmp_path)["ANN"]


def order(number, at=SINCE + HOUR, coupon="ANN", **fields):
    text = at.isoformat().replace("+00:00", "Z")
    send_orders(build_order(f"S{number}", coupon=coupon, at=text, placed=text, **fields), now=at + HOUR)


def send(now=SINCE + 2 * HOUR):
    return sales.send_sale_emails(now=now)


def list_mails():
    return list(Message.objects.filter(kind="sale").order_by("pk"))


def test_sale_is_named_once_to_those_who_want_it(ann):
    order(1)
    assert send() == 0, "off by default"
    sales.subscribe(affiliate=ann, now=SINCE)
    assert send() == 1
    assert send() == 0
    [message] = list_mails()
    mail = render(kind=message.kind, context=message.context)
    assert mail.subject == "You earned 5.00 USD with an order"
    assert "Order S1" in mail.text
    order(1, status="cancelled")
    assert send() == 0


def test_sales_beyond_the_limit_of_an_hour_are_bundled(ann, settings):
    settings.SALE_EMAILS_PER_HOUR = 3
    sales.subscribe(affiliate=ann, now=SINCE)
    order(1)
    assert send() == 1
    for number in range(2, 7):
        order(number)
    assert send() == 2
    assert [message.context["count"] for message in list_mails()] == [1, 1, 4]
    assert list_mails()[-1].context["total"] == "20.00 USD"
    order(7)
    order(8)
    assert send(SINCE + 2.5 * HOUR) == 0
    assert send(SINCE + 3 * HOUR) == 2
    assert SaleNotice.objects.count() == 8


def test_only_sales_since_the_choice_and_with_a_commission_are_named(ann):
    order(1, at=SINCE + HOUR)
    sales.subscribe(affiliate=ann, now=SINCE + 1.5 * HOUR)
    order(2, at=SINCE + 2 * HOUR, coupon="UNKNOWN")
    order(3, at=SINCE + 2 * HOUR, status="cancelled")
    assert send(SINCE + 3 * HOUR) == 0
    order(4, at=SINCE + 2 * HOUR)
    assert send(SINCE + 3 * HOUR) == 1
    sales.unsubscribe(affiliate=ann)
    order(5, at=SINCE + 2 * HOUR)
    assert send(SINCE + 3 * HOUR) == 0


def test_past_orders_of_a_program_that_is_not_open_are_not_named(ann):
    Program.objects.update(opened_at=None)
    sales.subscribe(affiliate=ann, now=SINCE)
    order(1)
    assert send() == 0


def test_run_that_dies_is_repeated_whole(ann, monkeypatch):
    sales.subscribe(affiliate=ann, now=SINCE)
    order(1)

    def die(*_rows, **_options):
        raise ConnectionError("the worker died")

    monkeypatch.setattr(type(SaleNotice.objects), "bulk_create", die)
    with pytest.raises(ConnectionError):
        send()
    assert list_mails() == []
    monkeypatch.undo()
    assert send() == 1


def test_old_notices_are_deleted(ann):
    sales.subscribe(affiliate=ann, now=SINCE)
    order(1)
    send()
    send(SINCE + timedelta(days=31))
    assert not SaleNotice.objects.exists()
    assert len(list_mails()) == 1
