"""What the parts of the demo share while it is made."""

from dataclasses import dataclass, field

from accounts.models import ApiKey, User
from affiliates.models import Affiliate
from portal.demo.days import Days
from portal.demo.persona_data import find_personas
from portal.demo.personas import Persona, Situation
from portal.demo.timeline import Timeline
from tracking.models import Link


@dataclass
class DemoContext:
    """The moments, the timeline, the members of staff by their logins' keys, each persona's links, and the shop's key."""

    days: Days
    timeline: Timeline
    staff: dict[str, User] = field(default_factory=dict)
    links: dict[str, list[Link]] = field(default_factory=dict)
    api_key: ApiKey | None = None


def get_affiliate(persona: Persona) -> Affiliate:
    """The affiliate as they stand now."""
    return Affiliate.objects.select_related("user").get(user__email=persona.email)


def get_affiliate_in(part: Situation) -> Affiliate:
    """The one affiliate who plays `part`."""
    (persona,) = find_personas(part)
    return get_affiliate(persona)
