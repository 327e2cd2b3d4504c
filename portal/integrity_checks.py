"""Proving every night that what must never be false is not (RELIABILITY 1): the ledger, acceptances, roll-ups."""

import time
from collections.abc import Callable
from datetime import datetime
from typing import NamedTuple

from django.db import transaction

from agreements import chain
from mail import alerts
from payouts.closing import verification
from payouts.commissions import rollup_check, rollups
from portal.models import IntegrityCheck
from tracking.models import Rollup

# In the small hours of UTC, as beat's clock; a night that was missed is made up for later in the day.
EARLIEST_HOUR = 2


class Outcome(NamedTuple):
    """What was compared, in words, and the first violation; "" where there is none."""

    summary: str
    violation: str


def _check_ledger() -> Outcome:
    findings = verification.check_invariants()
    failed = [finding for finding in findings if finding.violations]
    first = f"{failed[0].invariant.name}: {failed[0].first} ({failed[0].violations} in all)" if failed else ""
    return Outcome(f"{len(findings) - len(failed)} of {len(findings)} invariants hold", first)


def _check_acceptances() -> Outcome:
    proven, wrong = chain.verify_chain()
    return Outcome(f"{proven} acceptances", wrong)


def _check_rollups() -> Outcome:
    rollups.fold_rollups(wait=True)
    found = [rollup_check.compare_rollups(dimension) for dimension in Rollup.Dimension]
    first = next((str(one.first) for one in found if one.first), "")
    return Outcome(f"{sum(one.rollups for one in found)} roll-ups", first)


CHECKS: dict[IntegrityCheck.Name, Callable[[], Outcome]] = {
    IntegrityCheck.Name.LEDGER: _check_ledger,
    IntegrityCheck.Name.ACCEPTANCES: _check_acceptances,
    IntegrityCheck.Name.ROLLUPS: _check_rollups,
}


def run_check(*, name: IntegrityCheck.Name, now: datetime) -> IntegrityCheck | None:
    """Prove `name` if this day has no proof of it yet and the night has come; staff are told of the first violation.

    Asked again it answers None, and asked twice at once it is written, and told, once.
    """
    if now.hour < EARLIEST_HOUR or IntegrityCheck.objects.filter(name=name, day=now.date()).exists():
        return None
    began = time.monotonic()
    outcome = CHECKS[name]()
    proof = IntegrityCheck(
        name=name,
        day=now.date(),
        started_at=now,
        seconds=time.monotonic() - began,
        summary=outcome.summary[:200],
        violation=outcome.violation,
    )
    with transaction.atomic():
        IntegrityCheck.objects.bulk_create([proof], ignore_conflicts=True)
        if proof.violation:
            alerts.alert_staff(
                kind="verification_failed",
                key=f"{name}:{proof.day}",
                context={"check": str(name.label), "day": str(proof.day), "violation": proof.violation[:500]},
            )
    return proof


def list_latest_checks() -> list[IntegrityCheck]:
    """The newest proof of each thing that has one."""
    newest = IntegrityCheck.objects.order_by("name", "-day").distinct("name")
    return sorted(newest, key=lambda proof: list(CHECKS).index(IntegrityCheck.Name(proof.name)))
