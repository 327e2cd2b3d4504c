"""Attribution: which affiliate gets an order, and why (specification 4). Pure; `attribution_data` loads the data."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from affiliates.models import State
from affiliates.status_history import StatusEntry, find_termination, get_state_at, was_terminated_for_breach
from agreements.applicable_version import ApplicableVersion, PublishedVersion, resolve_applicable_version
from agreements.rules import Rule
from lib.text import fold_code
from tracking.clicks.click_ids import ClickToken
from tracking.models import Reason

_TICK = timedelta(microseconds=1)

# The rule behind each reason. Its clause is stored with the order.
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
    """The assignment of a coupon to an affiliate, from `assigned_from` up to but not including `assigned_until`."""

    affiliate_id: UUID
    assigned_from: datetime | None
    assigned_until: datetime | None


class Attribution(NamedTuple):
    """The affiliate who gets the order, if any. `candidate_id` is who would have got it but for `reason`."""

    affiliate_id: UUID | None
    reason: Reason
    candidate_id: UUID | None = None
    link_id: UUID | None = None
    clicked_at: datetime | None = None
    # The version whose clause explains the result: for a click and its window, the one that applied at the click.
    agreement_id: UUID | None = None
    # The version whose rates apply, if an affiliate gets the order: the one that applied when it was placed.
    rates_agreement_id: UUID | None = None
    # The primary key of the winning click.
    nonce: UUID | None = None
    # The code that counts, as it was read: of several the first that is assigned, else the first.
    coupon: str = ""


class AttributionData(NamedTuple):
    """The data that attribution of a batch of orders depends on."""

    assignments: Mapping[str, Sequence[CouponAssignment]]  # by the key of the coupon code
    link_owners: Mapping[UUID, UUID]
    histories: Mapping[UUID, Sequence[StatusEntry]]
    acceptances: Mapping[UUID, Mapping[UUID, datetime]]
    versions: Sequence[PublishedVersion]
    attribution_days: Mapping[UUID, int]  # by version
    program_ends_at: datetime | None

    def find_applicable_version(self, affiliate_id: UUID, moment: datetime) -> ApplicableVersion:
        return resolve_applicable_version(self.versions, self.acceptances.get(affiliate_id, {}), moment)

    def find_version_in_force(self, moment: datetime) -> UUID | None:
        """Return the version in force for everyone, which explains orders that are not credited to an affiliate."""
        in_force = None
        for version in self.versions:
            if version.effective_at <= moment:
                in_force = version.id
        return in_force

    def find_coupon_owner(self, code: str, moment: datetime) -> UUID | None:
        """Return the affiliate to whom `code` is assigned at `moment`, if any.

        An assignment without a start begins with the affiliate's first acceptance. Each ends with the affiliate's
        termination or the program.
        """
        if self.program_ends_at and moment >= self.program_ends_at:
            return None
        for row in self.assignments.get(fold_code(code), ()):
            start = row.assigned_from or min(self.acceptances.get(row.affiliate_id, {}).values(), default=None)
            if start is None or start > moment or (row.assigned_until is not None and row.assigned_until <= moment):
                continue
            if find_termination(self.histories.get(row.affiliate_id, ()), moment) is None:
                return row.affiliate_id
        return None

    def find_last_coupon_owner(self, code: str, moment: datetime) -> UUID | None:
        """Return the affiliate to whom `code` was assigned when the program ended, if it had ended at `moment`."""
        ends_at = self.program_ends_at
        return self.find_coupon_owner(code, ends_at - _TICK) if ends_at and moment >= ends_at else None

    def pick_coupon(self, codes: Sequence[str], moment: datetime) -> str:
        """Return the first of the codes that is assigned at `moment`, else the first; "" if there is none."""
        if len(codes) < 2:
            return codes[0] if codes else ""
        return next((code for code in codes if self.find_coupon_owner(code, moment)), codes[0])


def attribute_order(
    data: AttributionData, *, coupon: str, click_id: str, click_token: ClickToken | None, placed_at: datetime
) -> Attribution:
    """Attribute the order to the coupon's affiliate at `placed_at`, else to a genuine click within the window.

    The window has the attribution days of the version that applied to the affiliate at the click. `click_token` is the
    verified content of `click_id`, None if it is not genuine.
    """
    if coupon and (owner := data.find_coupon_owner(coupon, placed_at)):
        return _check_eligibility(data, owner, Reason.COUPON, moment=placed_at, placed_at=placed_at)
    if click_id:
        return _attribute_by_click(data, click_token, placed_at)
    if coupon and (last_owner := data.find_last_coupon_owner(coupon, placed_at)):
        return _check_eligibility(data, last_owner, Reason.COUPON, moment=placed_at, placed_at=placed_at)
    reason = Reason.COUPON_UNKNOWN if coupon else Reason.NO_CLAIM
    return Attribution(None, reason, agreement_id=data.find_version_in_force(placed_at))


def _attribute_by_click(data: AttributionData, click_token: ClickToken | None, placed_at: datetime) -> Attribution:
    owner = data.link_owners.get(click_token.link_id) if click_token else None
    if click_token is None or owner is None:
        return Attribution(None, Reason.CLICK_NOT_GENUINE, agreement_id=data.find_version_in_force(placed_at))
    clicked_at = click_token.at
    if clicked_at > placed_at:
        agreement_id = _find_explaining_version(data, owner, placed_at)
        return Attribution(None, Reason.CLICK_AFTER_ORDER, owner, click_token.link_id, clicked_at, agreement_id)
    agreement_id = _find_explaining_version(data, owner, clicked_at)
    if agreement_id and placed_at - clicked_at > timedelta(days=data.attribution_days[agreement_id]):
        return Attribution(None, Reason.CLICK_EXPIRED, owner, click_token.link_id, clicked_at, agreement_id)
    result = _check_eligibility(data, owner, Reason.CLICK, moment=clicked_at, placed_at=placed_at)
    if result.affiliate_id:
        result = result._replace(agreement_id=agreement_id)
    return result._replace(link_id=click_token.link_id, clicked_at=clicked_at, nonce=click_token.nonce)


def _find_explaining_version(data: AttributionData, affiliate_id: UUID, moment: datetime) -> UUID | None:
    """Return the version that applied to the affiliate at `moment`, or else the one in force."""
    return data.find_applicable_version(affiliate_id, moment).agreement_id or data.find_version_in_force(moment)


def _check_eligibility(
    data: AttributionData, affiliate_id: UUID, won_by: Reason, *, moment: datetime, placed_at: datetime
) -> Attribution:
    """Credit the affiliate if their status and agreement allow it at `moment`, the time of the click or order."""
    history = data.histories.get(affiliate_id, ())
    applicable = data.find_applicable_version(affiliate_id, placed_at)
    agreement_id = applicable.agreement_id or data.find_version_in_force(placed_at)
    denial = None
    if data.program_ends_at and moment >= data.program_ends_at:
        denial = Reason.PROGRAM_ENDED
    elif was_terminated_for_breach(history, placed_at):
        denial = Reason.BREACH
    elif get_state_at(history, moment) != State.ACTIVE:
        denial = Reason.NOT_ACTIVE
    elif applicable.agreement_id is None:
        denial = Reason.NO_AGREEMENT
    elif (applicable if moment == placed_at else data.find_applicable_version(affiliate_id, moment)).is_paused:
        denial = Reason.NOT_ACCEPTED
    if denial:
        return Attribution(None, denial, affiliate_id, agreement_id=agreement_id)
    return Attribution(
        affiliate_id,
        won_by,
        affiliate_id,
        agreement_id=applicable.agreement_id,
        rates_agreement_id=applicable.agreement_id,
    )
