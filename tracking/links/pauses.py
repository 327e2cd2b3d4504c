"""Why a tracking link redirects without a click id (CONTRACT 2, 4, 8): asked by the redirect, shown on the pages."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from django.db import models
from django.utils.translation import gettext_lazy as _

from affiliates.models import State
from agreements import applicable_version
from agreements.applicable_version import ApplicableVersion
from agreements.models import Program


class PauseReason(models.TextChoices):
    """The reasons, gravest first: where several apply, the first is named."""

    PROGRAM_ENDED = "program_ended", _("the program has ended")
    NOT_ACTIVE = "not_active", _("your account is not active")
    NO_AGREEMENT = "no_agreement", _("you have not accepted the agreement yet")
    NOT_ACCEPTED = "not_accepted", _("a new version of the agreement waits for you to accept it")
    LINK = "link", _("you paused this link")


def find_pause_reasons(
    states: Mapping[UUID, str], program: Program, *, now: datetime
) -> dict[UUID, PauseReason | None]:
    """For each affiliate, given with their state, why none of their links is tracked at `now`; None where they are."""
    if not states:
        return {}
    versions, accepted = applicable_version.list_published_versions(), applicable_version.get_acceptance_times(states)
    ended = program.ends_at is not None and program.ends_at <= now
    return {
        affiliate_id: PauseReason.PROGRAM_ENDED
        if ended
        else find_pause_reason(
            state, applicable_version.resolve_applicable_version(versions, accepted.get(affiliate_id, {}), now)
        )
        for affiliate_id, state in states.items()
    }


def find_pause_reason(state: str, of_now: ApplicableVersion) -> PauseReason | None:
    """Why an affiliate in `state` and under that version may not promote at the moment; None where they may."""
    if state != State.ACTIVE:
        return PauseReason.NOT_ACTIVE
    if of_now.agreement_id is None:
        return PauseReason.NO_AGREEMENT
    return PauseReason.NOT_ACCEPTED if of_now.is_paused else None
