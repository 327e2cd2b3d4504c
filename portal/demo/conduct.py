"""Conduct in the demo beside the reviews: a suspension, notices of termination, and affiliates who leave."""

from datetime import datetime
from functools import partial

from compliance.models import TerminationNotice
from compliance.offboarding import suspension, termination
from portal.demo.cast import STOPPED, Part
from portal.demo.world import World, affiliate_playing

WHY_NOTICE = "We end our work with sites that have not been updated for a year."
NOTICE_DAYS = 30


def happen(world: World) -> None:
    """Note all of it."""
    days, note = world.days, world.diary.note
    note(days.ago(STOPPED[Part.SUSPENDED]), partial(_suspend, world))
    note(days.ago(STOPPED[Part.LEAVING], 20), partial(_leave, Part.LEAVING, "I am closing my blog."))
    note(days.ago(STOPPED[Part.LEFT], 20), partial(_leave, Part.LEFT, ""))
    note(days.ago(STOPPED[Part.ENDED] + NOTICE_DAYS), partial(_give_notice, world, Part.ENDED))
    note(days.ago(9), partial(_give_notice, world, Part.NOTICED))


def _suspend(world: World, now: datetime) -> None:
    suspension.suspend(
        affiliate=affiliate_playing(Part.SUSPENDED),
        reason="Mails to you come back, and your site is down. Write to us and we take it up again.",
        now=now,
        by=world.staff["reviewer"],
    )


def _leave(part: Part, reason: str, now: datetime) -> None:
    affiliate = affiliate_playing(part)
    termination.leave(affiliate=affiliate, now=now, by=affiliate.user, reason=reason)


def _give_notice(world: World, part: Part, now: datetime) -> None:
    termination.give_notice(
        affiliate=affiliate_playing(part),
        ground=TerminationNotice.Ground.CHOICE,
        reason=WHY_NOTICE,
        now=now,
        by=world.staff["reviewer"],
    )
