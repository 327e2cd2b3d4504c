"""What the public reports of abuse in the demo: one report waits, one was put aside, one led to a review."""

from datetime import datetime, timedelta
from functools import partial

from affiliates.models import Affiliate
from compliance.models import Signal
from compliance.signals import abuse_reports, dismissal
from portal.demo.cast import Part
from portal.demo.world import World, affiliate_playing
from tracking.links import tracking_links


def arrive(world: World) -> None:
    """Note those that led to no review."""
    world.diary.note(world.days.ago(26, 14), partial(_unfounded, world))
    world.diary.note(world.days.ago(2, 14), _waiting)


def of(affiliate: Affiliate, text: str, now: datetime) -> Signal:
    """A report by somebody who saw the first link of `affiliate`."""
    link = affiliate.links.earliest("created_at", "id")
    where = affiliate.channels.earliest("added_at", "id").address
    return abuse_reports.report(
        where=where, link_or_coupon=tracking_links.short_address(link), text=text, email="reader@example.com", now=now
    )


def _waiting(now: datetime) -> None:
    of(affiliate_playing(Part.STRAY), "This link is posted under every second recipe on a bargain board.", now)


def _unfounded(world: World, now: datetime) -> None:
    signal = of(affiliate_playing(Part.CLEARED), "He never answers my letters!", now)
    aside = partial(_put_aside, world, signal)
    world.diary.note(now + timedelta(days=1), aside)


def _put_aside(world: World, signal: Signal, now: datetime) -> None:
    reason = "No offence: it is about letters."
    dismissal.dismiss(signal=signal, reason=reason, now=now, by=world.staff["reviewer"])
