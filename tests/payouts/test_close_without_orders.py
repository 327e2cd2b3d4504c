"""Closes of a program without orders or before its first agreement."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.db import transaction

from affiliates.models import State
from agreements import periods, publishing, seeding
from agreements.models import AgreementVersion
from mail.models import Message
from payouts.closing import close
from payouts.closing.open_program import open_program
from payouts.ledger import adjustments
from tests.factories import make_affiliate, make_staff
from tests.scenarios import create_program, parse_utc

pytestmark = pytest.mark.django_db


def test_program_without_orders_has_nothing_to_close():
    create_program("2026-01-01")
    open_program(now=parse_utc("2026-01-02"), by=None)
    assert close.get_month_to_close() is None
    assert close.close_due_months(now=parse_utc("2026-05-03")) == []
    with pytest.raises(close.CloseNotAllowed, match="no order and no adjustment yet"):
        close.close_month(month=date(2026, 1, 1), now=parse_utc("2026-05-03"), by=None)


def test_months_are_in_utc_before_first_agreement():
    assert str(periods.get_program_time_zone()) == "UTC"


def test_months_are_in_program_time_zone_after_first_agreement():
    now = parse_utc("2026-01-01")
    version = seeding.start_draft(now=now, by=None)
    AgreementVersion.objects.filter(pk=version.pk).update(time_zone="Asia/Kathmandu")
    publishing.publish_version(agreement=version, effective_at=now, now=now, by=None)
    assert periods.get_program_time_zone().key == "Asia/Kathmandu"


@pytest.mark.django_db(transaction=True)
def test_close_cannot_run_inside_a_transaction():
    with transaction.atomic(), pytest.raises(RuntimeError, match="durable"):
        close.close_month(month=date(2026, 1, 1), now=parse_utc("2026-05-03"), by=None)


def test_close_before_first_agreement_pays_nothing():
    affiliate = make_affiliate(state=State.APPROVED, at=parse_utc("2026-01-02"))
    values: dict[str, Any] = {"kind": "bonus", "amount": Decimal("0.50"), "reason": "A test."}
    row = adjustments.propose(affiliate=affiliate, now=parse_utc("2026-01-03"), by=make_staff(), **values)
    adjustments.approve(adjustment=row, now=parse_utc("2026-01-03"), by=make_staff())
    assert close.list_due_months(parse_utc("2026-02-03")) == [], "no agreement defines a close day"
    closed = close.close_month(month=date(2026, 1, 1), now=parse_utc("2026-02-03"), by=None)
    assert closed.cut == 0, "there is no snapshot yet"
    statement = closed.statements.get()
    assert closed.agreement is None
    assert (statement.closing, statement.agreement) == (Decimal("0.50"), None)
    assert statement.reasons == ["not_active", "no_accepted_agreement", "no_payout_details"]
    assert Message.objects.get(kind="month_closed").context["currency"] == ""
