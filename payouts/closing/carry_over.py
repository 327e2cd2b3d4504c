"""Why a balance is carried over, in words, with the rule whose clause states it (CONTRACT 6.3)."""

from enum import StrEnum

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from agreements.rules import Rule


class CarryOverReason(StrEnum):
    """The codes that a statement stores in `reasons`, in the order in which they are told."""

    NOTHING_DUE = "nothing_due"
    NEGATIVE_BALANCE = "negative_balance"
    BELOW_MINIMUM = "below_minimum"
    SUSPENDED = "suspended"
    NOT_ACTIVE = "not_active"
    NO_ACCEPTED_AGREEMENT = "no_accepted_agreement"
    NO_PAYOUT_DETAILS = "no_payout_details"
    PAYOUT_DETAILS_ON_HOLD = "payout_details_on_hold"
    PAYOUTS_HELD = "payouts_held"

    @property
    def label(self) -> str | Promise:
        """The reason in words for the affiliate."""
        return LABELS[self]

    @property
    def staff_label(self) -> str | Promise:
        """The reason in a few words for a list of the staff's."""
        return STAFF_LABELS[self]

    @property
    def rules(self) -> tuple[Rule, ...]:
        """The rules whose clauses state it, the closest first; a version may lack a clause for the first."""
        return RULES[self]


LABELS: dict[CarryOverReason, str | Promise] = {
    CarryOverReason.NOTHING_DUE: _("The balance is 0.00: there is nothing to pay."),
    CarryOverReason.NEGATIVE_BALANCE: _("The balance is below zero. It is set off against what you earn later."),
    CarryOverReason.BELOW_MINIMUM: _("The balance is below the payout minimum."),
    CarryOverReason.SUSPENDED: _("Your participation was suspended when the month was closed."),
    CarryOverReason.NOT_ACTIVE: _("You were not an active affiliate when the month was closed."),
    CarryOverReason.NO_ACCEPTED_AGREEMENT: _(
        "You were under no accepted version of the agreement when the month was closed."
    ),
    CarryOverReason.NO_PAYOUT_DETAILS: _("There were no confirmed payout details when the month was closed."),
    CarryOverReason.PAYOUT_DETAILS_ON_HOLD: _(
        "Your payout details had been changed, and the hold after the change was not over."
    ),
    CarryOverReason.PAYOUTS_HELD: _("Your payouts were on hold when the month was closed."),
}

STAFF_LABELS: dict[CarryOverReason, str | Promise] = {
    CarryOverReason.NOTHING_DUE: _("Nothing due"),
    CarryOverReason.NEGATIVE_BALANCE: _("Balance below zero"),
    CarryOverReason.BELOW_MINIMUM: _("Below the payout minimum"),
    CarryOverReason.SUSPENDED: _("Suspended"),
    CarryOverReason.NOT_ACTIVE: _("Not active"),
    CarryOverReason.NO_ACCEPTED_AGREEMENT: _("Under no accepted version"),
    CarryOverReason.NO_PAYOUT_DETAILS: _("No confirmed payout details"),
    CarryOverReason.PAYOUT_DETAILS_ON_HOLD: _("Payout details changed, still in their hold"),
    CarryOverReason.PAYOUTS_HELD: _("Payouts on hold"),
}

RULES: dict[CarryOverReason, tuple[Rule, ...]] = {
    CarryOverReason.NOTHING_DUE: (Rule.CARRY_OVER,),
    CarryOverReason.NEGATIVE_BALANCE: (Rule.NEGATIVE_BALANCE,),
    CarryOverReason.BELOW_MINIMUM: (Rule.PAYOUT_MINIMUM,),
    CarryOverReason.SUSPENDED: (Rule.PAYABLE, Rule.SUSPENSION),
    CarryOverReason.NOT_ACTIVE: (Rule.PAYABLE,),
    CarryOverReason.NO_ACCEPTED_AGREEMENT: (Rule.PAYABLE,),
    CarryOverReason.NO_PAYOUT_DETAILS: (Rule.PAYOUT_DETAILS,),
    CarryOverReason.PAYOUT_DETAILS_ON_HOLD: (Rule.PAYOUT_DETAILS_HOLD_DAYS,),
    CarryOverReason.PAYOUTS_HELD: (Rule.PAYOUT_HOLD,),
}
