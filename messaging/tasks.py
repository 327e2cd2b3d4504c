"""Scheduled tasks; each returns a summary for the operations page."""

from django.utils import timezone

from lib.typed import shared_task
from messaging import announcements, digests, sales


@shared_task
def deliver_announcements() -> str:
    number = announcements.deliver_batches(now=timezone.now())
    return f"announcements for {number} affiliates" if number else ""


@shared_task
def send_sale_emails() -> str:
    number = sales.send_sale_emails(now=timezone.now())
    return f"{number} e-mails about new commissions" if number else ""


@shared_task
def send_weekly_digests() -> str:
    number = digests.send_due_digests(now=timezone.now())
    return f"{number} weekly summaries" if number else ""
