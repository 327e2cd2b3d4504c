"""What the parts of the demo share while it is made."""

from dataclasses import dataclass, field

from accounts.models import ApiKey, User
from affiliates.models import Affiliate
from portal.demo.cast import Part, Persona
from portal.demo.days import Days
from portal.demo.diary import Diary
from portal.demo.roll import playing
from tracking.models import Link


@dataclass
class World:
    """The moments, the diary, the members of staff by their logins' keys, each persona's links, and the shop's key."""

    days: Days
    diary: Diary
    staff: dict[str, User] = field(default_factory=dict)
    links: dict[str, list[Link]] = field(default_factory=dict)
    api_key: ApiKey | None = None


def affiliate_of(persona: Persona) -> Affiliate:
    """The affiliate as they stand now."""
    return Affiliate.objects.select_related("user").get(user__email=persona.email)


def affiliate_playing(part: Part) -> Affiliate:
    """The one affiliate who plays `part`."""
    (persona,) = playing(part)
    return affiliate_of(persona)
