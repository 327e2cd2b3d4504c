"""A balance below zero ..."""

import csv
import io
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
import time_machine
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.urls import reverse

from audit.models import AuditRecord
from payouts.closing import statement_pdf
from payouts.closing.close import close_month
from payouts.errors import SecondApprovalRequired
from payouts.ledger import adjustments, booking, negative_balances
from payouts.models import Adjustment, LedgerEntry, Statement
from tests.payouts.conftest import BEGIN, FEBRUARY, JANUARY

pytestmark = pytest.mark.django_db
# Each month is closed on the third of the next, at noon.
MARCH, APRIL, MAY = (datetime(2026, month, 3, 12, tzinfo=UTC) for month in (3, 4, 5))
CLOSES = {FEBRUARY: date(2026, 1, 1), MARCH: date(2026, 2, 1), APRIL: date(2026, 3, 1), MAY: date(2026, 4, 1)}


def close(now: datetime) -> None:
    close_month(month=CLOSES[now], now=now, by=None)


@pytest.fixture
def debtor(make_payable_affiliate, grant):
    """Owes 100.00 from January's close and 40.00 from February's, and earned 30.00 by March's: 110.00."""

    def make():
        affiliate = make_payable_affiliate()
        grant(affiliate, "-100.00", at=JANUARY)
        close(FEBRUARY)
        grant(affiliate, "-40.00", at=FEBRUARY + timedelta(days=1))
        close(MARCH)
        grant(affiliate, "30.00", at=MARCH + timedelta(days=1))
        close(APRIL)
        return affiliate

    return make


def test_is_aged_by_what_came_in_setting_off_the_oldest_first(debtor):
    affiliate = debtor()
    owed = negative_balances.get_negative_balance(affiliate, APRIL)
    # On 3 April 70.00 are left of 3 February, 59 days ago, and 40.00 of 3 March, 31 days ago.
    assert owed == negative_balances.NegativeBalance(
        affiliate.pk, affiliate.code, affiliate.name, FEBRUARY, Decimal("110.00"),
        Decimal("0.00"), Decimal("110.00"), Decimal("0.00"),
    )  # fmt: skip
    assert owed.amount == -booking.get_balance(affiliate)


@pytest.mark.parametrize(
    ("days", "young", "middle", "old"),
    [
        (0, "110.00", "0.00", "0.00"),
        (2, "110.00", "0.00", "0.00"),
        (3, "40.00", "70.00", "0.00"),
        (30, "40.00", "70.00", "0.00"),
        (31, "0.00", "110.00", "0.00"),
        (62, "0.00", "110.00", "0.00"),
        (63, "0.00", "40.00", "70.00"),
        (91, "0.00", "0.00", "110.00"),
    ],
)
def test_grows_older_by_the_day(days, young, middle, old, debtor):
    """Days are counted from 3 March; 70.00 are 28 days older than 40.00."""
    owed = negative_balances.get_negative_balance(debtor(), MARCH + timedelta(days=days))
    assert owed
    assert (owed.young, owed.middle, owed.old) == (Decimal(young), Decimal(middle), Decimal(old))


def test_that_was_set_off_is_none_and_a_later_one_is_aged_anew(debtor, grant):
    affiliate = debtor()
    grant(affiliate, "115.00", at=APRIL + timedelta(days=1))
    close(MAY)
    assert negative_balances.get_negative_balance(affiliate, MAY) is None
    grant(affiliate, "-6.00", at=MAY + timedelta(days=1))
    close_month(month=date(2026, 5, 1), now=datetime(2026, 6, 3, tzinfo=UTC), by=None)
    owed = negative_balances.get_negative_balance(affiliate, datetime(2026, 6, 3, tzinfo=UTC))
    assert owed
    assert (owed.since, owed.amount) == (datetime(2026, 6, 3, tzinfo=UTC), Decimal("1.00"))


def test_is_no_matter_of_payouts_that_went_and_came_back(make_payable_affiliate, grant, preparer):
    from payouts.disbursement import payout_transitions
    from payouts.models import Payout

    affiliate = make_payable_affiliate()
    grant(affiliate, "50.00")
    close(FEBRUARY)
    grant(affiliate, "-8.00", at=FEBRUARY + timedelta(days=1))
    close(MARCH)
    payout = Payout.objects.get()
    payout_transitions.cancel(payout=payout, reason="Wrong.", now=MARCH, by=preparer)
    assert negative_balances.get_negative_balance(affiliate, APRIL) is None
    payout_transitions.reissue(payout=payout, reason="Right.", now=APRIL, by=preparer)
    owed = negative_balances.get_negative_balance(affiliate, APRIL)
    assert owed
    assert (owed.since, owed.amount) == (MARCH, Decimal("8.00"))


def test_is_shown_to_the_affiliate_at_home_and_with_the_statements(debtor, client):
    affiliate = debtor()
    client.force_login(affiliate.user)
    statement = Statement.objects.get(affiliate=affiliate, number=3)
    pages = (reverse("portal:home"), reverse("payouts:statements"), reverse("payouts:statement", args=[statement.pk]))
    with time_machine.travel(APRIL, tick=False):
        for address in pages:
            page = client.get(address).content.decode().replace("\u00a0", " ")
            assert "You owe 110.00 USD, the oldest part since" in page, address
            assert "3 Feb 2026" in page, address
            assert "31 to 90 days old" in page, address
        first = Statement.objects.get(affiliate=affiliate, number=1)
        assert "You owe" not in client.get(reverse("payouts:statement", args=[first.pk])).content.decode()


