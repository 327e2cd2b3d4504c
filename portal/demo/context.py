"""The state that the parts of the demo share while it is built."""

from dataclasses import dataclass, field

from accounts.models import ApiKey, User
from affiliates.models import Affiliate
from portal.demo.persona_data import find_personas
from portal.demo.personas import Persona, Situation
from portal.demo.planning import Days
from portal.demo.timeline import Timeline
from tracking.models import Link


@dataclass
class DemoContext:
    """Hold the dates, the timeline, staff by login key, links by persona key, and the shop's API key."""

    days: Days
    timeline: Timeline
    staff: dict[str, User] = field(default_factory=dict)
    links: dict[str, list[Link]] = field(default_factory=dict)
    api_key: ApiKey | None = None


def get_affiliate(persona: Persona) -> Affiliate:
    """Return the persona's affiliate as currently stored."""
    return Affiliate.objects.select_related("user").get(user__email=persona.email)


def get_affiliate_in(situation: Situation) -> Affiliate:
    """Return the only affiliate in this situation."""
    (persona,) = find_personas(situation)
    return get_affiliate(persona)
