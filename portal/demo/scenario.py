"""Build the demo: thirteen months of a fictional shop's program, by the product's own functions.

Every function is called with the time at which it happens in the demo, so the result depends on `now` alone.
"""

from datetime import datetime

from django.contrib.auth.hashers import make_password
from django.db import connection

from accounts.models import User
from affiliates.models import Affiliate
from agreements.models import AgreementVersion, Program
from compliance.offboarding import notice_expiry
from compliance.reviews import deadlines_task
from compliance.signals import signals
from compliance.targets import checks
from lib.errors import NotAllowed
from mail.outbox import archive
from payouts.closing.open_program import open_program
from payouts.commissions import rollups
from portal.demo import (
    abuse_reports,
    balances,
    conduct,
    correspondence,
    creatives,
    people,
    program,
    promotions,
    rejected_orders,
    review_cases,
    staff_notes,
)
from portal.demo.closes import MonthlyCloses
from portal.demo.context import DemoContext
from portal.demo.logins import OWNER, PASSWORD
from portal.demo.personas import DOMAIN
from portal.demo.planning import Days
from portal.demo.shop import Shop
from portal.demo.timeline import Timeline

# Days between runs of the scheduled tasks, and between the shop's deliveries of orders.
TASK_INTERVAL_DAYS, SEND_INTERVAL_DAYS = 3, 7


def is_empty() -> bool:
    """Return whether the database holds no program: no agreement version and no affiliate."""
    return not AgreementVersion.objects.exists() and not Affiliate.objects.exists()


def is_unfinished() -> bool:
    """Return whether building the demo was interrupted: its owner exists, but the program is not open."""
    return User.objects.filter(email=OWNER.email).exists() and not Program.objects.exclude(opened_at=None).exists()


def build_demo(*, now: datetime) -> None:
    """Fill an empty database with the demo program and open it.

    This is not one transaction, because each close needs one of its own. After an interruption, start again with an
    empty database.

    Raises NotAllowed if the database holds a program.
    """
    if not is_empty():
        raise NotAllowed("The database already has a program: the demo needs an empty database.")
    context = DemoContext(Days(now), Timeline(until=now))
    program.create_program(context)
    people.schedule_applications(context)
    shop = Shop(context)
    for part in (
        balances.schedule_balance_changes,
        conduct.schedule_conduct,
        promotions.schedule_promotions,
        creatives.schedule_creatives,
        abuse_reports.schedule_abuse_reports,
        review_cases.schedule_reviews,
        staff_notes.schedule_staff_notes,
        correspondence.schedule_correspondence,
    ):
        part(context)
    rejected_orders.schedule_rejected_orders(context, shop)
    MonthlyCloses(context).schedule_closes()
    _schedule_tasks(context, shop)
    context.timeline.run(shop.advance_to, lambda at: archive(now=at))
    open_program(now=now, by=context.staff[OWNER.key])
    checks.check_targets(now=now)
    signals.detect_signals(now=now)
    archive(now=now)
    correspondence.mark_old_read(now)
    rollups.fold_rollups(wait=True)
    # One hash for all accounts: computing it is slow on purpose.
    User.objects.filter(email__endswith=f"@{DOMAIN}").update(password=make_password(PASSWORD))
    # Until autovacuum has seen this many new rows, PostgreSQL would choose slow query plans.
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


def _schedule_tasks(context: DemoContext, shop: Shop) -> None:
    """Schedule the shop's deliveries and, every few days instead of minutes, the scheduled tasks."""
    for ago in range((context.days.now - context.days.start).days, -1, -1):
        if ago % SEND_INTERVAL_DAYS == 0:
            context.timeline.schedule(context.days.ago(ago, 5), shop.advance_to)
        if ago % TASK_INTERVAL_DAYS == 0:
            context.timeline.schedule(context.days.ago(ago, 6), _run_tasks)


def _run_tasks(now: datetime) -> None:
    deadlines_task.enforce_deadlines(now=now)
    notice_expiry.apply_expired_notices(now=now)
