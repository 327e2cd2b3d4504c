"""Negative balances: aging, pages for affiliates and staff, and write-offs."""

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
from tests.admin_confirmation import confirm_twice
from tests.payouts.conftest import BEGIN, FEBRUARY, JANUARY

pytestmark = pytest.mark.django_db
# Each month is closed on the third of the next, at noon.
MARCH, APRIL, MAY = (datetime(2026, month, 3, 12, tzinfo=UTC) for month in (3, 4, 5))
CLOSES = {FEBRUARY: date(2026, 1, 1), MARCH: date(2026, 2, 1), APRIL: date(2026, 3, 1), MAY: date(2026, 4, 1)}


def close_due(now: datetime) -> None:
    close_month(month=CLOSES[now], now=now, by=None)


@pytest.fixture
def make_debtor(make_payable_affiliate, grant):
    """Make an affiliate who owes 100.00 from January and 40.00 from February, less 30.00 earned in March: 110.00."""

    def make():
        affiliate = make_payable_affiliate()
        grant(affiliate, "-100.00", at=JANUARY)
        close_due(FEBRUARY)
        grant(affiliate, "-40.00", at=FEBRUARY + timedelta(days=1))
        close_due(MARCH)
        grant(affiliate, "30.00", at=MARCH + timedelta(days=1))
        close_due(APRIL)
        return affiliate

    return make


def test_credits_offset_the_oldest_debt_first(make_debtor):
    affiliate = make_debtor()
    owed = negative_balances.get_negative_balance(affiliate, APRIL)
    # On 3 April, 70.00 of 3 February (59 days ago) and 40.00 of 3 March (31 days ago) are left.
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
def test_debt_moves_to_older_age_group_at_30_and_90_days(days, young, middle, old, make_debtor):
    """`days` count from 3 March; the 70.00 are 28 days older than the 40.00."""
    owed = negative_balances.get_negative_balance(make_debtor(), MARCH + timedelta(days=days))
    assert owed
    assert (owed.young, owed.middle, owed.old) == (Decimal(young), Decimal(middle), Decimal(old))


def test_offset_debt_is_gone_and_later_debt_starts_new_age(make_debtor, grant):
    affiliate = make_debtor()
    grant(affiliate, "115.00", at=APRIL + timedelta(days=1))
    close_due(MAY)
    assert negative_balances.get_negative_balance(affiliate, MAY) is None
    grant(affiliate, "-6.00", at=MAY + timedelta(days=1))
    close_month(month=date(2026, 5, 1), now=datetime(2026, 6, 3, tzinfo=UTC), by=None)
    owed = negative_balances.get_negative_balance(affiliate, datetime(2026, 6, 3, tzinfo=UTC))
    assert owed
    assert (owed.since, owed.amount) == (datetime(2026, 6, 3, tzinfo=UTC), Decimal("1.00"))


def test_payouts_and_their_returns_do_not_count_as_debt(make_payable_affiliate, grant, preparer):
    from payouts.disbursement import payout_transitions
    from payouts.models import Payout

    affiliate = make_payable_affiliate()
    grant(affiliate, "50.00")
    close_due(FEBRUARY)
    grant(affiliate, "-8.00", at=FEBRUARY + timedelta(days=1))
    close_due(MARCH)
    payout = Payout.objects.get()
    payout_transitions.cancel(payout=payout, reason="Wrong.", now=MARCH, by=preparer)
    assert negative_balances.get_negative_balance(affiliate, APRIL) is None
    payout_transitions.reissue(payout=payout, reason="Right.", now=APRIL, by=preparer)
    owed = negative_balances.get_negative_balance(affiliate, APRIL)
    assert owed
    assert (owed.since, owed.amount) == (MARCH, Decimal("8.00"))


def test_affiliate_sees_negative_balance_on_home_and_statement_pages(make_debtor, client):
    affiliate = make_debtor()
    client.force_login(affiliate.user)
    statement = Statement.objects.get(affiliate=affiliate, number=3)
    pages = (reverse("portal:home"), reverse("payouts:statements"), reverse("payouts:statement", args=[statement.pk]))
    with time_machine.travel(APRIL, tick=False):
        for address in pages:
            page = client.get(address).content.decode().replace("\u00a0", " ")
            assert "You owe 110.00 USD, some of it since" in page, address
            assert "3 Feb 2026" in page, address
            assert "31 to 90 days old" in page, address
        first = Statement.objects.get(affiliate=affiliate, number=1)
        assert "You owe" not in client.get(reverse("payouts:statement", args=[first.pk])).content.decode()


