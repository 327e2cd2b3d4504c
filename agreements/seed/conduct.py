"""Sections 6 to 8 of the seed agreement: what is prohibited, what is expected, and how either is judged."""

from agreements.rules import Rule
from agreements.seed.shapes import ClauseText, build_clause

CONDUCT: tuple[ClauseText, ...] = (
    build_clause("6", "Prohibited activities"),
    build_clause(
        "6.1",
        "What is prohibited",
        """
        These activities are prohibited. With each stands the gravest consequence that a review may decide for it:

        {prohibited_activities}

        Except for a suspension (clause 10.4), none of them has a consequence without a review under section 8.
        """,
        Rule.PROHIBITED_ACTIVITIES,
    ),
    build_clause(
        "6.2",
        "Signals and reports",
        """
        The system watches for signals: purchases by yourself, floods of clicks, orders that follow too soon on the
        click, a share of clicks that become orders which is out of range, clicks from sites that you did not declare,
        and payout details that another affiliate has too. Anybody may report abuse to us. A signal or a report may
        open a review. By itself it does nothing else.
        """,
        Rule.SIGNALS,
    ),
    build_clause(
        "7",
        "Sales targets",
        """
        A sales target keeps the program to those who make use of it. Whether to end an agreement over it is decided
        by people, never by the clock.
        """,
    ),
    build_clause(
        "7.1",
        "The target",
        """
        The sales target is: {target_orders} in {target_days}. If it is "no orders", there is no target, and the rest
        of this section does not apply. We look every day, but only once you have been active for {target_days}.
        """,
        Rule.SALES_TARGET,
    ),
    build_clause(
        "7.2",
        "What counts",
        """
        What counts is each order that is attributed to you and was placed in the last {target_days}, unless it was
        cancelled or wholly refunded.
        """,
        Rule.TARGET_COUNTING,
    ),
    build_clause(
        "7.3",
        "Pauses",
        """
        The time in which orders count grows by the days on which you were suspended or paused. It also grows by
        pauses that staff declare for all affiliates.
        """,
        Rule.TARGET_PAUSES,
    ),
    build_clause(
        "7.4",
        "Target at risk",
        """
        If you would miss the target within 30 days without a further order, we send you one friendly e-mail. You get
        at most one in {target_days}. It has no other consequence.
        """,
        Rule.TARGET_AT_RISK,
    ),
    build_clause(
        "7.5",
        "Target missed",
        """
        If you miss the target, we send you a notice. You then have {target_cure_days} to meet it. If you meet it by
        then, the matter is closed. If it is still missed, a review opens that recommends termination (clause 10.2).
        """,
        Rule.TARGET_CURE_DAYS,
    ),
    build_clause(
        "8",
        "Reviews and appeals",
        """
        A review goes by these steps: signal or report, notice, reply, decision, appeal. Each step is kept with its
        date and with who took it. You see them all, except private notes of staff.
        """,
    ),
    build_clause(
        "8.1",
        "How a review begins",
        """
        A review is opened on a signal, on a report or on a missed sales target. We send you a notice. It names one
        prohibited activity or one term, by its clause, in the version of this agreement that you accepted.
        """,
        Rule.REVIEW,
    ),
    build_clause(
        "8.2",
        "What may be held",
        """
        A review may hold the commissions that it names. It does not hold all your money, unless staff say why. While
        a commission is held, a close posts only decreases of it. A hold ends with the review at the latest.
        """,
        Rule.REVIEW_HOLD,
    ),
    build_clause(
        "8.3",
        "Your reply",
        """
        You have {reply_days} from the notice to answer in the portal, with text and files.
        """,
        Rule.REPLY_DAYS,
    ),
    build_clause(
        "8.4",
        "Our time to decide",
        """
        Staff have {review_days} from the notice to decide. If they miss this deadline, the hold is released by
        itself, and we tell you.
        """,
        Rule.REVIEW_DAYS,
    ),
    build_clause(
        "8.5",
        "Decisions",
        """
        A review is decided in one of these ways, from the mildest to the gravest: it is dismissed; you are warned;
        the commissions that it names are forfeited (clause 8.8); you are suspended (clause 10.4); your agreement is
        terminated (clause 10.2 for a missed sales target, else clause 10.3). No decision is graver than clause 6.1
        allows for the activity. We tell you the decision, its reason and its clause.
        """,
        Rule.DECISIONS,
    ),
    build_clause(
        "8.6",
        "Your appeal",
        """
        You may appeal in the portal within {appeal_days} of the decision.
        """,
        Rule.APPEAL_DAYS,
    ),
    build_clause(
        "8.7",
        "Who decides the appeal",
        """
        Whoever decided the review may not decide the appeal. Staff have {review_days} from your appeal. If they miss
        this deadline, the appeal is granted by itself. A granted appeal gives you back your money and your links.
        """,
        Rule.APPEAL_DECISION,
    ),
    build_clause(
        "8.8",
        "Forfeiture",
        """
        The amount of a forfeited commission becomes 0.00. Only commissions that the review names can be forfeited. A
        forfeiture is posted only when your time to appeal is over or your appeal was refused. Until then the money is
        held.
        """,
        Rule.FORFEITURE,
    ),
)
