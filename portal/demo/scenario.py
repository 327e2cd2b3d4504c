"""The demo from beginning to end: a year and a bit of a fictional shop's program, by the product's own functions.

Every function is given the moment of the story at which it happens, so that what comes out follows from `now` alone.
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
from portal.demo import abuse_reports, balances, conduct, people, program, promotions, rejected_orders, review_cases
from portal.demo.closes import MonthlyCloses
from portal.demo.context import DemoContext
from portal.demo.days import Days
from portal.demo.logins import OWNER, PASSWORD
from portal.demo.personas import DOMAIN
from portal.demo.shop import Shop
from portal.demo.timeline import Timeline

# Every so many days the clock is asked, and the shop sends what it has.
TASK_INTERVAL_DAYS, SEND_INTERVAL_DAYS = 3, 7


def is_empty() -> bool:
    """Whether the database holds no program yet: no version of an agreement and no affiliate."""
    return not AgreementVersion.objects.exists() and not Affiliate.objects.exists()


def is_unfinished() -> bool:
    """Whether somebody stopped the demo while it was made: its owner is there, and the program is not open."""
    return User.objects.filter(email=OWNER.email).exists() and not Program.objects.exclude(opened_at=None).exists()


def build_demo(*, now: datetime) -> None:
    """Fill an empty database with the demo program, and open it; refuses any other.

    No transaction holds all of it, as each close is one of its own: whoever stops it in the middle begins again with an
    empty database.
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
        abuse_reports.schedule_abuse_reports,
        review_cases.schedule_reviews,
    ):
        part(context)
    rejected_orders.schedule_rejected_orders(context, shop)
    MonthlyCloses(context).schedule_closes()
    _schedule_tasks(context, shop)
    context.timeline.run(shop.advance_to)
    open_program(now=now, by=context.staff[OWNER.key])
    checks.check_targets(now=now)
    signals.detect_signals(now=now)
    archive(now=now)
    rollups.fold_rollups(wait=True)
    # One hash for all: each costs a tenth of a second on purpose.
    User.objects.filter(email__endswith=f"@{DOMAIN}").update(password=make_password(PASSWORD))
    # So many rows at once: until PostgreSQL counts them by itself, it would take the slow way through them.
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


def _schedule_tasks(context: DemoContext, shop: Shop) -> None:
    """What beat asks every few minutes is asked every few days."""
    for ago in range((context.days.now - context.days.start).days, -1, -1):
        if ago % SEND_INTERVAL_DAYS == 0:
            context.timeline.schedule(context.days.ago(ago, 5), shop.advance_to)
        if ago % TASK_INTERVAL_DAYS == 0:
            context.timeline.schedule(context.days.ago(ago, 6), _run_tasks)


def _run_tasks(now: datetime) -> None:
    deadlines_task.enforce_deadlines(now=now)
    notice_expiry.apply_expired_notices(now=now)
    archive(now=now)
