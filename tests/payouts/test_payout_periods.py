"""The file of the payouts of a quarter or a year adds up to what reached the account."""

import csv
import io
from datetime import UTC, datetime

import pytest
from django.urls import reverse

from payouts.disbursement import payout_transitions
from tests.payouts.conftest import read_text

pytestmark = pytest.mark.django_db
PAID_AT = datetime(2026, 3, 30, 12, tzinfo=UTC)
RETURNED_AT = datetime(2026, 4, 2, 12, tzinfo=UTC)
SENT_ON = "2026-02-03"


@pytest.fixture
def payout(make_sent_batch):
    """Make a payout of 100.00 that was sent on 3 February."""
    return make_sent_batch(amounts=("100.00",)).payouts.select_related("affiliate__user").get()


def read_rows(client, period: str) -> list[tuple[str, ...]]:
    file = client.get(reverse("payouts:payouts_period"), {"period": period}).getvalue().decode("utf-8-sig")
    names = ("statement", "sent_on", "paid_on", "returned_on", "amount", "received")
    return [tuple(row[name] for name in names) for row in csv.DictReader(io.StringIO(file))]


def test_payout_counts_in_the_quarter_in_which_it_arrives(payout, preparer, sign_in):
    client = sign_in(payout.affiliate)
    assert read_rows(client, "2026-Q1") == [("1", SENT_ON, "", "", "100.00", "0.00")]
    payout_transitions.pay(payout=payout, now=PAID_AT, by=preparer)
    payout_transitions.fail(payout=payout, reason="Account closed.", now=RETURNED_AT, by=preparer)
    days = ("1", SENT_ON, "2026-03-30", "2026-04-02", "100.00")
    assert read_rows(client, "2026-Q1") == [(*days, "100.00")]
    assert read_rows(client, "2026-Q2") == [(*days, "-100.00")]
    assert read_rows(client, "2026") == [(*days, "0.00")]


def test_payout_that_never_arrived_takes_nothing_back(payout, preparer, sign_in):
    payout_transitions.fail(payout=payout, reason="Account closed.", now=RETURNED_AT, by=preparer)
    client = sign_in(payout.affiliate)
    assert read_rows(client, "2026-Q2") == [("1", SENT_ON, "", "2026-04-02", "100.00", "0.00")]
    assert "April 2026 to June 2026" in read_text(client.get(reverse("payouts:payouts")))


@pytest.mark.parametrize("period", ["", "2025-Q1", "2026-q1", "9" * 400])
def test_period_without_payouts_is_refused(period, payout, sign_in):
    page = sign_in(payout.affiliate).get(reverse("payouts:payouts_period"), {"period": period}, follow=True)
    assert "Choose a period in which a payout was sent, paid or came back." in read_text(page)


def test_list_says_how_long_the_last_payout_took(payout, preparer, sign_in):
    """It was prepared on 3 February and paid on 30 March."""
    client, url = sign_in(payout.affiliate), reverse("payouts:payouts")
    assert "Your last one was paid" not in read_text(client.get(url))
    payout_transitions.pay(payout=payout, now=PAID_AT, by=preparer)
    assert "Your last one was paid 55 days after it was prepared." in read_text(client.get(url))
