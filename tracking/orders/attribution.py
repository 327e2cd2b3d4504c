"""Whose an order is, and why (CONTRACT 4, Attribution). Arithmetic over what `tracking.orders.claims` has read; no database."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from affiliates.models import State
from affiliates.standing import Step, state_at, terminated_for_breach_by
from agreements.rules import Rule
from agreements.under import Under, Version, under_at
from tracking.clicks.click_ids import Receipt
from tracking.models import Reason

# The rule that speaks in each answer; its clause is kept with the order.
RULES: dict[Reason, Rule] = {
    Reason.COUPON: Rule.COUPON_FIRST,
    Reason.CLICK: Rule.ATTRIBUTION_DAYS,
    Reason.NO_CLAIM: Rule.NO_REFERRAL,
    Reason.COUPON_UNKNOWN: Rule.COUPON_BINDING,
    Reason.CLICK_NOT_GENUINE: Rule.CLICK_RECEIPT,
    Reason.CLICK_EXPIRED: Rule.ATTRIBUTION_DAYS,
    Reason.CLICK_AFTER_ORDER: Rule.CLICK_RECEIPT,
    Reason.NOT_ACTIVE: Rule.ACTIVE_AFFILIATE,
    Reason.NO_AGREEMENT: Rule.APPLICABLE_VERSION,
    Reason.NOT_ACCEPTED: Rule.PAUSE_UNACCEPTED,
    Reason.BREACH: Rule.TERMINATION_BREACH,
    Reason.PROGRAM_ENDED: Rule.END_OF_PROGRAM,
    Reason.FROZEN: Rule.ATTRIBUTION_FROZEN,
}


class Binding(NamedTuple):
    """A coupon's binding to one affiliate, half-open."""

    affiliate_id: UUID
    bound_from: datetime | None
    bound_until: datetime | None


class Attribution(NamedTuple):
    """The answer; `claimant` is whoever would have had the order, had `reason` not spoken against it."""

    affiliate_id: UUID | None
    reason: Reason
    claimant_id: UUID | None = None
    link_id: UUID | None = None
    clicked_at: datetime | None = None
    agreement_id: UUID | None = None
    # Of the click that it was won by: under this id the click has its record.
    nonce: UUID | None = None


class Claims(NamedTuple):
    """Everything that the decision needs to know, for all orders of a batch."""

    bindings: Mapping[str, Sequence[Binding]]  # by coupon code in capitals
    link_owners: Mapping[UUID, UUID]
    histories: Mapping[UUID, Sequence[Step]]
    acceptances: Mapping[UUID, Mapping[UUID, datetime]]
    versions: Sequence[Version]
    attribution_days: Mapping[UUID, int]  # by version
    program_ends_at: datetime | None

    def under(self, affiliate_id: UUID, moment: datetime) -> Under:
        return under_at(self.versions, self.acceptances.get(affiliate_id, {}), moment)

    def in_force(self, moment: datetime) -> UUID | None:
        """The version in force for everybody: by it an order that is nobody's is explained."""
        found = None
        for version in self.versions:
            if version.effective_at <= moment:
                found = version.id
        return found

    def coupon_owner(self, code: str, moment: datetime) -> UUID | None:
        """The affiliate to whom `code` is bound at `moment`; a binding without a date begins with their first acceptance."""
        for binding in self.bindings.get(code.upper(), ()):
            begin = binding.bound_from or min(self.acceptances.get(binding.affiliate_id, {}).values(), default=None)
            if begin and begin <= moment and (binding.bound_until is None or moment < binding.bound_until):
                return binding.affiliate_id
        return None


def attribute(
    claims: Claims, *, coupon: str, click_id: str, receipt: Receipt | None, placed_at: datetime
) -> Attribution:
    """Whose the order is: a coupon bound at `placed_at` wins, else a genuine click within the window, else nobody's.

    `receipt` is what `click_id` proves, None where it is not genuine.
    """
    if coupon and (owner := claims.coupon_owner(coupon, placed_at)):
        return _standing(claims, owner, Reason.COUPON, moment=placed_at, placed_at=placed_at)
    if click_id:
        return _by_click(claims, receipt, placed_at)
    reason = Reason.COUPON_UNKNOWN if coupon else Reason.NO_CLAIM
    return Attribution(None, reason, agreement_id=claims.in_force(placed_at))


def _by_click(claims: Claims, receipt: Receipt | None, placed_at: datetime) -> Attribution:
    owner = claims.link_owners.get(receipt.link_id) if receipt else None
    if receipt is None or owner is None:
        return Attribution(None, Reason.CLICK_NOT_GENUINE, agreement_id=claims.in_force(placed_at))
    agreement_id = claims.under(owner, placed_at).agreement_id or claims.in_force(placed_at)
    against = None
    if receipt.at > placed_at:
        against = Reason.CLICK_AFTER_ORDER
    elif agreement_id and placed_at - receipt.at > timedelta(days=claims.attribution_days[agreement_id]):
        against = Reason.CLICK_EXPIRED
    if against:
        return Attribution(None, against, owner, receipt.link_id, receipt.at, agreement_id)
    answer = _standing(claims, owner, Reason.CLICK, moment=receipt.at, placed_at=placed_at)
    return answer._replace(link_id=receipt.link_id, clicked_at=receipt.at, nonce=receipt.nonce)


def _standing(
    claims: Claims, affiliate_id: UUID, won_by: Reason, *, moment: datetime, placed_at: datetime
) -> Attribution:
    """Whether the affiliate's standing lets them have the order that they won at `moment` by coupon or click."""
    history = claims.histories.get(affiliate_id, ())
    under = claims.under(affiliate_id, placed_at)
    agreement_id = under.agreement_id or claims.in_force(placed_at)
    against = None
    if claims.program_ends_at and moment >= claims.program_ends_at:
        against = Reason.PROGRAM_ENDED
    elif terminated_for_breach_by(history, placed_at):
        against = Reason.BREACH
    elif state_at(history, moment) != State.ACTIVE:
        against = Reason.NOT_ACTIVE
    elif under.agreement_id is None:
        against = Reason.NO_AGREEMENT
    elif claims.under(affiliate_id, moment).paused:
        against = Reason.NOT_ACCEPTED
    if against:
        return Attribution(None, against, affiliate_id, agreement_id=agreement_id)
    return Attribution(affiliate_id, won_by, affiliate_id, agreement_id=under.agreement_id)
