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
from portal.models import Proof
from tracking.models import Rollup

# In the small hours of UTC, as beat's clock; a night that was missed is made up for later in the day.
NOT_BEFORE = 2


class Outcome(NamedTuple):
    """What was compared, in words, and the first violation; "" where there is none."""

    proven: str
    violation: str


def _ledger() -> Outcome:
    findings = verification.verify()
    failed = [finding for finding in findings if finding.violations]
    first = f"{failed[0].invariant.name}: {failed[0].first} ({failed[0].violations} in all)" if failed else ""
    return Outcome(f"{len(findings) - len(failed)} of {len(findings)} invariants hold", first)


def _acceptances() -> Outcome:
    proven, wrong = chain.verify()
    return Outcome(f"{proven} acceptances", wrong)


def _rollups() -> Outcome:
    rollups.fold(wait=True)
    found = [rollup_check.compare(dimension) for dimension in Rollup.Dimension]
    first = next((str(one.first) for one in found if one.first), "")
    return Outcome(f"{sum(one.rollups for one in found)} roll-ups", first)


PROOFS: dict[Proof.Name, Callable[[], Outcome]] = {
    Proof.Name.LEDGER: _ledger,
    Proof.Name.ACCEPTANCES: _acceptances,
    Proof.Name.ROLLUPS: _rollups,
}


def prove(*, name: Proof.Name, now: datetime) -> Proof | None:
    """Prove `name` if this day has no proof of it yet and the night has come; staff are told of the first violation.

    Asked again it answers None, and asked twice at once it is written, and told, once.
    """
    if now.hour < NOT_BEFORE or Proof.objects.filter(name=name, day=now.date()).exists():
        return None
    began = time.monotonic()
    outcome = PROOFS[name]()
    proof = Proof(
        name=name,
        day=now.date(),
        began_at=now,
        seconds=time.monotonic() - began,
        proven=outcome.proven[:200],
        violation=outcome.violation,
    )
    with transaction.atomic():
        Proof.objects.bulk_create([proof], ignore_conflicts=True)
        if proof.violation:
            alerts.alert_staff(
                kind="proof_failed",
                key=f"{name}:{proof.day}",
                context={"of": str(name.label), "day": str(proof.day), "violation": proof.violation[:500]},
            )
    return proof


def latest() -> list[Proof]:
    """The newest proof of each thing that has one."""
    newest = Proof.objects.order_by("name", "-day").distinct("name")
    return sorted(newest, key=lambda proof: list(PROOFS).index(Proof.Name(proof.name)))