def test_is_on_the_list_of_the_staff_with_totals_and_as_csv(
    debtor, make_payable_affiliate, grant, client, preparer, approver
):
    one, other = debtor(), make_payable_affiliate()
    grant(other, "-5.00", at=APRIL + timedelta(days=1))
    close(MAY)
    client.force_login(preparer)
    address = reverse("admin:payouts_adjustment_negative_balances")
    with time_machine.travel(MAY, tick=False):
        page = client.get(address).content.decode().replace("\u00a0", " ")
        rows = list(csv.reader(io.StringIO(client.get(address + "?as=csv").content.decode())))
    for words in ("2 affiliates owe 115.00 USD", "110.00 USD", one.code, other.code, "Write off"):
        assert words in page, words
    # 3 May is 89 days after 3 February and 61 after 3 March.
    assert [row[0:1] + row[3:] for row in rows[1:]] == [
        [one.code, "110.00", "0.00", "110.00", "0.00"], [other.code, "5.00", "5.00", "0.00", "0.00"],
    ]  # fmt: skip
    client.force_login(approver)
    assert "?affiliate=" not in client.get(address).content.decode()


def test_is_written_off_by_two_people_and_posted_by_the_next_close(debtor, preparer, approver, client):
    affiliate = debtor()
    row = adjustments.propose_write_off(affiliate=affiliate, reason="They are gone.", now=APRIL, by=preparer)
    assert (row.kind, row.amount, row.kind_label) == ("correction", Decimal("110.00"), "write-off")
    with pytest.raises(SecondApprovalRequired):
        adjustments.approve(adjustment=row, now=APRIL, by=preparer)
    adjustments.approve(adjustment=row, now=APRIL, by=approver)
    assert booking.get_balance(affiliate) == Decimal("-110.00")
    close(MAY)
    assert booking.get_balance(affiliate) == 0
    statement = Statement.objects.get(affiliate=affiliate, number=4)
    assert (statement.opening, statement.adjustments, statement.closing) == (Decimal("-110.00"), Decimal("110.00"), 0)
    entries = LedgerEntry.objects.filter(transaction__source=f"close:2026-04:{affiliate.pk}")
    assert {(entry.account, entry.amount) for entry in entries} == {
        ("affiliate_payable", Decimal("-110.00")), ("adjustments", Decimal("110.00")),
    }  # fmt: skip
    records = AuditRecord.objects.filter(subject_id=str(row.pk))
    assert {(record.action, record.reason) for record in records} == {
        ("adjustment proposed", "They are gone."), ("adjustment approved", "They are gone."),
    }  # fmt: skip
    assert statement_pdf._build_data(statement)["adjustments"][0][1:3] == ["write-off", "They are gone."]
    client.force_login(affiliate.user)
    assert "write-off" in client.get(reverse("payouts:statement", args=[statement.pk])).content.decode()


def test_is_written_off_exactly_or_not_at_all(debtor, grant, preparer, approver):
    affiliate = debtor()
    row = adjustments.propose_write_off(affiliate=affiliate, reason="So.", now=APRIL, by=preparer)
    with pytest.raises(ValidationError, match="proposed already"):
        adjustments.propose_write_off(affiliate=affiliate, reason="So.", now=APRIL, by=preparer)
    with pytest.raises(IntegrityError, match="one_open_write_off"), transaction.atomic():
        Adjustment.objects.create(
            affiliate=affiliate,
            kind="correction",
            amount=1,
            reason="x",
            is_write_off=True,
            made_at=APRIL,
            made_by=preparer,
        )
    grant(affiliate, "0.01", at=APRIL + timedelta(days=1))
    close(MAY)
    with pytest.raises(ValidationError, match="balance has changed"):
        adjustments.approve(adjustment=row, now=MAY, by=approver)
    adjustments.reject(adjustment=row, reason="It has changed.", now=MAY, by=approver)
    again = adjustments.propose_write_off(affiliate=affiliate, reason="So.", now=MAY, by=preparer)
    assert again.amount == Decimal("109.99")


def test_that_is_none_is_not_written_off(make_payable_affiliate, grant, preparer):
    affiliate = make_payable_affiliate()
    with pytest.raises(ValidationError) as refusal:
        adjustments.propose_write_off(affiliate=affiliate, reason="So.", now=BEGIN, by=preparer)
    assert list(refusal.value.message_dict) == ["affiliate"]
    grant(affiliate, "-5.00")
    close(FEBRUARY)
    with pytest.raises(ValidationError) as refusal:
        adjustments.propose_write_off(affiliate=affiliate, reason=" ", now=BEGIN, by=preparer)
    assert list(refusal.value.message_dict) == ["reason"]


def test_is_written_off_from_the_list(debtor, preparer, client):
    affiliate = debtor()
    client.force_login(preparer)
    address = reverse("admin:payouts_adjustment_write_off")
    with time_machine.travel(APRIL, tick=False):
        assert f'value="{affiliate.code}"' in client.get(f"{address}?affiliate={affiliate.code}").content.decode()
        client.post(address, {"confirmed": "1", "affiliate": affiliate.code, "reason": "Gone."})
    assert Adjustment.objects.get(is_write_off=True).amount == Decimal("110.00")
