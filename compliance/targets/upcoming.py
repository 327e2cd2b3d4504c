"""What the clock will ask of whom in the next 30 days, if no further order comes: worked out by the functions that will ask
it (CONTRACT 8, "staff see beforehand")."""

from collections.abc import Sequence
from datetime import datetime, time, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from affiliates.models import Affiliate
from agreements.models import Agreement
from compliance.deadlines import days_after
from compliance.models import TargetNotice
from compliance.targets.arithmetic import AT_RISK_DAYS, is_asked, is_missed, missed_first
from compliance.targets.checks import resting
from compliance.targets.reading import Standing, active_affiliates, standings


class Ahead(NamedTuple):
    """One affiliate who will be noticed, and reviewed, and when; None for not within these 30 days."""

    affiliate: Affiliate
    orders: int
    target: int
    agreement: Agreement
    noticed_at: datetime | None
    reviewed_at: datetime | None
    has_notice: bool


def ahead(*, now: datetime) -> list[Ahead]:
    """Who will be noticed and who will be reviewed within 30 days of `now`, the soonest first, and who had notice already."""
    known = standings(active_affiliates(), now=now)
    running = {
        notice.affiliate_id: notice
        for notice in TargetNotice.objects.filter(state=TargetNotice.State.RUNNING).select_related("agreement")
    }
    quiet = resting(known, now)
    found = [
        (standing, *_dates(standing, running.get(standing.affiliate_id), now))
        for standing in known
        if standing.affiliate_id in running or standing.affiliate_id not in quiet
    ]
    rows = [(standing, noticed, reviewed) for standing, noticed, reviewed in found if noticed or reviewed]
    people = Affiliate.objects.in_bulk([standing.affiliate_id for standing, _noticed, _reviewed in rows])
    result = [
        Ahead(
            affiliate=people[standing.affiliate_id],
            orders=standing.orders,
            target=standing.target.orders,
            agreement=standing.agreement,
            noticed_at=noticed,
            reviewed_at=reviewed,
            has_notice=standing.affiliate_id in running,
        )
        for standing, noticed, reviewed in rows
    ]
    return sorted(result, key=lambda row: (row.reviewed_at or row.noticed_at or now, row.affiliate.code))


def questions(now: datetime, zone: ZoneInfo) -> list[datetime]:
    """When the next 30 daily questions will be asked: the first tick of each day of the program."""
    today = now.astimezone(zone).date()
    return [datetime.combine(today + timedelta(days=ahead), time(), zone) for ahead in range(1, AT_RISK_DAYS + 1)]


def _dates(standing: Standing, notice: TargetNotice | None, now: datetime) -> tuple[datetime | None, datetime | None]:
    """When they will be noticed and when a review will open."""
    if notice is not None:
        noticed, cure_by = notice.noticed_at, notice.cure_by
    else:
        first = _first_missed(standing, questions(now, standing.target.zone), now)
        if first is None:
            return None, None
        noticed, cure_by = first, days_after(first, standing.agreement.target_cure_days)
    within = cure_by <= now + timedelta(days=AT_RISK_DAYS)
    return noticed, cure_by if within and is_missed(standing.target, max(cure_by, now)) else None


def _first_missed(standing: Standing, moments: Sequence[datetime], now: datetime) -> datetime | None:
    """`now` for who is missed today already and has not been asked yet, else the first question that will find it so."""
    if is_asked(standing.target, now) and is_missed(standing.target, now):
        return now
    return missed_first(standing.target, moments)
