"""Scheduled tasks of the portal; each returns its result as text for the operations page."""

from allauth.account.models import EmailConfirmation
from django.utils import timezone

from lib.typed import shared_task
from portal import applications, channel_previews, daily_list, erasure, integrity_checks
from portal.models import IntegrityCheck
from portal.personal_data import retention


@shared_task
def send_daily_lists() -> str:
    recipients = daily_list.post_daily_lists(now=timezone.now())
    return f"daily list for {recipients} members of staff" if recipients else ""


@shared_task
def apply_approval_rule() -> str:
    approved, left = applications.apply_rule(now=timezone.now())
    return f"{approved} applications approved by the rule, {left} left to staff" if approved or left else ""


@shared_task
def fetch_channel_previews() -> str:
    fetched = channel_previews.fetch_previews(now=timezone.now())
    return f"{fetched} pages of channels fetched" if fetched else ""


@shared_task
def carry_out_erasures() -> str:
    erased = erasure.carry_out_requests(now=timezone.now())
    return f"{erased} affiliates erased" if erased else ""


@shared_task
def delete_retained_data() -> str:
    EmailConfirmation.objects.delete_expired_confirmations()
    deleted = retention.delete_due_data(now=timezone.now())
    return f"retained data of {deleted} affiliates deleted" if deleted else ""


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
    check = integrity_checks.run_check(name=name, now=timezone.now())
    return (check.violation or check.summary) if check else ""
