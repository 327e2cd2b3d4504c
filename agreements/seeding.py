"""The agreement that ships, published into an empty program so that it can be tried at once (CONTRACT 2)."""

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from agreements import drafting, publishing
from agreements import seed as example
from agreements.errors import Refused
from agreements.models import Agreement, Clause, ProhibitedActivity, Rate
from audit import trail


@transaction.atomic
def seed(*, effective_at: datetime, now: datetime, by: User | None) -> Agreement:
    """Publish the seed agreement as version 1 from `effective_at`, also in the past; refuses where any version exists."""
    publishing.lock_versions()
    if Agreement.objects.exists():
        raise Refused(_("The program has an agreement already; the seed agreement is for an empty one."))
    return publishing.publish(agreement=draft(now=now), effective_at=effective_at, now=now, by=by)


def draft(*, now: datetime, name: str = "1") -> Agreement:
    """The seed agreement as a draft, from where a shop can write its own."""
    agreement = Agreement.objects.create(name=name, drafted_at=now, **example.TERMS)
    Rate.objects.bulk_create(
        Rate(
            agreement=agreement,
            category=rate.category,
            percent=rate.percent,
            everything_else=rate.category == example.EVERYTHING_ELSE,
            position=position,
        )
        for position, rate in enumerate(example.RATE_CARD, 1)
    )
    ProhibitedActivity.objects.bulk_create(
        ProhibitedActivity(agreement=agreement, position=position, **activity._asdict())
        for position, activity in enumerate(example.PROHIBITED_ACTIVITIES, 1)
    )
    Clause.objects.bulk_create(
        Clause(agreement=agreement, position=position, **clause._asdict() | {"rules": list(clause.rules)})
        for position, clause in enumerate(example.CLAUSES, 1)
    )
    return agreement


@transaction.atomic
def start_draft(*, now: datetime, by: User | None) -> Agreement:
    """A new draft: a copy of the newest published version, or the example where there is none (CONTRACT 2)."""
    if Agreement.objects.published().exists():
        return drafting.start(now=now, by=by)
    agreement = draft(now=now, name=drafting.free_name())
    trail.record(
        action="agreement drafted", subject=agreement, now=now, by=by, after={"name": agreement.name, "from": "example"}
    )
    return agreement
