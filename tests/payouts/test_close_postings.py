"""The ledger transactions, batches and e-mails of a close."""

import pytest
from django.db.models import F

from affiliates.models import Affiliate
from mail.models import Message
from payouts.commissions import forfeiture
from payouts.models import Commission, LedgerEntry, LedgerTransaction
from tests.payouts.conftest import JANUARY, MARCH
from tests.payouts.test_close_boundaries import close, read_statement
from tests.scenarios import parse_utc

pytestmark = pytest.mark.django_db


def test_forfeiture_is_posted_to_its_account_and_mailed_with_statement(make_settled_affiliate):
    affiliate = make_settled_affiliate()
    line = Commission.objects.for_affiliate(affiliate).latest("amount")
    forfeiture.forfeit(commissions=[line], reason="6.1", now=MARCH, by=None)
    closed = close(parse_utc("2026-04-03"), MARCH.replace(day=1))
    assert read_statement(affiliate, closed) == "0.00 -9.00 0.00 0.00 -9.00 negative_balance"
    booked = LedgerTransaction.objects.get(source=f"close:2026-03:{affiliate.pk}")
    entries = LedgerEntry.objects.filter(transaction=booked).values_list("account", "amount")
    assert {account: str(amount) for account, amount in entries} == {
        "affiliate_payable": "9.00",
        "forfeited_commission": "-9.00",
    }
    statement = closed.statements.get()
    message = Message.objects.get(key=f"month_closed:{statement.pk}")
    assert (message.kind, message.to) == ("month_closed", affiliate.user.email)
    assert message.context == {
        "name": affiliate.name,
        "code": affiliate.code,
        "statement": str(statement.pk),
        "period": "2026-03",
        "number": 2,
        "opening": "0.00",
        "settled": "-9.00",
        "adjustments": "0.00",
        "returned": "0.00",
        "payout": "0.00",
        "closing": "-9.00",
        "currency": "USD",
        "reasons": ["negative_balance"],
        "agreement": str(statement.agreement_id),
    }
    assert message.attachments == [{"name": "statement_pdf", "key": str(statement.pk)}]


def test_forfeited_and_earned_amounts_of_a_month_use_separate_accounts(make_settled_affiliate):
    affiliate = make_settled_affiliate()
    line = Commission.objects.for_affiliate(affiliate).latest("amount")
    forfeiture.forfeit(commissions=[line], reason="6.1", now=MARCH, by=None)
    Commission.objects.for_affiliate(affiliate).exclude(pk=line.pk).update(base=F("base") + 100, amount=F("amount") + 5)
    closed = close(parse_utc("2026-04-03"), MARCH.replace(day=1))
    assert read_statement(affiliate, closed) == "0.00 1.00 0.00 0.00 1.00 below_minimum", (
        "two lines of 5.00 more, 9.00 taken back"
    )
    entries = LedgerEntry.objects.filter(transaction__source=f"close:2026-03:{affiliate.pk}")
    assert {account: str(amount) for account, amount in entries.values_list("account", "amount")} == {
        "affiliate_payable": "-1.00",
        "forfeited_commission": "-9.00",
        "commission_expense": "10.00",
    }


def test_muted_or_erased_affiliate_gets_no_mail(make_payable_affiliate, grant):
    active, muted, erased = (make_payable_affiliate() for _ in range(3))
    for affiliate in (active, muted, erased):
        grant(affiliate, "50.00")
    Affiliate.objects.filter(pk=muted.pk).update(muted_kinds=["month_closed"])
    Affiliate.objects.filter(pk=erased.pk).update(erased_at=JANUARY)
    close()
    assert list(Message.objects.filter(kind="month_closed").values_list("to", flat=True)) == [active.user.email]


def test_statement_mail_is_in_the_language_of_its_reader(make_payable_affiliate, grant):
    german, other = make_payable_affiliate(), make_payable_affiliate()
    for affiliate in (german, other):
        grant(affiliate, "50.00")
    Affiliate.objects.filter(pk=german.pk).update(language="de")
    close()
    languages = dict(Message.objects.filter(kind="month_closed").values_list("to", "language"))
    assert languages == {german.user.email: "de", other.user.email: ""}


def test_close_without_payouts_drafts_no_batch(make_payable_affiliate, grant):
    grant(make_payable_affiliate(), "1.00")
    assert close().batches.count() == 0
    assert not LedgerTransaction.objects.filter(kind="payout").exists()


def test_adjustment_is_posted_to_adjustments_account(make_payable_affiliate, grant):
    affiliate = make_payable_affiliate()
    grant(affiliate, "50.00")
    close()
    booked = LedgerTransaction.objects.get(source=f"close:2026-01:{affiliate.pk}")
    entries = LedgerEntry.objects.filter(transaction=booked).values_list("account", "amount")
    assert booked.kind == "settlement"
    assert {account: str(amount) for account, amount in entries} == {
        "affiliate_payable": "-50.00",
        "adjustments": "50.00",
    }
