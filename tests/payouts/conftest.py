"""Fixtures for payouts: closed months whose amounts come from adjustments or orders and are easy to add up."""

from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import count

import pytest
import time_machine
from django.db.models import Model
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from accounts.models import User
from affiliates.models import Affiliate, State
from agreements.models import Acceptance, AgreementVersion
from payouts.closing.close import close_month
from payouts.disbursement import approval, exports
from payouts.ledger import adjustments
from payouts.models import Payout, PayoutBatch
from payouts.payout_details import details
from shops.intake import ingest_orders
from tests import sessions
from tests.factories import make_affiliate, make_staff
from tests.table_copies import publish_seed_agreement_once
from tracking.links.coupons import assign_coupon

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
JANUARY = datetime(2026, 1, 20, 12, 0, tzinfo=UTC)
FEBRUARY = datetime(2026, 2, 3, 12, 0, tzinfo=UTC)
MARCH = datetime(2026, 3, 3, 12, 0, tzinfo=UTC)
# The usual example of an IBAN. It must appear only in ciphertext and payout files.
IBAN = "DE89370400440532013000"

_numbers = count(1)


@pytest.fixture
def program_terms() -> dict[str, object]:
    """Return the terms that differ from the seed agreement, which tests override by a parameter."""
    return {}


@pytest.fixture
def agreement(db, program_terms) -> AgreementVersion:
    """Publish the seed agreement, in USD and in force since 1 January 2026."""
    return publish_seed_agreement_once(BEGIN, program_terms)


@pytest.fixture
def preparer(db) -> User:
    return make_staff("payout preparers")


@pytest.fixture
def approver(db) -> User:
    return make_staff("payout approvers")


@pytest.fixture
def sign_in(client):
    """Return a function that signs an affiliate in and returns the client."""

    def sign_in_affiliate(affiliate: Affiliate) -> Client:
        client.force_login(affiliate.user)
        return client

    return sign_in_affiliate


@pytest.fixture
def sign_in_staff(client):
    """Return a function that signs a member of staff in, at noon on 3 February 2026."""

    def sign_in_user(user):
        return sessions.sign_in(client, user)

    with time_machine.travel(FEBRUARY, tick=False):
        yield sign_in_user


def read_text(response: HttpResponse) -> str:
    """Return the content of a successful response with plain spaces and minus signs."""
    assert response.status_code == 200, response.status_code
    return response.content.decode().replace("\u00a0", " ").replace("\u2212", "-")


def build_url(row: Model, action: str = "change") -> str:
    """Return the URL of an admin page of `row`."""
    return reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_{action}", args=[row.pk])


@pytest.fixture
def make_payable_affiliate(agreement):
    """Make active affiliates who accepted the agreement, with payout details that are past their hold."""

    def make(
        *, account: str = "", method: str = "paypal", state: State = State.ACTIVE, at: datetime = BEGIN
    ) -> Affiliate:
        affiliate = make_affiliate(state=state, at=at)
        record_acceptance(affiliate, agreement, at)
        details.change_details(
            affiliate=affiliate,
            method=method,
            account=account or f"payee{next(_numbers)}@example.com",
            holder=affiliate.name,
            now=at,
            by=None,
            hold=False,
        )
        return affiliate

    return make


def record_acceptance(affiliate: Affiliate, agreement: AgreementVersion, at: datetime) -> None:
    """Record that a version was accepted, without the evidence, which the tests of agreements cover."""
    number = next(_numbers)
    Acceptance.objects.create(
        sequence=1_000_000 + number,
        affiliate=affiliate,
        agreement=agreement,
        method="offline",
        accepted_at=at,
        recorded_at=at,
        text_sha256="0" * 64,
        box_ticked=False,
        previous_hash="0" * 64,
        hash=f"{number:064d}",
    )


@pytest.fixture
def grant(preparer, approver):
    """Give an affiliate an amount by an approved adjustment."""

    def give(affiliate: Affiliate, amount: str, at: datetime = JANUARY) -> None:
        row = adjustments.propose(
            affiliate=affiliate,
            kind="correction",
            amount=Decimal(amount),
            reason="Agreed by telephone.",
            now=at,
            by=preparer,
        )
        adjustments.approve(adjustment=row, now=at, by=approver)

    return give


