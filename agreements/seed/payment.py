"""Sections 4 and 5 of the seed agreement: what an order earns, and when it is paid."""

from agreements.rules import Rule
from agreements.seed.shapes import ClauseText, build_clause

PAYMENT: tuple[ClauseText, ...] = (
    build_clause(
        "4",
        "Commission rates",
        """
        Each line of an order that is yours has one commission. We keep its rate, the version and clause of this
        agreement, and every step that led to its amount. You see them in the portal when you ask why.
        """,
    ),
    build_clause(
        "4.1",
        "Rate card",
        """
        A commission is what the customer paid for the line, without shipping and tax, times the rate of the line's
        category. These are the rates:

        {rate_card}

        One of these categories stands for every category that is not named. No rate is lower than {rate_floor} or
        higher than {rate_ceiling}.

        The rate is that of the version of this agreement that you were under when the order was placed (clause 9.3).
        """,
        Rule.RATE_CARD,
    ),
    build_clause(
        "4.2",
        "Promotions",
        """
        For a time, we may pay another rate for some categories, to all affiliates or to some. Such a promotion has
        its dates, and stays between the lowest and the highest rate in clause 4.1. It may raise your rate and never
        lowers it: if the rate card gives you more, you get what the rate card gives.
        """,
        Rule.PROMOTIONS,
    ),
    build_clause(
        "4.3",
        "Refunds and cancelled orders",
        """
        A commission is paid on the amount of the line less what was given back to the customer so far. Each line of a
        cancelled order pays 0.00. A commission that comes to 0.00 in one of these ways is void. If the refund or
        cancellation is reported after we settled the commission, a later close takes the difference back (clause
        5.2).
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
        The most commission that one order can earn is: {order_commission_cap}. Where that is an amount, the lines of
        the order earn in the sequence in which our shop sent them, until it is used up. What would go beyond it is
        not earned.
        """,
        Rule.ORDER_COMMISSION_CAP,
    ),
    build_clause(
        "4.6",
        "Validation",
        """
        A commission is pending at first. It is validated {validation_days} after its order was completed. A day is 24
        hours, counted from the instant of completion. An order that is not completed yet has no validated commission.
        The close of the month in which a commission is validated can pay it, and no earlier one can.
        """,
        Rule.VALIDATION_DAYS,
    ),
    build_clause(
        "4.7",
        "Taxes",
        """
        Commissions are amounts before any tax of yours. You declare and pay your own taxes. A statement shows what we
        owe you; it is no tax invoice.
        """,
        Rule.BEFORE_TAX,
    ),
    build_clause(
        "5",
        "Payment",
        """
        We settle what you earned month by month and tell you in a statement. It is never changed afterwards: a
        correction is a new line on a later statement.
        """,
    ),
    build_clause(
        "5.1",
        "Monthly close",
        """
        A month that has ended is closed by itself on {close_day} of the next month. If that day is missed, the close
        is made up for on a later day. Staff may also close a month by hand as soon as it has ended. No month is
        closed before an earlier one. Months are closed by themselves only after staff have opened the program.

        Orders count as they stand when the close is made. If something in your records would make the close fail, you
        are set aside, staff are told the cause, and the next close settles what this one did not.
        """,
        Rule.MONTHLY_CLOSE,
    ),
    build_clause(
        "5.2",
        "What a close settles",
        """
        The close looks at each of your commissions that was validated before the end of the month and is not held,
        and at each settled one that has changed since. It posts the difference between what the commission is now and
        what has been settled of it. This difference is a line of your statement. It may be negative, for instance
        after a refund. A difference of 0.00 is not posted.
        """,
        Rule.SETTLEMENT,
    ),
    build_clause(
        "5.3",
        "Your balance",
        """
        Your balance is what was carried over, plus the lines of your statement, plus the adjustments that were
        approved before the end of the month and not posted yet (clause 5.9), plus the payouts that came back since
        the last close (clause 5.8). A negative balance is carried over, and set off against what you earn later.

        You get a statement if you have an opening balance, a line, an adjustment or a payout that came back. It shows
        each of these, the payout or what is carried over and why, and your closing balance. Your statements are
        numbered without gaps.
        """,
        Rule.BALANCE,
        Rule.NEGATIVE_BALANCE,
    ),
    build_clause(
        "5.4",
        "Minimum and carry-over",
        """
        Your whole balance is paid out if it is at least {payout_minimum} and you can be paid (clause 5.5). Else your
        whole balance is carried over to the next close, and your statement gives all the reasons. After the end of
        this agreement there is no minimum (clause 10.5).
        """,
        Rule.PAYOUT_MINIMUM,
        Rule.CARRY_OVER,
    ),
    build_clause(
        "5.5",
        "When you can be paid",
        """
        You can be paid if all of this is so when the close runs. You are active, leaving or terminated; while you are
        suspended, you are not paid. You are under this agreement by your own acceptance (clauses 1.3 and 9.3). Your
        payout details are confirmed and past their hold (clause 5.6). There is no hold on your payouts (clause 5.7).

        Each payout is submitted by one member of staff and approved by another before it is sent.
        """,
        Rule.PAYABLE,
    ),
    build_clause(
        "5.6",
        "Payout details",
        """
        You enter in the portal where your money is to go. Without confirmed payout details nothing is paid out. We
        keep them encrypted and show them masked.

        To protect you from theft, a change asks for your password or second factor again, and we tell it to your old
        and your new address. No money goes to changed details before {payout_details_hold_days} have passed since the
        change. Details that we brought over from an earlier system are confirmed from the date of your acceptance and
        have no hold.
        """,
        Rule.PAYOUT_DETAILS,
        Rule.PAYOUT_DETAILS_HOLD_DAYS,
    ),
    build_clause(
        "5.7",
        "Hold on payouts",
        """
        Staff may hold your payouts and record the reason for it. Your balance remains yours. It is carried over, and
        your statement names the hold, until a close runs after the hold was lifted.
        """,
        Rule.PAYOUT_HOLD,
    ),
    build_clause(
        "5.8",
        "Payouts that fail",
        """
        A payout that failed, was returned or was cancelled goes back to your balance. We tell you when one failed.
        Staff may issue a new payout at once, with a reference of its own; else the next close counts it. A payment
        can be returned even after it was reported as paid. While the result of a payout is unknown, it is not sent
        again.
        """,
        Rule.FAILED_PAYOUTS,
    ),
    build_clause(
        "5.9",
        "Adjustments",
        """
        Staff may add a bonus, a correction or a clawback to your balance. Each has a reason, and counts only once a
        second member of staff has approved it. Your statement shows it.
        """,
        Rule.ADJUSTMENTS,
    ),
)
