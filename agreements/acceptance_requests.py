"""Which versions an affiliate is asked to accept, and whether one of them can be accepted now (specification 2)."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from django.utils.translation import gettext as _

from affiliates.models import Affiliate, State
from agreements.applicable_version import PublishedVersion, read_acceptance_times, resolve_applicable_version
from agreements.errors import AlreadyAccepted, Rejected
from agreements.models import Acceptance, AgreementVersion
from agreements.published_versions import list_published_versions

STATES_ALLOWED_TO_ACCEPT = (State.APPROVED, State.ACTIVE, State.SUSPENDED)


def list_requested_versions(affiliate: Affiliate, *, at: datetime) -> list[AgreementVersion]:
    """Return the versions that `affiliate` is asked to accept or decline at `at`, in order of effect."""
    accepted = read_acceptance_times(affiliate.pk)
    return select_requested_versions(list_published_versions(), accepted, state=affiliate.state, at=at)


def select_requested_versions(
    versions: Sequence[AgreementVersion], accepted: Mapping[UUID, datetime], *, state: str, at: datetime
) -> list[AgreementVersion]:
    """Return the published versions that an affiliate in `state` is asked to accept, without a query.

    `versions` are in order of effect; `accepted` is {version id: accepted at}. An affiliate without an applicable
    version, or paused, is asked to accept the version in force, or the first one before it takes effect. Every
    affiliate is asked to accept upcoming versions with a detriment.
    """
    if state not in STATES_ALLOWED_TO_ACCEPT:
        return []
    applicable = resolve_applicable_version(
        [PublishedVersion(v.pk, v.effective_at, v.detriment) for v in versions if v.effective_at], accepted, at
    )
    in_effect = [version for version in versions if version.effective_at and version.effective_at <= at]
    upcoming = [version for version in versions if version not in in_effect]
    requested = in_effect[-1:] if applicable.agreement_id is None or applicable.is_paused else []
    if not in_effect:
        requested = upcoming[:1]
    requested += [version for version in upcoming if version.detriment and version not in requested]
    return [version for version in requested if version.pk not in accepted]


def ensure_version_requested(affiliate: Affiliate, version: AgreementVersion, *, at: datetime) -> None:
    """Raise AlreadyAccepted or Rejected, with the reason, unless `affiliate` is asked to accept `version` at `at`."""
    if Acceptance.objects.for_affiliate(affiliate).filter(agreement=version).exists():
        raise AlreadyAccepted(_("You have already accepted version %s.") % version.name)
    if affiliate.state not in STATES_ALLOWED_TO_ACCEPT:
        state = State(affiliate.state).label
        raise Rejected(_("Your account is %s, so there is nothing for you to accept or decline.") % state)
    if not AgreementVersion.objects.published().filter(pk=version.pk).exists():
        raise Rejected(_("Version %s was withdrawn. You don't need to accept it.") % version.name)
    if version not in list_requested_versions(affiliate, at=at):
        raise Rejected(_("You don't need to accept version %s.") % version.name)
