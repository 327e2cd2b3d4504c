"""Holds, forfeitures, states and details as of a close, from histories that are never rewritten."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from django.db.models import Q, Sum

from affiliates.models import Affiliate, State, StatusChange
from agreements.models import Program
from audit.models import AuditRecord
from payouts.models import (
    Adjustment,
    Close,
    Commission,
    CommissionHold,
    Payout,
    PayoutDetails,
    PayoutHold,
    Statement,
    StatementLine,
)


def get_settled_amounts(close: Close) -> dict[int, Decimal]:
    """Return {commission: the amount that earlier closes settled}."""
    rows = StatementLine.objects.filter(close__period__lt=close.period).order_by().values_list("commission_id")
    return dict(rows.annotate(Sum("amount")))


def get_settled_owners(close: Close) -> dict[UUID, UUID]:
    """Return {order: the affiliate for whom an earlier close settled a line of it}."""
    rows = StatementLine.objects.filter(close__period__lt=close.period).order_by()
    return dict(rows.values_list("commission__order_id", "statement__affiliate_id").distinct())


def list_held_commissions(at: datetime) -> set[int]:
    """Return the commissions on hold at `at`."""
    holds = CommissionHold.objects.filter(placed_at__lte=at).filter(Q(released_at=None) | Q(released_at__gt=at))
    return set(holds.values_list("commission_id", flat=True))


def list_forfeited_commissions(at: datetime) -> set[int]:
    """Return the commissions that were forfeited at `at`, from the audit trail, which also records restored ones."""
    records = AuditRecord.objects.filter(
        subject_type=Commission._meta.label_lower,
        action__in=["commission forfeited", "commission restored"],
        at__lte=at,
    )
    last = dict(records.order_by("at", "id").values_list("subject_id", "action"))
    return {int(subject) for subject, action in last.items() if action == "commission forfeited"}


def sum_adjustments(close: Close) -> dict[UUID, Decimal]:
    """Return {affiliate: the sum of adjustments approved before the month's end and not posted by an earlier close}."""
    rows = Adjustment.objects.filter(state=Adjustment.State.APPROVED, decided_at__lt=close.ends_at)
    return _sum_by_affiliate(rows.filter(Q(statement=None) | Q(statement__close__period__gte=close.period)))


def sum_returned_payouts(close: Close) -> dict[UUID, Decimal]:
    """Return {affiliate: the sum of payouts that were returned, but neither replaced nor on a statement yet}."""
    at = close.closed_at
    rows = Payout.objects.filter(returned_at__lte=at).exclude(replaced_by__created_at__lte=at)
    return _sum_by_affiliate(
        rows.filter(Q(returned_statement=None) | Q(returned_statement__close__period__gte=close.period))
    )


def get_closing_balances(close: Close) -> dict[UUID, Decimal]:
    """Return {affiliate: the closing balance of the last earlier statement}."""
    rows = Statement.objects.filter(close__period__lt=close.period).order_by("affiliate", "number")
    return dict(rows.values_list("affiliate_id", "closing"))


def get_last_changes(affiliate_ids: Iterable[UUID], at: datetime) -> dict[UUID, StatusChange]:
    """Return {affiliate: the last status change by `at`, from the history recorded until then}."""
    rows = StatusChange.objects.filter(affiliate__in=list(affiliate_ids), at__lte=at).in_effect(known_at=at)
    return {change.affiliate_id: change for change in rows.order_by("at", "id")}


def list_ended_affiliates(at: datetime) -> set[UUID]:
    """Return the affiliates whose notice, or the program, had ended by `at`, also if that was recorded later."""
    running = Affiliate.objects.filter(notice_ends_at__lte=at).values_list("pk", flat=True)
    if Program.objects.filter(ends_at__lte=at).exists():
        running = Affiliate.objects.values_list("pk", flat=True)
    recorded = StatusChange.objects.filter(after=State.TERMINATED, at__lte=at, recorded_at__gt=at)
    return {*running, *recorded.values_list("affiliate_id", flat=True)}


def get_payout_details(affiliate_ids: Iterable[UUID], at: datetime) -> dict[UUID, PayoutDetails]:
    """Return {affiliate: the newest payout details entered by `at`}."""
    rows = PayoutDetails.objects.filter(affiliate__in=list(affiliate_ids), entered_at__lte=at)
    return {row.affiliate_id: row for row in rows.order_by("entered_at", "id")}


def list_held_affiliates(at: datetime) -> set[UUID]:
    """Return the affiliates whose payouts were on hold at `at`."""
    holds = PayoutHold.objects.filter(placed_at__lte=at).filter(Q(released_at=None) | Q(released_at__gt=at))
    holds = holds.filter(Q(ends_at=None) | Q(ends_at__gt=at))
    return set(holds.values_list("affiliate_id", flat=True))


def _sum_by_affiliate(rows: "Iterable[Adjustment] | Iterable[Payout]") -> dict[UUID, Decimal]:
    sums: dict[UUID, Decimal] = defaultdict(Decimal)
    for row in rows:
        sums[row.affiliate_id] += row.amount
    return dict(sums)
