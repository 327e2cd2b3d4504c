"""Which versions an affiliate is asked to accept, and whether one of them may be accepted now (CONTRACT 2)."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from django.utils.translation import gettext as _

from affiliates.models import Affiliate, State
from agreements.errors import AlreadyAccepted, Refused
from agreements.models import Acceptance, Agreement
from agreements.under import Version, acceptances, under_at

MAY_ACCEPT = (State.APPROVED, State.ACTIVE, State.SUSPENDED)


def asked(affiliate: Affiliate, *, at: datetime) -> list[Agreement]:
    """The versions that `affiliate` is asked to accept or decline at `at`, in order of effect."""
    versions = list(Agreement.objects.published().order_by("effective_at", "number"))
    accepted = acceptances([affiliate.pk]).get(affiliate.pk, {})
    return among(versions, accepted, state=affiliate.state, at=at)


def among(
    versions: Sequence[Agreement], accepted: Mapping[UUID, datetime], *, state: str, at: datetime
) -> list[Agreement]:
    """Those of the published `versions`, in order of effect, that somebody in `state` is asked for; asks no database.

    Whoever is under none, or paused, is asked for the one in force (before the first takes effect, for that); everyone
    is asked for the coming ones with a detriment.
    """
    if state not in MAY_ACCEPT:
        return []
    under = under_at([Version(v.pk, v.effective_at, v.detriment) for v in versions if v.effective_at], accepted, at)
    in_effect = [version for version in versions if version.effective_at and version.effective_at <= at]
    upcoming = [version for version in versions if version not in in_effect]
    wanted = in_effect[-1:] if under.agreement_id is None or under.paused else []
    if not in_effect:
        wanted = upcoming[:1]
    wanted += [version for version in upcoming if version.detriment and version not in wanted]
    return [version for version in wanted if version.pk not in accepted]


def check(affiliate: Affiliate, agreement: Agreement, *, at: datetime) -> None:
    """Refuse, with the reason, unless `affiliate` is asked for `agreement` at `at`."""
    if Acceptance.objects.for_affiliate(affiliate).filter(agreement=agreement).exists():
        raise AlreadyAccepted(_("You have accepted version %s already.") % agreement.name)
    if affiliate.state not in MAY_ACCEPT:
        state = State(affiliate.state).label
        raise Refused(_("You are %s, so there is nothing for you to accept or decline.") % state)
    if not Agreement.objects.published().filter(pk=agreement.pk).exists():
        raise Refused(_("Version %s was withdrawn. You need not accept it.") % agreement.name)
    if agreement not in asked(affiliate, at=at):
        raise Refused(_("You need not accept version %s.") % agreement.name)