@pytest.fixture
def make_draft_batch(make_payable_affiliate, grant):
    """Make the batch drafted by the close of January, by default for two affiliates, 100.00 and 25.50."""

    def make(*, amounts: tuple[str, ...] = ("100.00", "25.50"), **options: str):
        for amount in amounts:
            grant(make_payable_affiliate(**options), amount)
        return close_and_get_batch(date(2026, 1, 1), FEBRUARY)

    return make


def close_and_get_batch(period, now):
    """Close the month and return the batch that it drafted."""
    return PayoutBatch.objects.get(close=close_month(month=period, now=now, by=None))


@pytest.fixture
def make_sent_batch(make_draft_batch, preparer, approver):
    """Make a draft batch and take it to `sent`."""

    def make(**options):
        batch = make_draft_batch(**options)
        approval.submit(batch=batch, now=FEBRUARY, by=preparer)
        summary = approval.summarize_batch(batch, FEBRUARY)
        approval.approve(batch=batch, digest=summary.digest, now=FEBRUARY, by=approver)
        exports.export(batch=batch, now=FEBRUARY, by=preparer)
        return batch

    return make


def build_results_file(*lines: tuple[Payout | str, str, str, str]) -> bytes:
    """Return a results file with a line for each (payout or reference, result, amount, reason)."""
    rows = [
        f"{row if isinstance(row, str) else row.reference},{result},{amount},{reason}"
        for row, result, amount, reason in lines
    ]
    return "\n".join(["reference,result,amount,reason", *rows, ""]).encode()


def build_snapshot(order_id, coupon, *lines, status="completed", **values):
    """Return a snapshot of an order placed and completed on 2 January 2026; a line is (category, amount, refunded)."""
    return {
        "order_id": order_id,
        "updated_at": "2026-01-02T12:00:00Z",
        "status": status,
        "placed_at": "2026-01-02T08:00:00Z",
        "completed_at": "2026-01-02T12:00:00Z" if status == "completed" else None,
        "currency": "USD",
        "click_id": None,
        "coupon": coupon,
        "customer": {"ref": "c1", "country": "France"},
        "lines": [
            {
                "line_id": str(number), "sku": f"S{number}", "title": f"Thing <b>{number}</b>", "category": category,
                "quantity": 1, "amount": amount, "refunded": refunded,
            }
            for number, (category, amount, refunded) in enumerate(lines, 1)
        ],
    } | values  # fmt: skip


@pytest.fixture
def make_settled_affiliate(make_payable_affiliate, grant):
    """Make an affiliate with two orders in January, an adjustment in February, and a statement for February.

    16.00 x 5.00 % = 0.80; 100.00 - 40.00 refunded = 60.00 x 8.50 % = 5.10; 300.00 x 3.00 % = 9.00; together 14.90.
    Validated 30 days after 2 January, so in February. Adjustment +10.00. Payout 24.90. Closed on 3 March.
    """

    def make(**options):
        affiliate = make_payable_affiliate(**options)
        code = f"C{next(_numbers)}"
        assign_coupon(affiliate=affiliate, code=code, assigned_from=BEGIN, now=BEGIN, by=None)
        results = ingest_orders(
            snapshots=[
                build_snapshot(
                    f"{code}-1", code, ("home-decor", "16.00", "0.00"), ("jewelry-accessories", "100.00", "40.00")
                ),
                build_snapshot(f"{code}-2", code, ("no-such-category", "300.00", "0.00")),
            ],
            source="test",
            now=JANUARY,
        )
        assert [(row.outcome, row.affiliate) for row in results] == [("created", affiliate.code)] * 2, results
        grant(affiliate, "10.00", at=FEBRUARY)
        close_month(month=date(2026, 1, 1), now=FEBRUARY, by=None)
        close_month(month=date(2026, 2, 1), now=MARCH, by=None)
        return affiliate

    return make
