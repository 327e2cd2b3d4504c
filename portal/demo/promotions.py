"""The promotions of the demo: an ended one for all affiliates and a running one for the first affiliates."""

from datetime import datetime, timedelta
from decimal import Decimal
from functools import partial

from agreements import promotions
from portal.demo.context import DemoContext, get_affiliate
from portal.demo.logins import OWNER
from portal.demo.persona_data import find_personas
from portal.demo.personas import Situation


def schedule_promotions(context: DemoContext) -> None:
    """Schedule the creation of both promotions."""
    context.timeline.schedule(context.days.ago(105), partial(_create_for_all, context))
    context.timeline.schedule(context.days.ago(6), partial(_create_for_founders, context))


def _create_for_all(context: DemoContext, now: datetime) -> None:
    promotions.create_promotion(
        name="Garden weeks",
        rate=Decimal("7.50"),
        categories=["sports-garden"],
        affiliates=[],
        starts_at=now + timedelta(days=5),
        ends_at=now + timedelta(days=33),
        now=now,
        by=context.staff[OWNER.key],
    )


def _create_for_founders(context: DemoContext, now: datetime) -> None:
    promotions.create_promotion(
        name="Thank you, founders",
        rate=Decimal("8.00"),
        categories=["home-decor", "lights-lighting"],
        affiliates=[get_affiliate(persona) for persona in find_personas(Situation.ACCEPTED_ON_PAPER)],
        starts_at=now + timedelta(days=2),
        ends_at=now + timedelta(days=32),
        now=now,
        by=context.staff[OWNER.key],
    )
