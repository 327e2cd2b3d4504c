"""What affiliates of the demo promote with: links with sub-ids, coupons, and channels that they add later."""

from datetime import datetime
from functools import partial

from affiliates import channels
from affiliates.models import Affiliate
from portal.demo.cast import Persona
from portal.demo.program import SHOP
from portal.demo.world import World, affiliate_of
from tracking.links import coupons, tracking_links
from tracking.models import Link

PAGES = (
    ("Front page", "/", ()),
    ("Raised beds", "/garden/raised-beds?view=all", ("garden", "spring")),
    ("Gifts", "/gifts", ("gifts",)),
)


def begin(world: World, persona: Persona, now: datetime) -> None:
    """Make two or three links, and get the coupon from staff."""
    affiliate = affiliate_of(persona)
    pages = PAGES if persona.share > 0.15 else PAGES[:2]
    world.links[persona.key] = [_link(affiliate, page, now) for page in pages]
    if persona.coupon:
        coupons.bind(affiliate=affiliate, code=persona.coupon, bound_from=now, now=now, by=world.staff["manager"])
    for kind in persona.channels.split():
        if kind.startswith("?"):
            later = world.days.ago(3, 8)
            world.diary.note(later, partial(_add_channel, persona, kind[1:]))


def _link(affiliate: Affiliate, page: tuple[str, str, tuple[str, ...]], now: datetime) -> Link:
    name, path, subs = page
    return tracking_links.create(
        affiliate=affiliate, target=f"{SHOP}{path}", name=name, subs=subs, now=now, by=affiliate.user
    )


def _add_channel(persona: Persona, kind: str, now: datetime) -> None:
    affiliate = affiliate_of(persona)
    address = f"https://{persona.key}.example/new-{kind}/"
    channels.add(affiliate=affiliate, kind=kind, address=address, now=now, by=affiliate.user)
