"""The demo from beginning to end: a year and a bit of a fictional shop's program, by the product's own functions.

Every function is given the moment of the story at which it happens, so that what comes out follows from `now` alone.
"""

from datetime import datetime

from django.contrib.auth.hashers import make_password
from django.db import connection

from accounts.models import User
from affiliates.models import Affiliate
from agreements.models import Agreement, Program
from compliance.offboarding import termination
from compliance.reviews import deadlines_task
from compliance.signals import signals
from compliance.targets import checks
from lib.errors import Refused
from mail.archive import archive
from payouts.closing.open_program import open_program
from payouts.commissions import rollups
from portal.demo import balances, conduct, inbox, offers, people, program, reports, reviewing
from portal.demo.cast import DOMAIN
from portal.demo.days import Days
from portal.demo.diary import Diary
from portal.demo.logins import OWNER, PASSWORD
from portal.demo.months import Months
from portal.demo.shop import Shop
from portal.demo.world import World

# Every so many days the clock is asked, and the shop sends what it has.
CLOCK, POST = 3, 7


def is_empty() -> bool:
    """Whether the database holds no program yet: no version of an agreement and no affiliate."""
    return not Agreement.objects.exists() and not Affiliate.objects.exists()


def is_unfinished() -> bool:
    """Whether somebody stopped the demo while it was made: its owner is there, and the program is not open."""
    return User.objects.filter(email=OWNER.email).exists() and not Program.objects.exclude(opened_at=None).exists()


def tell(*, now: datetime) -> None:
    """Fill an empty database with the demo program, and open it; refuses any other.

    No transaction holds all of it, as each close is one of its own: whoever stops it in the middle begins again with an
    empty database.
    """
    if not is_empty():
        raise Refused("There is a program already: the demo needs an empty database.")
    world = World(Days(now), Diary(until=now))
    program.found(world)
    people.arrive(world)
    shop = Shop(world)
    for part in (balances.touch, conduct.happen, offers.make, reports.arrive, reviewing.conduct):
        part(world)
    inbox.fill(world, shop)
    Months(world).begin()
    _note_the_clock(world, shop)
    world.diary.live(shop.take_in)
    open_program(now=now, by=world.staff[OWNER.key])
    checks.check(now=now)
    signals.look(now=now)
    archive(now=now)
    rollups.fold(wait=True)
    # One hash for all: each costs a tenth of a second on purpose.
    User.objects.filter(email__endswith=f"@{DOMAIN}").update(password=make_password(PASSWORD))
    # So many rows at once: until PostgreSQL counts them by itself, it would take the slow way through them.
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


def _note_the_clock(world: World, shop: Shop) -> None:
    """What beat asks every few minutes is asked every few days."""
    for ago in range((world.days.now - world.days.start).days, -1, -1):
        if ago % POST == 0:
            world.diary.note(world.days.ago(ago, 5), shop.take_in)
        if ago % CLOCK == 0:
            world.diary.note(world.days.ago(ago, 6), _ask)


def _ask(now: datetime) -> None:
    deadlines_task.keep_deadlines(now=now)
    termination.carry_out(now=now)
    archive(now=now)
