"""What beat asks of the portal; each answers in words, for the operations page."""

from celery import shared_task
from django.utils import timezone

from portal import daily_list, proofs
from portal.models import Proof


@shared_task  # type: ignore[untyped-decorator]  # Celery has no types
def tell_staff() -> str:
    """Post today's list of what waits, once a day."""
    told = daily_list.post(now=timezone.now())
    return f"the list of the day is for {told}" if told else ""


@shared_task  # type: ignore[untyped-decorator]  # Celery has no types
def verify_ledger() -> str:
    return _proven(Proof.Name.LEDGER)


@shared_task  # type: ignore[untyped-decorator]  # Celery has no types
def verify_acceptances() -> str:
    return _proven(Proof.Name.ACCEPTANCES)


@shared_task  # type: ignore[untyped-decorator]  # Celery has no types
def verify_rollups() -> str:
    return _proven(Proof.Name.ROLLUPS)


def _proven(name: Proof.Name) -> str:
    proof = proofs.prove(name=name, now=timezone.now())
    return (proof.violation or proof.proven) if proof else ""
