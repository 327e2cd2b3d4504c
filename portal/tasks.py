"""What beat asks of the portal; each answers in words, for the operations page."""

from django.utils import timezone

from lib.typed import shared_task
from portal import daily_list, integrity_checks
from portal.models import IntegrityCheck


@shared_task
def send_daily_lists() -> str:
    """Post today's list of what waits, once a day."""
    told = daily_list.post_daily_lists(now=timezone.now())
    return f"the list of the day is for {told}" if told else ""


@shared_task
def verify_ledger() -> str:
    return _run_integrity_check(IntegrityCheck.Name.LEDGER)


@shared_task
def verify_acceptances() -> str:
    return _run_integrity_check(IntegrityCheck.Name.ACCEPTANCES)


@shared_task
def verify_rollups() -> str:
    return _run_integrity_check(IntegrityCheck.Name.ROLLUPS)


def _run_integrity_check(name: IntegrityCheck.Name) -> str:
    proof = integrity_checks.run_check(name=name, now=timezone.now())
    return (proof.violation or proof.summary) if proof else ""
