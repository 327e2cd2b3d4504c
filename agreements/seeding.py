"""Publish or draft the seed agreement in an empty program, so that it can be tried at once (specification 2)."""

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from agreements import publishing, version_drafts
from agreements import seed as example
from agreements.errors import Rejected
from agreements.models import AgreementVersion, Clause, ProhibitedActivity, Rate
from audit import trail


@transaction.atomic
def publish_seed_agreement(*, effective_at: datetime, now: datetime, by: User | None) -> AgreementVersion:
    """Publish the seed agreement as version 1, effective at `effective_at`, also in the past.

    Raises Rejected if any version exists.
    """
    publishing.lock_versions()
    if AgreementVersion.objects.exists():
        raise Rejected(_("The program already has an agreement. The seed agreement is for an empty program."))
    return publishing.publish_version(agreement=create_seed_draft(now=now), effective_at=effective_at, now=now, by=by)


def create_seed_draft(*, now: datetime, name: str = "1") -> AgreementVersion:
    """Create a draft from the seed agreement."""
    version = AgreementVersion.objects.create(name=name, drafted_at=now, **example.TERMS)
    Rate.objects.bulk_create(
        Rate(
            agreement=version,
            category=rate.category,
            name=rate.name,
            percent=rate.percent,
            everything_else=rate.category == example.EVERYTHING_ELSE,
            position=position,
        )
        for position, rate in enumerate(example.RATE_CARD, 1)
    )
    ProhibitedActivity.objects.bulk_create(
        ProhibitedActivity(agreement=version, position=position, **activity._asdict())
        for position, activity in enumerate(example.PROHIBITED_ACTIVITIES, 1)
    )
    Clause.objects.bulk_create(
        Clause(agreement=version, position=position, **clause._asdict() | {"rules": list(clause.rules)})
        for position, clause in enumerate(example.CLAUSES, 1)
    )
    return version


@transaction.atomic
def start_draft(*, now: datetime, by: User | None) -> AgreementVersion:
    """Create a draft as a copy of the newest published version, or of the seed agreement if there is none."""
    if AgreementVersion.objects.published().exists():
        return version_drafts.start_draft(now=now, by=by)
    version = create_seed_draft(now=now, name=version_drafts.generate_name())
    trail.record(
        action="agreement drafted",
        subject=version,
        now=now,
        by=by,
        after={"name": version.name, "from": "example"},
        reason="The first version starts from the example.",
    )
    return version
