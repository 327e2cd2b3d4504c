"""Reasons why a balance is carried over, with their texts and the rules behind them (specification 6.3)."""

from enum import StrEnum

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from agreements.rules import Rule


class CarryOverReason(StrEnum):
    """The codes in `Statement.reasons`, in the order in which pages list them."""

    NOTHING_DUE = "nothing_due"
    NEGATIVE_BALANCE = "negative_balance"
    BELOW_MINIMUM = "below_minimum"
    SUSPENDED = "suspended"
    NOT_ACTIVE = "not_active"
    NO_ACCEPTED_AGREEMENT = "no_accepted_agreement"
    NO_PAYOUT_DETAILS = "no_payout_details"
    PAYOUT_DETAILS_ON_HOLD = "payout_details_on_hold"
    EMAIL_CHANGE_ON_HOLD = "email_change_on_hold"
    PAYOUTS_HELD = "payouts_held"

    @property
    def label(self) -> str | Promise:
        """Return the text for the affiliate."""
        return LABELS[self]

    @property
    def staff_label(self) -> str | Promise:
        """Return the short text for lists of staff."""
        return STAFF_LABELS[self]

    @property
    def rules(self) -> tuple[Rule, ...]:
        """Return the rules whose clauses state the reason, most specific first; a version may lack some clauses."""
        return RULES[self]


LABELS: dict[CarryOverReason, str | Promise] = {
    CarryOverReason.NOTHING_DUE: _("The balance is 0.00, so there is nothing to pay."),
    CarryOverReason.NEGATIVE_BALANCE: _("The balance is negative. It is offset against your future commissions."),
    CarryOverReason.BELOW_MINIMUM: _("The balance is below the payout threshold."),
    CarryOverReason.SUSPENDED: _("You were suspended when the month was closed."),
    CarryOverReason.NOT_ACTIVE: _("You were not an active affiliate when the month was closed."),
    CarryOverReason.NO_ACCEPTED_AGREEMENT: _(
        "When the month was closed, no agreement that you had accepted was in effect."
    ),
    CarryOverReason.NO_PAYOUT_DETAILS: _("There were no confirmed payout details when the month was closed."),
    CarryOverReason.PAYOUT_DETAILS_ON_HOLD: _(
        "You changed your payout details recently, so payouts to them had not started yet."
    ),
    CarryOverReason.EMAIL_CHANGE_ON_HOLD: _(
        "You changed your e-mail address recently, so payouts had not started again yet."
    ),
    CarryOverReason.PAYOUTS_HELD: _("Your payouts were on hold when the month was closed."),
}

STAFF_LABELS: dict[CarryOverReason, str | Promise] = {
    CarryOverReason.NOTHING_DUE: _("Nothing due"),
    CarryOverReason.NEGATIVE_BALANCE: _("Negative balance"),
    CarryOverReason.BELOW_MINIMUM: _("Below the payout threshold"),
    CarryOverReason.SUSPENDED: _("Suspended"),
    CarryOverReason.NOT_ACTIVE: _("Not active"),
    CarryOverReason.NO_ACCEPTED_AGREEMENT: _("No accepted agreement version"),
    CarryOverReason.NO_PAYOUT_DETAILS: _("No confirmed payout details"),
    CarryOverReason.PAYOUT_DETAILS_ON_HOLD: _("Hold after a change of payout details"),
    CarryOverReason.EMAIL_CHANGE_ON_HOLD: _("Hold after a change of the e-mail address"),
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
    CarryOverReason.EMAIL_CHANGE_ON_HOLD: (Rule.PAYOUT_DETAILS_HOLD_DAYS,),
    CarryOverReason.PAYOUTS_HELD: (Rule.PAYOUT_HOLD,),
}
