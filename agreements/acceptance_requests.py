"""Which versions an affiliate is asked to accept, and whether one of them may be accepted now (CONTRACT 2)."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from django.utils.translation import gettext as _

from affiliates.models import Affiliate, State
from agreements.applicable_version import PublishedVersion, get_acceptance_times, resolve_applicable_version
from agreements.errors import AlreadyAccepted, Rejected
from agreements.models import Acceptance, AgreementVersion

STATES_ALLOWED_TO_ACCEPT = (State.APPROVED, State.ACTIVE, State.SUSPENDED)


def list_requested_versions(affiliate: Affiliate, *, at: datetime) -> list[AgreementVersion]:
    """The versions that `affiliate` is asked to accept or decline at `at`, in order of effect."""
    versions = list(AgreementVersion.objects.published().order_by("effective_at", "number"))
    accepted = get_acceptance_times([affiliate.pk]).get(affiliate.pk, {})
    return select_requested_versions(versions, accepted, state=affiliate.state, at=at)


def select_requested_versions(
    versions: Sequence[AgreementVersion], accepted: Mapping[UUID, datetime], *, state: str, at: datetime
) -> list[AgreementVersion]:
    """Those of the published `versions`, in order of effect, that somebody in `state` is asked for; asks no database.

    Whoever is under none, or paused, is asked for the one in force (before the first takes effect, for that); everyone
    is asked for the coming ones with a detriment.
    """
    if state not in STATES_ALLOWED_TO_ACCEPT:
        return []
    under = resolve_applicable_version(
        [PublishedVersion(v.pk, v.effective_at, v.detriment) for v in versions if v.effective_at], accepted, at
    )
    in_effect = [version for version in versions if version.effective_at and version.effective_at <= at]
    upcoming = [version for version in versions if version not in in_effect]
    wanted = in_effect[-1:] if under.agreement_id is None or under.is_paused else []
    if not in_effect:
        wanted = upcoming[:1]
    wanted += [version for version in upcoming if version.detriment and version not in wanted]
    return [version for version in wanted if version.pk not in accepted]


def ensure_version_requested(affiliate: Affiliate, agreement: AgreementVersion, *, at: datetime) -> None:
    """Refuse, with the reason, unless `affiliate` is asked for `agreement` at `at`."""
    if Acceptance.objects.for_affiliate(affiliate).filter(agreement=agreement).exists():
        raise AlreadyAccepted(_("You have accepted version %s already.") % agreement.name)
    if affiliate.state not in STATES_ALLOWED_TO_ACCEPT:
        state = State(affiliate.state).label
        raise Rejected(_("You are %s, so there is nothing for you to accept or decline.") % state)
    if not AgreementVersion.objects.published().filter(pk=agreement.pk).exists():
        raise Rejected(_("Version %s was withdrawn. You need not accept it.") % agreement.name)
    if agreement not in list_requested_versions(affiliate, at=at):
        raise Rejected(_("You need not accept version %s.") % agreement.name)
