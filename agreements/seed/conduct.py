"""Sections 6 to 8 of the seed agreement: prohibited activities, sales targets, reviews and appeals."""

from agreements.rules import Rule
from agreements.seed.shapes import ClauseText, build_clause

CONDUCT: tuple[ClauseText, ...] = (
    build_clause("6", "Prohibited activities"),
    build_clause(
        "6.1",
        "What is prohibited",
        """
        The following activities are prohibited. For each of them, a review may decide that the commissions that it
        names are forfeited (clause 8.8). The table shows how severe any other consequence may be at most:

        {prohibited_activities}

        Except for a suspension (clause 10.4), no activity has a consequence without a review under section 8.
        """,
        Rule.PROHIBITED_ACTIVITIES,
    ),
    build_clause(
        "6.2",
        "Signals and reports",
        """
        The system watches for signals: purchases by yourself, click flooding, orders that follow a click too soon, a
        conversion rate out of range, clicks from sites that you did not declare, and payout details that another
        affiliate has too. A channel counts as declared as soon as you have declared it, also while it is pending.
        Anyone can report abuse to us. A signal or a report may open a review. It has no other
        consequence.
        """,
        Rule.SIGNALS,
    ),
    build_clause(
        "7",
        "Sales targets",
        """
        A sales target keeps the program to affiliates who make use of it. People decide whether an agreement ends
        because of a missed target; a deadline alone never does.
        """,
    ),
    build_clause(
        "7.1",
        "The target",
        """
        The sales target is: {target_orders} in {target_days}. If it is "no orders", there is no target, and the rest
        of this section does not apply. We check the target every day. You can miss it only once you have been active
        for {target_days}.
        """,
        Rule.SALES_TARGET,
    ),
    build_clause(
        "7.2",
        "What counts",
        """
        An order counts if it is attributed to you and was placed in the last {target_days}, unless it was cancelled
        or wholly refunded.
        """,
        Rule.TARGET_COUNTING,
    ),
    build_clause(
        "7.3",
        "Pauses",
        """
        The period in which orders count is extended by the days on which you were suspended or paused. It is also
        extended by pauses that staff declare for all affiliates.
        """,
        Rule.TARGET_PAUSES,
    ),
    build_clause(
        "7.4",
        "Target at risk",
        """
        If you would miss the target within 30 days without a further order, we send you one friendly e-mail. While
        your first {target_days} are running, what counts is whether you would miss the target at the end of them. You
        get at most one such e-mail in {target_days}. It has no other consequence.
        """,
        Rule.TARGET_AT_RISK,
    ),
    build_clause(
        "7.5",
        "Target missed",
        """
        If you miss the target, we send you a notice. You then have {target_cure_days} to meet it. If you meet it by
        then, the matter is closed. If you still miss it, a review opens that recommends termination (clause 10.2).
        """,
        Rule.TARGET_CURE_DAYS,
    ),
    build_clause(
        "8",
        "Reviews and appeals",
        """
        A review has these steps: signal or report, notice, reply, decision, appeal. We record each step with its date
        and the person or system behind it. You see all of them, except private staff notes.
        """,
    ),
    build_clause(
        "8.1",
        "How a review begins",
        """
        A review is opened because of a signal, a report or a missed sales target. We send you a notice. It names one
        prohibited activity or one term, by its clause, in the version of this agreement that you accepted.
        """,
        Rule.REVIEW,
    ),
    build_clause(
        "8.2",
        "What may be held",
        """
        A review may hold the commissions that it names. It does not hold all your money, unless staff give a reason
        for that. While a commission is held, a close posts only decreases of it. A hold ends with the review at the
        latest.
        """,
        Rule.REVIEW_HOLD,
    ),
    build_clause(
        "8.3",
        "Your reply",
        """
        You have {reply_days} from the notice to reply in the portal, with text and files. You can send up to 10
        replies in a review, each with a text of up to 20,000 characters and up to 5 files. A file is a PNG, JPEG, PDF
        or plain text file of up to 5 MB.
        """,
        Rule.REPLY_DAYS,
    ),
    build_clause(
        "8.4",
        "Our time to decide",
        """
        Staff have {review_days} from the notice to decide. If they miss this deadline, the hold is released
        automatically, the commissions that the review names can no longer be forfeited in that review, and we notify
        you.
        """,
        Rule.REVIEW_DAYS,
    ),
    build_clause(
        "8.5",
        "Decisions",
        """
        A review ends in one of these decisions, from the mildest to the most severe: the review is dismissed; you are
        warned; the commissions that it names are forfeited (clause 8.8); you are suspended (clause 10.4); your
        agreement is terminated (clause 10.2 for a missed sales target, otherwise clause 10.3). Forfeiture is possible
        for every prohibited activity. Apart from it, no decision is more severe than clause 6.1 allows for the
        activity. We notify you of the decision, its reason and its clause.
        """,
        Rule.DECISIONS,
    ),
    build_clause(
        "8.6",
        "Your appeal",
        """
        You can appeal in the portal within {appeal_days} of the decision, with a text of up to 20,000 characters.
        """,
        Rule.APPEAL_DAYS,
    ),
    build_clause(
        "8.7",
        "Who decides the appeal",
        """
        The person who decided the review may not decide the appeal. Staff have {review_days} from your appeal. If
        they miss this deadline, the appeal is granted automatically.

        A granted appeal gives you back your money and your links as if the decision had not been made. Orders that
        were placed in between are attributed again under section 3, unless a close has settled them for someone else.
        """,
        Rule.APPEAL_DECISION,
    ),
    build_clause(
        "8.8",
        "Forfeiture",
        """
        The amount of a forfeited commission becomes 0.00. Only commissions that the review names can be forfeited. A
        forfeiture is posted only when your time to appeal is over or your appeal was refused. Until then, the money
        is held.
        """,
        Rule.FORFEITURE,
    ),
)
