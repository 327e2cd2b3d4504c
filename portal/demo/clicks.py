"""The clicks of the demo: those that led to orders, and the many more that did not."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from random import Random
from typing import NamedTuple
from uuid import UUID

from django.db import connection

from portal.demo.goods import estimate_demand
from portal.demo.persona_data import PERSONAS
from portal.demo.personas import Persona, Situation
from portal.demo.planning import Days, make_random
from tracking.clicks import click_store
from tracking.clicks.click_ids import generate_nonce
from tracking.clicks.user_agents import detect_device
from tracking.models import Click, Link

# Clicks without an order, for each order.
IDLE_CLICKS_PER_ORDER = 9.0
WEBKIT = "AppleWebKit/537.36 (KHTML, like Gecko) Chrome/138.0.0.0"
SAFARI = "AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Safari/604.1"
USER_AGENTS = (
    f"Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) {SAFARI}",
    f"Mozilla/5.0 (Linux; Android 15) {WEBKIT} Mobile Safari/537.36",
    f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {WEBKIT} Safari/537.36",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10.15; rv:140.0) Gecko/20100101 Firefox/140.0",
)
ROBOT_USER_AGENT = "Mozilla/5.0 (compatible; examplebot/2.1)"
# Networks reserved for documentation, truncated as every address is before it is stored.
NETWORKS = ("192.0.2.0", "198.51.100.0", "203.0.113.0", "2001:db8:17::", "2001:db8:a4::")
CAMPAIGNS = ("", "", "post-12", "post-31", "letter-07", "reel", "pinned")
# The affiliate who promotes on an undeclared site does so since this many days, on this host.
UNDECLARED_DAYS, UNDECLARED_HOST = 20, "bargain-board.example"
KIND_WEIGHTS = {Click.Kind.COUNTED: 93, Click.Kind.BOT: 4, Click.Kind.PREFETCH: 2, Click.Kind.HEAD: 1}


class PlannedClick(NamedTuple):
    """A click to record; `nonce` is that of its click ID."""

    at: datetime
    persona: Persona
    link: int
    kind: Click.Kind
    nonce: UUID
    browser: str
    network: str
    site: str
    campaign: str


def plan_clicks(days: Days) -> list[PlannedClick]:
    """Return the clicks that lead to no order, oldest first."""
    clicks = [click for persona in PERSONAS if persona.has_promoted for click in _plan_persona_clicks(persona, days)]
    return sorted((click for click in clicks if click.at < days.now), key=lambda click: click.at)


def _plan_persona_clicks(persona: Persona, days: Days) -> Iterator[PlannedClick]:
    chance = make_random(f"clicks of {persona.key}", days.now)
    for ago in range(persona.joined - 5, persona.last_order_days_ago - 1, -1):
        for _click in range(
            round(persona.share * IDLE_CLICKS_PER_ORDER * estimate_demand(days.ago(ago)) * chance.expovariate(1))
        ):
            at = days.ago(ago, 0) + timedelta(seconds=chance.randrange(86_400))
            kind = chance.choices(list(KIND_WEIGHTS), list(KIND_WEIGHTS.values()))[0]
            link = chance.choices([0, 1, 2], [60, 28, 12])[0]
            click = make_click(persona, at=at, link=link, kind=kind, chance=chance)
            undeclared = (
                persona.situation is Situation.UNDECLARED_SITE and ago < UNDECLARED_DAYS and chance.random() < 0.5
            )
            yield click._replace(site=UNDECLARED_HOST) if undeclared else click


def make_click(
    persona: Persona, *, at: datetime, link: int, chance: Random, kind: Click.Kind = Click.Kind.COUNTED
) -> PlannedClick:
    """Return a click with a random browser, network and campaign, from one of the persona's sites."""
    return PlannedClick(
        at=at,
        persona=persona,
        link=link,
        kind=kind,
        nonce=generate_nonce(at, chance),
        browser=ROBOT_USER_AGENT if kind is Click.Kind.BOT else chance.choice(USER_AGENTS),
        network=chance.choice(NETWORKS),
        site=chance.choice(persona.sites or [""]),
        campaign=chance.choice(CAMPAIGNS),
    )


def get_link(click: PlannedClick, links: dict[str, list[Link]]) -> Link:
    """Return the clicked link; a persona with fewer links than `click.link` gets the click on the last one."""
    persona_links = links[click.persona.key]
    return persona_links[min(click.link, len(persona_links) - 1)]


def record_clicks(clicks: list[PlannedClick], links: dict[str, list[Link]]) -> None:
    """Store the clicks as the redirect does."""
    if clicks:
        with connection.cursor() as cursor:
            click_store.insert_rows(cursor, [_build_row(click, get_link(click, links)) for click in clicks])


def _build_row(click: PlannedClick, link: Link) -> click_store.ClickRow:
    return click_store.ClickRow(
        id=click.nonce,
        link_id=link.pk,
        at=click.at,
        kind=click.kind.value,
        sub1=link.sub1 or click.campaign,
        sub2=link.sub2 or (click.campaign if link.sub1 else ""),
        sub3=link.sub3,
        sub4=link.sub4,
        sub5=link.sub5,
        address=click.network,
        user_agent=click.browser,
        referrer_host=click.site,
        device=detect_device(click.browser),
    )