def test_staff_list_has_totals_and_csv(make_debtor, make_payable_affiliate, grant, client, preparer, approver):
    one, other = make_debtor(), make_payable_affiliate()
    grant(other, "-5.00", at=APRIL + timedelta(days=1))
    close_due(MAY)
    client.force_login(preparer)
    address = reverse("admin:payouts_adjustment_negative_balances")
    with time_machine.travel(MAY, tick=False):
        page = client.get(address).content.decode().replace("\u00a0", " ")
        file = client.get(address + "?as=csv").content.decode()
    assert file.startswith("\ufeff")
    rows = list(csv.reader(io.StringIO(file[1:])))
    for words in ("2 affiliates owe 115.00 USD", "110.00 USD", one.code, other.code, "Write off"):
        assert words in page, words
    # 3 May is 89 days after 3 February and 61 after 3 March.
    assert [row[0:1] + row[3:] for row in rows[1:]] == [
        [one.code, "110.00", "0.00", "110.00", "0.00"], [other.code, "5.00", "5.00", "0.00", "0.00"],
    ]  # fmt: skip
    client.force_login(approver)
    assert "?affiliate=" not in client.get(address).content.decode()


def test_write_off_needs_second_approval_and_is_posted_by_next_close(make_debtor, preparer, approver, client):
    affiliate = make_debtor()
    row = adjustments.propose_write_off(affiliate=affiliate, reason="The account was closed.", now=APRIL, by=preparer)
    assert (row.kind, row.amount, row.kind_label) == ("correction", Decimal("110.00"), "write-off")
    with pytest.raises(SecondApprovalRequired):
        adjustments.approve(adjustment=row, now=APRIL, by=preparer)
    adjustments.approve(adjustment=row, now=APRIL, by=approver)
    assert booking.get_balance(affiliate) == Decimal("-110.00")
    close_due(MAY)
    assert booking.get_balance(affiliate) == 0
    statement = Statement.objects.get(affiliate=affiliate, number=4)
    assert (statement.opening, statement.adjustments, statement.closing) == (Decimal("-110.00"), Decimal("110.00"), 0)
    entries = LedgerEntry.objects.filter(transaction__source=f"close:2026-04:{affiliate.pk}")
    assert {(entry.account, entry.amount) for entry in entries} == {
        ("affiliate_payable", Decimal("-110.00")), ("adjustments", Decimal("110.00")),
    }  # fmt: skip
    records = AuditRecord.objects.filter(subject_id=str(row.pk))
    assert {(record.action, record.reason) for record in records} == {
        ("adjustment proposed", "The account was closed."), ("adjustment approved", "The account was closed."),
    }  # fmt: skip
    assert statement_pdf._build_data(statement)["adjustments"][0][1:3] == ["write-off", "The account was closed."]
    client.force_login(affiliate.user)
    assert "write-off" in client.get(reverse("payouts:statement", args=[statement.pk])).content.decode()


def test_write_off_must_equal_current_negative_balance(make_debtor, grant, preparer, approver):
    affiliate = make_debtor()
    row = adjustments.propose_write_off(affiliate=affiliate, reason="Uncollectible.", now=APRIL, by=preparer)
    with pytest.raises(ValidationError, match="already proposed"):
        adjustments.propose_write_off(affiliate=affiliate, reason="Uncollectible.", now=APRIL, by=preparer)
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
    close_due(MAY)
    with pytest.raises(ValidationError, match="balance has changed"):
        adjustments.approve(adjustment=row, now=MAY, by=approver)
    adjustments.reject(adjustment=row, reason="It has changed.", now=MAY, by=approver)
    second = adjustments.propose_write_off(affiliate=affiliate, reason="Uncollectible.", now=MAY, by=preparer)
    assert second.amount == Decimal("109.99")


def test_write_off_needs_negative_balance_and_reason(make_payable_affiliate, grant, preparer):
    affiliate = make_payable_affiliate()
    with pytest.raises(ValidationError) as error:
        adjustments.propose_write_off(affiliate=affiliate, reason="Uncollectible.", now=BEGIN, by=preparer)
    assert list(error.value.message_dict) == ["affiliate"]
    grant(affiliate, "-5.00")
    close_due(FEBRUARY)
    with pytest.raises(ValidationError) as error:
        adjustments.propose_write_off(affiliate=affiliate, reason=" ", now=BEGIN, by=preparer)
    assert list(error.value.message_dict) == ["reason"]


def test_write_off_is_proposed_from_staff_list(make_debtor, preparer, client):
    affiliate = make_debtor()
    client.force_login(preparer)
    address = reverse("admin:payouts_adjustment_write_off")
    with time_machine.travel(APRIL, tick=False):
        assert f'value="{affiliate.code}"' in client.get(f"{address}?affiliate={affiliate.code}").content.decode()
        confirm_twice(client, address, {"affiliate": affiliate.code, "reason": "Account closed."})
    assert Adjustment.objects.get(is_write_off=True).amount == Decimal("110.00")
