"""Reasons why a tracking link redirects without a click id (specification 2, 4, 8)."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from django.db import models
from django.utils.translation import gettext_lazy as _

from affiliates.models import Affiliate, State
from agreements import applicable_version
from agreements.applicable_version import ApplicableVersion
from agreements.models import Program


class PauseReason(models.TextChoices):
    """The reasons in order of precedence: if several apply, the first is given."""

    PROGRAM_ENDED = "program_ended", _("the program has ended")
    NOT_ACTIVE = "not_active", _("your account is not active")
    NO_AGREEMENT = "no_agreement", _("you have not accepted the agreement yet")
    NOT_ACCEPTED = "not_accepted", _("you have not accepted the new version of the agreement yet")
    LINK = "link", _("you paused this link")


def find_pause_reasons(
    states: Mapping[UUID, str], program: Program, *, now: datetime
) -> dict[UUID, PauseReason | None]:
    """Return {affiliate id: why none of their links is tracked at `now`, or None}; `states` has the same keys."""
    if not states:
        return {}
    versions, accepted = applicable_version.list_published_versions(), applicable_version.get_acceptance_times(states)
    return {
        affiliate_id: PauseReason.PROGRAM_ENDED
        if _has_ended(program, now)
        else find_pause_reason(
            state, applicable_version.resolve_applicable_version(versions, accepted.get(affiliate_id, {}), now)
        )
        for affiliate_id, state in states.items()
    }


def find_pause_reason(state: str, applicable: ApplicableVersion) -> PauseReason | None:
    """Return why an affiliate in `state` with that applicable version may not promote now, or None if they may."""
    if state != State.ACTIVE:
        return PauseReason.NOT_ACTIVE
    if applicable.agreement_id is None:
        return PauseReason.NO_AGREEMENT
    return PauseReason.NOT_ACCEPTED if applicable.is_paused else None


def find_affiliate_pause(affiliate: Affiliate, program: Program, *, now: datetime) -> PauseReason | None:
    """Return why none of the affiliate's links is tracked at `now`, or None if they are."""
    if _has_ended(program, now):
        return PauseReason.PROGRAM_ENDED
    return find_pause_reason(affiliate.state, applicable_version.load_applicable_version(affiliate.pk, at=now))


def _has_ended(program: Program, now: datetime) -> bool:
    return program.ends_at is not None and program.ends_at <= now
