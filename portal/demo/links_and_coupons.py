"""The demo affiliates' tracking links with sub-IDs, coupons, and channels added later."""

from datetime import datetime
from functools import partial

from affiliates import channels
from affiliates.models import Affiliate
from portal.demo.context import DemoContext, get_affiliate
from portal.demo.personas import Persona
from portal.demo.program import SHOP_URL
from tracking.links import coupons, tracking_links
from tracking.models import Link

PAGES = (
    ("Front page", "/", ()),
    ("Raised beds", "/garden/raised-beds?view=all", ("garden", "spring")),
    ("Gifts", "/gifts", ("gifts",)),
)


def start_promoting(context: DemoContext, persona: Persona, now: datetime) -> None:
    """Create two or three links, assign the coupon and schedule the channels that are added later."""
    affiliate = get_affiliate(persona)
    pages = PAGES if persona.share > 0.15 else PAGES[:2]
    context.links[persona.key] = [_create_link(affiliate, page, now) for page in pages]
    if persona.coupon:
        coupons.assign_coupon(
            affiliate=affiliate,
            code=persona.coupon,
            assigned_from=now,
            now=now,
            by=context.staff["manager"],
            reason="Agreed with the affiliate.",
        )
    for kind in persona.channels.split():
        if kind.startswith("?"):
            later = context.days.ago(3, 8)
            context.timeline.schedule(later, partial(_add_channel, persona, kind[1:]))


def _create_link(affiliate: Affiliate, page: tuple[str, str, tuple[str, ...]], now: datetime) -> Link:
    name, path, sub_ids = page
    return tracking_links.create_link(
        affiliate=affiliate, target=f"{SHOP_URL}{path}", name=name, sub_ids=sub_ids, now=now, by=affiliate.user
    )


def _add_channel(persona: Persona, kind: str, now: datetime) -> None:
    affiliate = get_affiliate(persona)
    address = f"https://{persona.key}.example/new-{kind}/"
    channels.add(affiliate=affiliate, kind=kind, address=address, now=now, by=affiliate.user)
