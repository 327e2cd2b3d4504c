"""Which versions an affiliate is asked to accept, and whether one of them may be accepted now (CONTRACT 2)."""

from datetime import datetime

from django.utils.translation import gettext as _

from affiliates.models import Affiliate, State
from agreements.errors import AlreadyAccepted, Refused
from agreements.models import Acceptance, Agreement
from agreements.under import agreement_of

MAY_ACCEPT = (State.APPROVED, State.ACTIVE, State.SUSPENDED)


def asked(affiliate: Affiliate, *, at: datetime) -> list[Agreement]:
    """The versions that `affiliate` is asked to accept or decline at `at`, in order of effect.

    Whoever is under none, or paused, is asked for the one in force (before the first takes effect, for that); everyone
    is asked for the coming ones with a detriment.
    """
    if affiliate.state not in MAY_ACCEPT:
        return []
    accepted = set(Acceptance.objects.for_affiliate(affiliate).values_list("agreement_id", flat=True))
    current, under = agreement_of(affiliate.pk, at=at)
    in_force = Agreement.objects.in_force(at)
    upcoming = list(Agreement.objects.upcoming(at))
    wanted = [in_force] if in_force and (current is None or under.paused) else []
    if in_force is None and upcoming:
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
