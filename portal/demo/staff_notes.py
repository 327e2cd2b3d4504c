"""The private notes and tags of the demo."""

from datetime import datetime
from functools import partial

from affiliates import staff_notes
from portal.demo.context import DemoContext, get_affiliate
from portal.demo.persona_data import find_personas
from portal.demo.personas import Situation

FOUNDER, VISITED = "founder", "visited in person"
REASON = "Agreed in the affiliate managers' meeting."
NOTE = "Plans a series about balconies for the spring. Send her the garden catalog before the others get it."


def schedule_staff_notes(context: DemoContext) -> None:
    """Schedule a note about the first founder, and tags for all founders."""
    context.timeline.schedule(context.days.ago(40, 11), partial(_tag_founders, context))
    context.timeline.schedule(context.days.ago(21, 16), partial(_write_note, context))


def _tag_founders(context: DemoContext, now: datetime) -> None:
    for number, persona in enumerate(find_personas(Situation.ACCEPTED_ON_PAPER)):
        staff_notes.add_tags(
            affiliate=get_affiliate(persona),
            names=[FOUNDER] if number else [FOUNDER, VISITED],
            reason=REASON,
            now=now,
            by=context.staff["manager"],
        )


def _write_note(context: DemoContext, now: datetime) -> None:
    first, *_others = find_personas(Situation.ACCEPTED_ON_PAPER)
    staff_notes.add_note(affiliate=get_affiliate(first), text=NOTE, now=now, by=context.staff["manager"])
