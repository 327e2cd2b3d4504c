"""Whose an order is, and why (CONTRACT 4, Attribution). Arithmetic over what `tracking.orders.attribution_data` has read; no database."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from affiliates.models import State
from affiliates.status_history import StatusEntry, get_state_at, was_terminated_for_breach
from agreements.applicable_version import ApplicableVersion, PublishedVersion, resolve_applicable_version
from agreements.rules import Rule
from tracking.clicks.click_ids import ClickToken
from tracking.models import Reason

# The rule that speaks in each answer; its clause is kept with the order.
RULES: dict[Reason, Rule] = {
    Reason.COUPON: Rule.COUPON_FIRST,
    Reason.CLICK: Rule.ATTRIBUTION_DAYS,
    Reason.NO_CLAIM: Rule.NO_REFERRAL,
    Reason.COUPON_UNKNOWN: Rule.COUPON_ASSIGNMENT,
    Reason.CLICK_NOT_GENUINE: Rule.CLICK_TOKEN,
    Reason.CLICK_EXPIRED: Rule.ATTRIBUTION_DAYS,
    Reason.CLICK_AFTER_ORDER: Rule.CLICK_TOKEN,
    Reason.NOT_ACTIVE: Rule.ACTIVE_AFFILIATE,
    Reason.NO_AGREEMENT: Rule.APPLICABLE_VERSION,
    Reason.NOT_ACCEPTED: Rule.PAUSE_UNACCEPTED,
    Reason.BREACH: Rule.TERMINATION_BREACH,
    Reason.PROGRAM_ENDED: Rule.END_OF_PROGRAM,
    Reason.FROZEN: Rule.ATTRIBUTION_FROZEN,
}


class CouponAssignment(NamedTuple):
    """A coupon's binding to one affiliate, half-open."""

    affiliate_id: UUID
    assigned_from: datetime | None
    assigned_until: datetime | None


class Attribution(NamedTuple):
    """The answer; `candidate` is whoever would have had the order, had `reason` not spoken against it."""

    affiliate_id: UUID | None
    reason: Reason
    candidate_id: UUID | None = None
    link_id: UUID | None = None
    clicked_at: datetime | None = None
    agreement_id: UUID | None = None
    # Of the click that it was won by: under this id the click has its record.
    nonce: UUID | None = None


class AttributionData(NamedTuple):
    """Everything that the decision needs to know, for all orders of a batch."""

    assignments: Mapping[str, Sequence[CouponAssignment]]  # by coupon code in capitals
    link_owners: Mapping[UUID, UUID]
    histories: Mapping[UUID, Sequence[StatusEntry]]
    acceptances: Mapping[UUID, Mapping[UUID, datetime]]
    versions: Sequence[PublishedVersion]
    attribution_days: Mapping[UUID, int]  # by version
    program_ends_at: datetime | None

    def find_applicable_version(self, affiliate_id: UUID, moment: datetime) -> ApplicableVersion:
        return resolve_applicable_version(self.versions, self.acceptances.get(affiliate_id, {}), moment)

    def find_version_in_force(self, moment: datetime) -> UUID | None:
        """The version in force for everybody: by it an order that is nobody's is explained."""
        found = None
        for version in self.versions:
            if version.effective_at <= moment:
                found = version.id
        return found

    def find_coupon_owner(self, code: str, moment: datetime) -> UUID | None:
        """The affiliate to whom `code` is bound at `moment`; a binding without a date begins with their first acceptance."""
        for binding in self.assignments.get(code.upper(), ()):
            begin = binding.assigned_from or min(self.acceptances.get(binding.affiliate_id, {}).values(), default=None)
            if begin and begin <= moment and (binding.assigned_until is None or moment < binding.assigned_until):
                return binding.affiliate_id
        return None


def attribute_order(
    claims: AttributionData, *, coupon: str, click_id: str, click_token: ClickToken | None, placed_at: datetime
) -> Attribution:
    """Whose the order is: a coupon bound at `placed_at` wins, else a genuine click within the window, else nobody's.

    `click_token` is what `click_id` proves, None where it is not genuine.
    """
    if coupon and (owner := claims.find_coupon_owner(coupon, placed_at)):
        return _check_eligibility(claims, owner, Reason.COUPON, moment=placed_at, placed_at=placed_at)
    if click_id:
        return _attribute_by_click(claims, click_token, placed_at)
    reason = Reason.COUPON_UNKNOWN if coupon else Reason.NO_CLAIM
    return Attribution(None, reason, agreement_id=claims.find_version_in_force(placed_at))


def _attribute_by_click(claims: AttributionData, click_token: ClickToken | None, placed_at: datetime) -> Attribution:
    owner = claims.link_owners.get(click_token.link_id) if click_token else None
    if click_token is None or owner is None:
        return Attribution(None, Reason.CLICK_NOT_GENUINE, agreement_id=claims.find_version_in_force(placed_at))
    agreement_id = claims.find_applicable_version(owner, placed_at).agreement_id or claims.find_version_in_force(
        placed_at
    )
    against = None
    if click_token.at > placed_at:
        against = Reason.CLICK_AFTER_ORDER
    elif agreement_id and placed_at - click_token.at > timedelta(days=claims.attribution_days[agreement_id]):
        against = Reason.CLICK_EXPIRED
    if against:
        return Attribution(None, against, owner, click_token.link_id, click_token.at, agreement_id)
    answer = _check_eligibility(claims, owner, Reason.CLICK, moment=click_token.at, placed_at=placed_at)
    return answer._replace(link_id=click_token.link_id, clicked_at=click_token.at, nonce=click_token.nonce)


def _check_eligibility(
    claims: AttributionData, affiliate_id: UUID, won_by: Reason, *, moment: datetime, placed_at: datetime
) -> Attribution:
    """Whether the affiliate's standing lets them have the order that they won at `moment` by coupon or click."""
    history = claims.histories.get(affiliate_id, ())
    under = claims.find_applicable_version(affiliate_id, placed_at)
    agreement_id = under.agreement_id or claims.find_version_in_force(placed_at)
    against = None
    if claims.program_ends_at and moment >= claims.program_ends_at:
        against = Reason.PROGRAM_ENDED
    elif was_terminated_for_breach(history, placed_at):
        against = Reason.BREACH
    elif get_state_at(history, moment) != State.ACTIVE:
        against = Reason.NOT_ACTIVE
    elif under.agreement_id is None:
        against = Reason.NO_AGREEMENT
    elif claims.find_applicable_version(affiliate_id, moment).is_paused:
        against = Reason.NOT_ACCEPTED
    if against:
        return Attribution(None, against, affiliate_id, agreement_id=agreement_id)
    return Attribution(affiliate_id, won_by, affiliate_id, agreement_id=under.agreement_id)
