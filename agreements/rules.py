"""The rules of the system, each of which a clause of the agreement must state (specification 1).

Everything the system pays, refuses, holds or ends cites one of these rules; the applicable version gives the clause. A
version that states no clause for a rule cannot be published, because affiliates would not have accepted the rule.
"""

from enum import StrEnum


class Rule(StrEnum):
    """One rule of the program, in the order in which the seed agreement states them."""

    # 1 Parties and acceptance
    ELIGIBILITY = "eligibility"
    """Who may take part, and that staff approve or reject applications with a reason."""
    ACCEPTANCE = "acceptance"
    """An affiliate takes part only after accepting exactly the text shown, which is kept as evidence."""
    ACCEPTANCE_OFFLINE = "acceptance_offline"
    """An acceptance on paper from before the system existed is recorded as such, with its date."""
    CURRENCY = "currency"
    TIME_ZONE = "time_zone"
    """Months begin and end in the program's time zone; days of 24 hours are counted from the instant."""
    LEGAL_NOTICES = "legal_notices"
    """Legal notices go by e-mail and can't be switched off."""
    NO_SELF_DECISION = "no_self_decision"
    """Staff decide nothing about an affiliate account of their own."""

    # 2 The affiliate's channels
    CHANNELS = "channels"
    """Channels are declared by the affiliate and approved or rejected by staff."""
    UNAPPROVED_CHANNEL = "unapproved_channel"
    """Promotion is allowed on approved channels only."""

    # 3 Tracking and attribution
    TRACKING_LINKS = "tracking_links"
    """What a tracking link does, and which requests are clicks."""
    ATTRIBUTION_DAYS = "attribution_days"
    """An order must be placed within these days of the click, by the version that applied at the click."""
    CLICK_TOKEN = "click_token"  # a rule, not a secret  # noqa: S105  # nosec B105
    """A click counts by its genuine signed click id, which is not younger than the order."""
    COUPON_ASSIGNMENT = "coupon_assignment"
    """A coupon counts for the affiliate it is assigned to when the order is placed, the first of several."""
    COUPON_FIRST = "coupon_first"
    """An assigned coupon takes precedence over a click."""
    ONE_AFFILIATE_PER_ORDER = "one_affiliate_per_order"
    NO_REFERRAL = "no_referral"
    """An order with neither a valid coupon nor a valid click is credited to no one."""
    ACTIVE_AFFILIATE = "active_affiliate"
    """The affiliate must have been active at the click; for a coupon, when the order was placed."""
    ORDER_SNAPSHOTS = "order_snapshots"
    """The shop's newest snapshot of an order counts; a line that it no longer has counts as 0.00."""
    ATTRIBUTION_FROZEN = "attribution_frozen"
    """The attribution of an order is final once a close has settled one of its lines."""

    # 4 Commission rates
    RATE_CARD = "rate_card"
    """The rate of the line's category in the version that applied when the order was placed."""
    PROMOTIONS = "promotions"
    """A promotion may raise a rate within floor and ceiling, never lower it."""
    ROUNDING = "rounding"
    """Once per order line, to the cent, half away from zero."""
    REFUNDS = "refunds"
    """Commission is on the amount less refunds; a cancelled order earns 0.00."""
    ORDER_COMMISSION_CAP = "order_commission_cap"
    VALIDATION_DAYS = "validation_days"
    """Days of 24 hours from the completion of the order until its commission can be paid."""
    BEFORE_TAX = "before_tax"
    """Commissions are before the affiliate's taxes, and a statement is no tax invoice."""

    # 5 Payment
    MONTHLY_CLOSE = "monthly_close"
    """Months are closed in order, each automatically on the close day of the next month."""
    SETTLEMENT = "settlement"
    """A close posts the difference between a commission's amount and what is already settled."""
    BALANCE = "balance"
    """Carry-over, statement lines, adjustments and payouts that came back."""
    NEGATIVE_BALANCE = "negative_balance"
    """A negative balance is carried over and set off against later commissions."""
    PAYOUT_MINIMUM = "payout_minimum"
    CARRY_OVER = "carry_over"
    """A balance that is not paid out is carried over, with all reasons."""
    PAYABLE = "payable"
    """Who can be paid when the close runs."""
    PAYOUT_DETAILS = "payout_details"
    """No payout without confirmed payout details."""
    PAYOUT_DETAILS_HOLD_DAYS = "payout_details_hold_days"
    """No payout to changed payout details before these days are over."""
    PAYOUT_HOLD = "payout_hold"
    """Staff may hold an affiliate's payouts, with a reason."""
    FAILED_PAYOUTS = "failed_payouts"
    """A payout that failed, was returned or was cancelled goes back to the balance."""
    ADJUSTMENTS = "adjustments"
    """Bonus, correction or clawback with a reason, approved by a second member of staff."""

    # 6 Prohibited activities
    PROHIBITED_ACTIVITIES = "prohibited_activities"
    SIGNALS = "signals"
    """Signals and reports by the public may open a review and have no other effect."""

    # 7 Sales targets
    SALES_TARGET = "sales_target"
    TARGET_COUNTING = "target_counting"
    """Attributed orders in the target period that are neither cancelled nor fully refunded."""
    TARGET_PAUSES = "target_pauses"
    """The target period is extended by days suspended or paused, and by pauses that staff declare for all."""
    TARGET_AT_RISK = "target_at_risk"
    TARGET_CURE_DAYS = "target_cure_days"
    """The time from the missed-target notice until a review is opened."""

    # 8 Reviews and appeals
    REVIEW = "review"
    """A signal or a report leads to a notice that names the clause."""
    REVIEW_HOLD = "review_hold"
    """A review may hold the commissions it names; while held, only decreases are posted."""
    REPLY_DAYS = "reply_days"
    REVIEW_DAYS = "review_days"
    """If staff miss the deadline, the hold is released and nothing can be forfeited in that review."""
    DECISIONS = "decisions"
    """Dismissed, warning, forfeiture, suspension or termination."""
    FORFEITURE = "forfeiture"
    """Posted only when the time to appeal is over or the appeal is dismissed."""
    APPEAL_DAYS = "appeal_days"
    APPEAL_DECISION = "appeal_decision"
    """By a different reviewer and in time, or else it is granted; then orders are attributed again."""

    # 9 Changes to the agreement
    CHANGE_OF_AGREEMENT = "change_of_agreement"
    """Published versions never change; a change is a new version, classified for the affiliate."""
    CHANGE_NOTICE_DAYS = "change_notice_days"
    """Notice of a change to the affiliate's detriment."""
    APPLICABLE_VERSION = "applicable_version"
    """Which version applies to an affiliate at an instant."""
    PAUSE_UNACCEPTED = "pause_unaccepted"
    """Links and coupons pause until a version in effect with a detriment is accepted."""
    DECLINE = "decline"
    """Declining a version is an orderly exit on its effective date that keeps what was earned."""

    # 10 Termination
    LEAVING = "leaving"
    """The affiliate leaves at once and can take it back within `termination_notice_days`."""
    TERMINATION_NOTICE_DAYS = "termination_notice_days"
    """The program ends the agreement without a breach, or for a missed target."""
    TERMINATION_BREACH = "termination_breach"
    """Takes effect at once, also for orders placed afterwards from earlier clicks."""
    SUSPENSION = "suspension"
    """Links and coupons don't count and nothing is paid out, until reinstated."""
    FINAL_CLOSE = "final_close"
    """After the end, every close pays a positive balance, whatever its size."""

    # 11 End of the program
    END_OF_PROGRAM = "end_of_program"
    """Announced with a date; from then on links redirect untracked."""

    # 12 Personal data
    PERSONAL_DATA = "personal_data"
    DATA_EXPORT = "data_export"
    RETENTION_YEARS = "retention_years"
    """How long personal parts of acceptances, statements and decided reviews are kept after an end."""
    ERASURE = "erasure"
    """Personal fields are deleted once nothing is open; records that must be kept stay under a pseudonym."""


