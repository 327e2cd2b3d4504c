"""The affiliates whom a version is for, and what each of them answered (specification 2)."""

from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple

from django.db.models import Case, CharField, Count, Exists, OuterRef, Q, QuerySet, Subquery, Value, When
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from affiliates.models import Affiliate, State
from agreements import changes
from agreements.acceptance_requests import STATES_ALLOWED_TO_ACCEPT
from agreements.models import Acceptance, AgreementVersion, Decline
from agreements.notices import NOTIFIED_STATES


class Response(StrEnum):
    """What an affiliate answered to a version, or that they need not answer."""

    ACCEPTED = "accepted"
    DECLINED = "declined"
    LATER = "later"
    MISSING = "missing"
    NOTIFIED = "notified"

    @property
    def label(self) -> str | Promise:
        return _LABELS[self]


_LABELS: dict[Response, str | Promise] = {
    Response.ACCEPTED: _("accepted"),
    Response.DECLINED: _("declined"),
    Response.LATER: _("accepted a later version"),
    Response.MISSING: _("no answer yet"),
    Response.NOTIFIED: _("only notified"),
}


class Audience(NamedTuple):
    """The states whose affiliates are notified of a version, and of them those who are asked to accept or decline."""

    notified: tuple[State, ...]
    requested: tuple[State, ...]


class StateCount(NamedTuple):
    """How many of the affiliates whom a version is for are in one state, and whether they are asked to accept."""

    state: State
    number: int
    is_requested: bool


def resolve_audience(version: AgreementVersion, *, now: datetime) -> Audience:
    """Return whom a version is for; for a draft, if it were published now.

    All who are not leaving have to accept a version with a detriment, and the first one; of another one only those who
    are approved, because they have not accepted any. No one has to accept a version that was replaced or withdrawn.
    Raises UnresolvedPlaceholder for a draft whose text cannot be compared yet.
    """
    if version.effective_at is not None:
        in_force = AgreementVersion.objects.get_in_force(now)
        is_replaced = in_force is not None and (in_force.number or 0) > (version.number or 0)
        if is_replaced or hasattr(version, "withdrawal"):
            return Audience(NOTIFIED_STATES, ())
    if changes.get_predecessor(version) is None:
        if version.published_at is None:
            return Audience((State.APPROVED,), (State.APPROVED,))
        return Audience(NOTIFIED_STATES, STATES_ALLOWED_TO_ACCEPT)
    if version.published_at is None:
        changed = changes.compare_with_predecessor(version)
        has_detriment = bool(changed and changed.detriment)
    else:
        has_detriment = version.detriment
    return Audience(NOTIFIED_STATES, STATES_ALLOWED_TO_ACCEPT if has_detriment else (State.APPROVED,))


def list_recipients(version: AgreementVersion, audience: Audience) -> QuerySet[Any]:
    """Return the affiliates whom `version` is for, and those who answered it, with `response` and `responded_at`."""
    own = Q(affiliate=OuterRef("pk"))
    accepted = Acceptance.objects.filter(own, agreement=version)
    declined = Decline.objects.filter(
        own, agreement=version, state__in=(Decline.State.PENDING, Decline.State.IN_EFFECT)
    )
    later = Acceptance.objects.filter(own, agreement__number__gt=version.number or 0)
    cases = [
        When(Exists(accepted), then=Value(Response.ACCEPTED.value)),
        When(Exists(declined), then=Value(Response.DECLINED.value)),
        *([When(Exists(later), then=Value(Response.LATER.value))] if version.number else []),
        When(state__in=audience.requested, then=Value(Response.MISSING.value)),
    ]
    participating = Q(state__in=audience.notified, erased_at__isnull=True)
    return Affiliate.objects.filter(participating | Exists(accepted) | Exists(declined)).annotate(
        response=Case(*cases, default=Value(Response.NOTIFIED.value), output_field=CharField()),
        accepted_at=Subquery(accepted.values("accepted_at")[:1]),
        declined_at=Subquery(declined.order_by("-declined_at").values("declined_at")[:1]),
    )


def count_responses(recipients: QuerySet[Any]) -> dict[Response, int]:
    """Return how many of the affiliates of `list_recipients` gave each response, without those that no one gave."""
    rows = recipients.order_by().values("response").annotate(number=Count("pk")).values_list("response", "number")
    found = dict(rows)
    return {response: found[response] for response in Response if response in found}


def count_states(recipients: QuerySet[Any], audience: Audience) -> list[StateCount]:
    """Return how many of the affiliates of `list_recipients` are in each state."""
    rows = Affiliate.objects.filter(pk__in=recipients.order_by().values("pk"))
    found = dict(rows.order_by().values_list("state").annotate(number=Count("pk")))
    return [StateCount(state, found[state], state in audience.requested) for state in State if state in found]
