"""What the clock will ask of whom in the next 30 days, if no further order comes: worked out by the functions that will ask
it (CONTRACT 8, "staff see beforehand")."""

from collections.abc import Sequence
from datetime import datetime, time, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from affiliates.models import Affiliate
from agreements.models import AgreementVersion
from compliance.deadlines import add_days
from compliance.models import TargetNotice
from compliance.targets.arithmetic import AT_RISK_DAYS, find_first_miss, is_checkable, is_missed
from compliance.targets.checks import find_exempt_affiliates
from compliance.targets.target_evaluation import TargetEvaluation, evaluate_targets, list_active_affiliates


class TargetForecast(NamedTuple):
    """One affiliate who will be noticed, and reviewed, and when; None for not within these 30 days."""

    affiliate: Affiliate
    orders: int
    target: int
    agreement: AgreementVersion
    notified_at: datetime | None
    reviewed_at: datetime | None
    has_notice: bool


def forecast_targets(*, now: datetime) -> list[TargetForecast]:
    """Who will be noticed and who will be reviewed within 30 days of `now`, the soonest first, and who had notice already."""
    known = evaluate_targets(list_active_affiliates(), now=now)
    running = {
        notice.affiliate_id: notice
        for notice in TargetNotice.objects.filter(state=TargetNotice.State.RUNNING).select_related("agreement")
    }
    quiet = find_exempt_affiliates(known, now)
    found = [
        (evaluation, *_forecast_dates(evaluation, running.get(evaluation.affiliate_id), now))
        for evaluation in known
        if evaluation.affiliate_id in running or evaluation.affiliate_id not in quiet
    ]
    rows = [(evaluation, noticed, reviewed) for evaluation, noticed, reviewed in found if noticed or reviewed]
    people = Affiliate.objects.in_bulk([evaluation.affiliate_id for evaluation, _noticed, _reviewed in rows])
    result = [
        TargetForecast(
            affiliate=people[evaluation.affiliate_id],
            orders=evaluation.orders,
            target=evaluation.target.orders,
            agreement=evaluation.agreement,
            notified_at=noticed,
            reviewed_at=reviewed,
            has_notice=evaluation.affiliate_id in running,
        )
        for evaluation, noticed, reviewed in rows
    ]
    return sorted(result, key=lambda row: (row.reviewed_at or row.notified_at or now, row.affiliate.code))


def list_check_times(now: datetime, zone: ZoneInfo) -> list[datetime]:
    """When the next 30 daily questions will be asked: the first tick of each day of the program."""
    today = now.astimezone(zone).date()
    return [datetime.combine(today + timedelta(days=ahead), time(), zone) for ahead in range(1, AT_RISK_DAYS + 1)]


def _forecast_dates(
    evaluation: TargetEvaluation, notice: TargetNotice | None, now: datetime
) -> tuple[datetime | None, datetime | None]:
    """When they will be noticed and when a review will open."""
    if notice is not None:
        noticed, cure_by = notice.notified_at, notice.cure_by
    else:
        first = _find_first_miss(evaluation, list_check_times(now, evaluation.target.zone), now)
        if first is None:
            return None, None
        noticed, cure_by = first, add_days(first, evaluation.agreement.target_cure_days)
    within = cure_by <= now + timedelta(days=AT_RISK_DAYS)
    return noticed, cure_by if within and is_missed(evaluation.target, max(cure_by, now)) else None


def _find_first_miss(evaluation: TargetEvaluation, moments: Sequence[datetime], now: datetime) -> datetime | None:
    """`now` for who is missed today already and has not been asked yet, else the first question that will find it so."""
    if is_checkable(evaluation.target, now) and is_missed(evaluation.target, now):
        return now
    return find_first_miss(evaluation.target, moments)