RULE_TERMS: dict[Rule, tuple[str, ...]] = {
    Rule.CURRENCY: ("currency",),
    Rule.TIME_ZONE: ("time_zone",),
    Rule.ATTRIBUTION_DAYS: ("attribution_days",),
    Rule.RATE_CARD: ("rate_card", "rate_floor", "rate_ceiling"),
    Rule.ORDER_COMMISSION_CAP: ("order_commission_cap",),
    Rule.VALIDATION_DAYS: ("validation_days",),
    Rule.MONTHLY_CLOSE: ("close_day",),
    Rule.PAYOUT_MINIMUM: ("payout_minimum",),
    Rule.PAYOUT_DETAILS_HOLD_DAYS: ("payout_details_hold_days",),
    Rule.PROHIBITED_ACTIVITIES: ("prohibited_activities",),
    Rule.SALES_TARGET: ("target_orders", "target_days"),
    Rule.TARGET_CURE_DAYS: ("target_cure_days",),
    Rule.REPLY_DAYS: ("reply_days",),
    Rule.REVIEW_DAYS: ("review_days",),
    Rule.APPEAL_DAYS: ("appeal_days",),
    Rule.CHANGE_NOTICE_DAYS: ("change_notice_days",),
    Rule.TERMINATION_NOTICE_DAYS: ("termination_notice_days",),
    Rule.RETENTION_YEARS: ("retention_years",),
}
"""The terms of each rule: every term and every table belongs to exactly one rule."""

TERM_RULES: dict[str, Rule] = {term: rule for rule, terms in RULE_TERMS.items() for term in terms}
"""The rule of each term, so that a changed term can cite its clause."""
