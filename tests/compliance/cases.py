"""Test data of compliance, created by the product's own functions."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import count

from affiliates.models import Affiliate, State
from agreements import acceptances
from agreements.models import AgreementVersion, Program
from mail.models import Message
from payouts.models import Commission
from shops import intake
from tests.factories import make_affiliate
from tests.table_copies import publish_seed_agreement_once
from tracking.links import coupons
from tracking.models import Coupon

START = datetime(2025, 1, 1, 12, tzinfo=UTC)
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
TICK = timedelta(microseconds=1)
_orders = count(1)


def days(number: float) -> timedelta:
    return timedelta(days=number)


def seed_agreement(at: datetime = START) -> AgreementVersion:
    """Publish the seed agreement, in effect since a day before `at`."""
    return publish_seed_agreement_once(at - days(1))


def make_active_affiliate(at: datetime = START) -> Affiliate:
    """Create an affiliate who accepted the first version at `at`, with their code as a coupon."""
    affiliate = make_affiliate(state=State.APPROVED, at=at)
    acceptances.record_offline_acceptance(
        affiliate=affiliate,
        agreement=AgreementVersion.objects.get(number=1),
        accepted_at=at,
        evidence="signed paper",
        now=at,
        by=None,
    )
    coupons.assign_coupon(affiliate=affiliate, code=affiliate.code, assigned_from=at, now=at, by=None)
    affiliate.refresh_from_db()
    return affiliate


def make_order(
    affiliate: Affiliate,
    placed_at: datetime,
    *,
    amount: str = "100.00",
    refunded: str = "0.00",
    status: str = "completed",
    order_id: str = "",
    updated_at: datetime | None = None,
) -> Commission:
    """Create an order with one line of home-decor (5 %) and the affiliate's coupon; return its commission."""
    order_id = send_order(
        affiliate,
        placed_at,
        amount=amount,
        refunded=refunded,
        status=status,
        order_id=order_id,
        updated_at=updated_at,
    )
    return Commission.objects.get(order__order_id=order_id)


def send_order(
    affiliate: Affiliate,
    placed_at: datetime,
    *,
    amount: str = "100.00",
    refunded: str = "0.00",
    status: str = "completed",
    order_id: str = "",
    updated_at: datetime | None = None,
) -> str:
    """Send such an order, credited or not; return its number."""
    order_id = order_id or f"T{next(_orders)}"
    line = {"line_id": "1", "category": "home-decor", "quantity": 1, "amount": amount, "refunded": refunded}
    (result,) = intake.ingest_orders(
        snapshots=[
            {
                "order_id": order_id,
                "updated_at": (updated_at or placed_at).isoformat(),
                "status": status,
                "placed_at": placed_at.isoformat(),
                "completed_at": placed_at.isoformat() if status == "completed" else None,
                "currency": "USD",
                "click_id": None,
                "coupon": Coupon.objects.get(affiliate=affiliate).code,
                "customer": {"ref": order_id, "country": "United Kingdom"},
                "lines": [line],
            }
        ],
        source="a test",
        now=max(placed_at, updated_at or placed_at),
    )
    assert result.outcome in ("created", "updated"), result
    return order_id


def list_mails(affiliate: Affiliate, kind: str) -> list[Message]:
    return list(Message.objects.filter(to=affiliate.user.email, kind=kind).order_by("id"))


def open_program(at: datetime = START) -> None:
    Program.current()
    Program.objects.update(opened_at=at)


def get_amount(commission: Commission) -> Decimal:
    return Commission.objects.values_list("amount", flat=True).get(pk=commission.pk)
