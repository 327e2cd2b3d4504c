"""Nightly integrity checks of the ledger, the chain of acceptances and the daily totals."""

import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import NamedTuple

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet

from agreements import chain
from lib.formatting import lazy_date
from mail import alerts
from payouts.closing import verification
from payouts.commissions import rollup_check, rollups
from portal.models import IntegrityCheck
from tracking.models import Rollup

# In UTC; a missed night is caught up later in the day.
EARLIEST_HOUR = 2


class Outcome(NamedTuple):
    """What was compared, as text, and the first violation; "" if there is none."""

    summary: str
    violation: str


def _check_ledger() -> Outcome:
    findings = verification.check_invariants()
    failed = [finding for finding in findings if finding.violations]
    violation = f"{failed[0].invariant.name}: {failed[0].first} ({failed[0].violations} in all)" if failed else ""
    return Outcome(f"{len(findings) - len(failed)} of {len(findings)} invariants hold", violation)


def _check_acceptances() -> Outcome:
    verified, violation = chain.verify_chain()
    return Outcome(f"{verified} acceptances", violation)


def _check_rollups() -> Outcome:
    rollups.fold_rollups(wait=True)
    comparisons = [rollup_check.compare_rollups(dimension) for dimension in Rollup.Dimension]
    violation = next((str(comparison.first) for comparison in comparisons if comparison.first), "")
    return Outcome(f"{sum(comparison.rollups for comparison in comparisons)} daily totals", violation)


CHECKS: dict[IntegrityCheck.Name, Callable[[], Outcome]] = {
    IntegrityCheck.Name.LEDGER: _check_ledger,
    IntegrityCheck.Name.ACCEPTANCES: _check_acceptances,
    IntegrityCheck.Name.ROLLUPS: _check_rollups,
}


def run_check(*, name: IntegrityCheck.Name, now: datetime) -> IntegrityCheck | None:
    """Run the check `name` once a day, after `EARLIEST_HOUR`; alert staff of the first violation.

    Return None if it is too early or today's check exists. Two runs at the same time store one result and send one
    alert.
    """
    if now.hour < EARLIEST_HOUR or IntegrityCheck.objects.filter(name=name, day=now.date()).exists():
        return None
    started = time.monotonic()
    outcome = CHECKS[name]()
    check = IntegrityCheck(
        name=name,
        day=now.date(),
        started_at=now,
        seconds=time.monotonic() - started,
        summary=outcome.summary[:200],
        violation=outcome.violation,
    )
    with transaction.atomic():
        IntegrityCheck.objects.bulk_create([check], ignore_conflicts=True)
        if check.violation:
            alerts.alert_staff(
                kind="integrity_check_failed",
                key=f"{name}:{check.day}",
                context={"check": name.label, "day": lazy_date(check.day), "violation": check.violation[:500]},
            )
    return check


def get_first_check_time(started: datetime, every: timedelta) -> datetime:
    """Return by when the first checks have run, if scheduled tasks first ran at `started` and those of checks `every`."""
    return every + max(started, started.replace(hour=EARLIEST_HOUR, minute=0, second=0, microsecond=0))


def list_latest_checks() -> list[IntegrityCheck]:
    """Return the newest result of each check that has one."""
    newest = IntegrityCheck.objects.order_by("name", "-day").distinct("name")
    return sorted(newest, key=lambda check: list(CHECKS).index(IntegrityCheck.Name(check.name)))


def list_failed() -> QuerySet[IntegrityCheck]:
    """Return the checks whose newest result is a violation."""
    newer = IntegrityCheck.objects.filter(name=OuterRef("name"), day__gt=OuterRef("day"))
    return IntegrityCheck.objects.exclude(violation="").filter(~Exists(newer))
