"""Sections 4 and 5 of the seed agreement: commission rates and payment."""

from agreements.rules import Rule
from agreements.seed.shapes import ClauseText, build_clause

PAYMENT: tuple[ClauseText, ...] = (
    build_clause(
        "4",
        "Commission rates",
        """
        Each line of an order that is yours has one commission. We store its rate, the version and clause of this
        agreement, and every step of the calculation. You can see them in the portal.
        """,
    ),
    build_clause(
        "4.1",
        "Rate card",
        """
        A commission is the amount that the customer paid for the line after discounts, without shipping and tax,
        times the rate of the line's category. Categories are compared without regard to upper and lower case. These
        are the rates:

        {rate_card}

        One of these categories covers every category that is not named. No rate is lower than {rate_floor} or higher
        than {rate_ceiling}.

        The rate is taken from the version of this agreement that applied to you when the order was placed (clause
        9.3).
        """,
        Rule.RATE_CARD,
    ),
    build_clause(
        "4.2",
        "Promotions",
        """
        For a limited time, we may pay another rate for some or all categories, to some or all affiliates. Such a
        promotion has a start and an end, and its rate lies between the lowest and the highest rate in clause 4.1. It
        may raise your rate and never lowers it: if the rate card gives you more, you get the rate of the rate card.
        """,
        Rule.PROMOTIONS,
    ),
    build_clause(
        "4.3",
        "Refunds and cancelled orders",
        """
        A commission is calculated on the amount of the line less what has been refunded to the customer so far. Each
        line of a cancelled order pays 0.00. A commission that becomes 0.00 in one of these ways is reversed. If the
        refund or cancellation is reported after we settled the commission, a later close takes the difference back
        (clause 5.2).
        """,
        Rule.REFUNDS,
    ),
    build_clause(
        "4.4",
        "Rounding",
        """
        A commission is rounded once, for each line of an order, to the cent. Half a cent is rounded away from zero:
        0.125 becomes 0.13. Nothing is rounded again after that. Totals are sums of rounded lines.
        """,
        Rule.ROUNDING,
    ),
    build_clause(
        "4.5",
        "Cap for one order",
        """
        The highest commission that one order can earn is: {order_commission_cap}. The cap is taken from the version
        of this agreement that applied to you when the order was placed (clause 9.3). If that is an amount, the lines of
        the order earn commission in the sequence in which our shop sent them, until the amount is used up. Anything
        beyond it is not earned.
        """,
        Rule.ORDER_COMMISSION_CAP,
    ),
    build_clause(
        "4.6",
        "Holding period",
        """
        A commission is pending at first. It is validated {validation_days} after its order was completed. This time
        is the holding period. A day is 24 hours, counted from the instant of completion. The commission of an order
        that is not completed yet is not validated. The close of the month in which a commission is validated can pay
        it, and no earlier close can.
        """,
        Rule.VALIDATION_DAYS,
    ),
    build_clause(
        "4.7",
        "Taxes",
        """
        Commissions are amounts before any tax of yours. You declare and pay your own taxes. A statement shows
        what we owe you; it is not a tax invoice.
        """,
        Rule.BEFORE_TAX,
    ),
    build_clause(
        "5",
        "Payment",
        """
        We settle your earnings month by month and send you a statement. A statement never changes afterwards: a
        correction is a new line on a later statement.
        """,
    ),
    build_clause(
        "5.1",
        "Month-end close",
        """
        A month that has ended is closed automatically on {close_day} of the next month. This day is the one of the
        version in force, for all affiliates alike. If that day is missed, the month is closed on a later day. Staff
        can also close a month by hand as soon as it has ended. No month is closed before an earlier one. Months are
        closed automatically only after staff have opened the program.

        Each order counts in its state at the time of the close. If something in your records would make the close
        fail, you are excluded from it, staff are notified of the cause, and the next close settles what this one did
        not.
        """,
        Rule.MONTHLY_CLOSE,
    ),
    build_clause(
        "5.2",
        "What a close settles",
        """
        The close covers each of your commissions that was validated before the end of the month and is not held, and
        each settled commission that has changed since. It posts the difference between the amount of the commission
        and the part of it that is already settled. This difference is a line of your statement. It can be negative,
        for instance after a refund. A difference of 0.00 is not posted.
        """,
        Rule.SETTLEMENT,
    ),
    build_clause(
        "5.3",
        "Your balance",
        """
        Your balance is what was carried over, plus the lines of your statement, plus the adjustments that were
        approved before the end of the month and are not posted yet (clause 5.9), plus the payouts that came back
        since the last close (clause 5.8). A negative balance is carried over and offset against your later earnings.

        You get a statement if you have an opening balance, a line, an adjustment or a payout that came back. It shows
        each of these, the payout or the amount carried over with the reasons, and your closing balance. Your
        statements are numbered without gaps.
        """,
        Rule.BALANCE,
        Rule.NEGATIVE_BALANCE,
    ),
    build_clause(
        "5.4",
        "Payout threshold and carry-over",
        """
        Your whole balance is paid out if it is at least {payout_minimum}, the payout threshold, and if you can be
        paid (clause 5.5). Otherwise your whole balance is carried over to the next close, and your statement gives
        all the reasons. The threshold is that of the version that applies to you when the close runs (clause 9.3).
        After the end of this agreement, there is no threshold (clause 10.5).
        """,
        Rule.PAYOUT_MINIMUM,
        Rule.CARRY_OVER,
    ),
    build_clause(
        "5.5",
        "When you can be paid",
        """
        You can be paid if all of these conditions are met when the close runs. You are active, leaving or terminated;
        you are not paid while you are suspended. A version of this agreement applies to you by your own acceptance
        (clauses 1.3 and 9.3). Your payout details are confirmed and past their hold (clause 5.6). There is no hold on
        your payouts (clause 5.7).

        Each payout is submitted by one member of staff and approved by another before it is sent.
        """,
        Rule.PAYABLE,
    ),
    build_clause(
        "5.6",
        "Payout details",
        """
        You enter your payout details in the portal. Without confirmed payout details, nothing is paid out. We store
        them encrypted and show them masked.

        To protect you from theft, a change requires your password or second factor again, and we notify both your old
        and your new address. No money is sent to changed details within {payout_details_hold_days} of the change. A
        change of the e-mail address with which you sign in requires and causes the same: your password or second
        factor again, a notice to both addresses, and no payout for as long. Details that we imported from an earlier
        system are confirmed from the date of your acceptance and have no hold.
        """,
        Rule.PAYOUT_DETAILS,
        Rule.PAYOUT_DETAILS_HOLD_DAYS,
    ),
    build_clause(
        "5.7",
        "Payout hold",
        """
        Staff can hold your payouts; they record the reason. Your balance remains yours. It is carried over, and your
        statement names the hold, until a close runs after the hold was lifted.
        """,
        Rule.PAYOUT_HOLD,
    ),
    build_clause(
        "5.8",
        "Payouts that fail",
        """
        A payout that failed, was returned or was cancelled goes back to your balance. We notify you when a payout
        fails. Staff can issue a new payout at once, with its own reference; otherwise the next close includes the
        amount. A payment can be returned even after it was reported as paid. While the result of a payout is unknown,
        it is not sent again.
        """,
        Rule.FAILED_PAYOUTS,
    ),
    build_clause(
        "5.9",
        "Adjustments",
        """
        Staff can add a bonus, a correction or a clawback to your balance. Each of these adjustments has a reason, and
        counts only once a second member of staff has approved it. Your statement shows it.
        """,
        Rule.ADJUSTMENTS,
    ),
)
