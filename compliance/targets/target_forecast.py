"""Forecast of missed-target notices and reviews, computed by the functions of the daily check (specification 8)."""

from collections.abc import Sequence
from datetime import datetime, time, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from affiliates.models import Affiliate, State
from agreements.models import AgreementVersion
from compliance.deadlines import add_days
from compliance.models import TargetNotice
from compliance.targets.arithmetic import AT_RISK_DAYS, find_first_miss, is_checkable, is_missed
from compliance.targets.checks import find_exempt_affiliates
from compliance.targets.met_targets import list_uncertain_affiliates
from compliance.targets.target_evaluation import TargetEvaluation, evaluate_targets


class TargetForecast(NamedTuple):
    """When an affiliate will be notified and reviewed; None if not within the next 30 days."""

    affiliate: Affiliate
    orders: int
    target: int
    agreement: AgreementVersion
    notified_at: datetime | None
    reviewed_at: datetime | None
    has_notice: bool
    # When the order was placed that stops counting, and so makes a target missed that is met today; None if not met.
    expiring_order_at: datetime | None


def forecast_targets(*, now: datetime) -> list[TargetForecast]:
    """List the affiliates who will be notified or reviewed within 30 days, soonest first, if no more orders arrive.

    Includes affiliates with a running notice.
    """
    running = {
        notice.affiliate_id: notice
        for notice in TargetNotice.objects.filter(state=TargetNotice.State.RUNNING).select_related("agreement")
    }
    noticed = Affiliate.objects.filter(pk__in=running, state=State.ACTIVE).values_list("pk", flat=True)
    evaluations = evaluate_targets({*list_uncertain_affiliates(now=now), *noticed}, now=now)
    exempt = find_exempt_affiliates(evaluations, now)
    dated = [
        (evaluation, *_forecast_dates(evaluation, running.get(evaluation.affiliate_id), now))
        for evaluation in evaluations
        if evaluation.affiliate_id in running or evaluation.affiliate_id not in exempt
    ]
    rows = [(evaluation, notified, reviewed) for evaluation, notified, reviewed in dated if notified or reviewed]
    affiliates = Affiliate.objects.in_bulk([evaluation.affiliate_id for evaluation, _notified, _reviewed in rows])
    result = [
        TargetForecast(
            affiliate=affiliates[evaluation.affiliate_id],
            orders=evaluation.orders,
            target=evaluation.target.orders,
            agreement=evaluation.agreement,
            notified_at=notified,
            reviewed_at=reviewed,
            has_notice=evaluation.affiliate_id in running,
            expiring_order_at=(
                evaluation.target.qualifying_order_at if evaluation.orders >= evaluation.target.orders else None
            ),
        )
        for evaluation, notified, reviewed in rows
    ]
    return sorted(result, key=lambda row: (row.reviewed_at or row.notified_at or now, row.affiliate.code))


def list_check_times(now: datetime, zone: ZoneInfo) -> list[datetime]:
    """Return when the next 30 daily checks will run: at the start of each day in `zone`."""
    today = now.astimezone(zone).date()
    return [datetime.combine(today + timedelta(days=days), time(), zone) for days in range(1, AT_RISK_DAYS + 1)]


def _forecast_dates(
    evaluation: TargetEvaluation, notice: TargetNotice | None, now: datetime
) -> tuple[datetime | None, datetime | None]:
    """Return when the affiliate was or will be notified, and when a review will open."""
    if notice is not None:
        notified, cure_by = notice.notified_at, notice.cure_by
    else:
        first = _find_first_miss(evaluation, list_check_times(now, evaluation.target.zone), now)
        if first is None:
            return None, None
        notified, cure_by = first, add_days(first, evaluation.agreement.target_cure_days)
    is_near = cure_by <= now + timedelta(days=AT_RISK_DAYS)
    return notified, cure_by if is_near and is_missed(evaluation.target, max(cure_by, now)) else None


def _find_first_miss(evaluation: TargetEvaluation, moments: Sequence[datetime], now: datetime) -> datetime | None:
    """Return `now` if the target is missed already, or else the first check that will find it missed."""
    if is_checkable(evaluation.target, now) and is_missed(evaluation.target, now):
        return now
    return find_first_miss(evaluation.target, moments)
