"""The promotions of the demo: one that is over, for everybody, and one that runs, for those who were there first."""

from datetime import datetime, timedelta
from decimal import Decimal
from functools import partial

from agreements import promotions
from portal.demo.cast import Part
from portal.demo.logins import OWNER
from portal.demo.roll import playing
from portal.demo.world import World, affiliate_of


def make(world: World) -> None:
    """Note their announcements."""
    world.diary.note(world.days.ago(105), partial(_for_everybody, world))
    world.diary.note(world.days.ago(6), partial(_for_founders, world))


def _for_everybody(world: World, now: datetime) -> None:
    promotions.create(
        name="Garden weeks",
        rate=Decimal("7.50"),
        categories=["sports-garden"],
        affiliates=[],
        starts_at=now + timedelta(days=5),
        ends_at=now + timedelta(days=33),
        now=now,
        by=world.staff[OWNER.key],
    )


def _for_founders(world: World, now: datetime) -> None:
    promotions.create(
        name="Thank you, founders",
        rate=Decimal("8.00"),
        categories=["home-decor", "lights-lighting"],
        affiliates=[affiliate_of(persona) for persona in playing(Part.PAPER)],
        starts_at=now + timedelta(days=2),
        ends_at=now + timedelta(days=32),
        now=now,
        by=world.staff[OWNER.key],
    )
