"""Sections 9 to 12 of the seed agreement: changes, termination, the end of the program and personal data."""

from agreements.rules import Rule
from agreements.seed.shapes import ClauseText, build_clause

TERMINATION: tuple[ClauseText, ...] = (
    build_clause("9", "Changes to the agreement"),
    build_clause(
        "9.1",
        "New versions",
        """
        A published version of this agreement never changes. A change is a new version with an effective date. All
        versions stay published, and you can see the differences. We notify you of a new version if you are approved,
        active, suspended or leaving. We may withdraw a version before its effective date; we then notify everyone who
        was notified of it, and give the reason.

        The system classifies each changed term as a benefit, a detriment or neutral for you. Any other change, for
        instance to the text of a clause or to the prohibited activities, counts as a detriment. A version without a
        detriment takes effect on its effective date, and you do not have to do anything.
        """,
        Rule.CHANGE_OF_AGREEMENT,
    ),
    build_clause(
        "9.2",
        "Notice of a detriment",
        """
        A version with a detriment takes effect at the earliest {change_notice_days} after it is published. This
        notice period is the one in the version in force when it is published. We notify you of the changes and ask
        you to accept or decline.
        """,
        Rule.CHANGE_NOTICE_DAYS,
    ),
    build_clause(
        "9.3",
        "Which version applies to you",
        """
        At any instant, the version that applies to you is the newest version in effect that you had accepted by then.
        Versions without a detriment that follow it apply to you automatically, up to the next version with a
        detriment. That version and those after it apply to you only once you have accepted.

        The attribution window is that of the version that applied to you at the click (clause 3.2). Rates and cap are
        those of the version that applied to you when the order was placed (clauses 4.1 and 4.5). Payout threshold and
        hold are those of the version that applies to you when the close runs (clauses 5.4 and 5.6). The close day is
        that of the version in force (clause 5.1).
        """,
        Rule.APPLICABLE_VERSION,
    ),
    build_clause(
        "9.4",
        "If you have not accepted",
        """
        When a version with a detriment takes effect and you have not accepted it, your links and coupon codes pause
        until you accept or leave. Orders from a click before that date stay yours under the version before. So do
        orders with your coupon code that were placed before that date. Later orders are not credited to anyone, and
        the pause is stored as the reason.
        """,
        Rule.PAUSE_UNACCEPTED,
    ),
    build_clause(
        "9.5",
        "If you decline",
        """
        You may decline a version with a detriment. You then leave the program in good order and keep what you earned.
        You leave on the version's effective date, as clause 10.1 says, or at once if the version is in effect
        already.

        Until the effective date, your links and coupon codes earn under the version that applies to you. You can take
        your decision back until then. It lapses if we withdraw the version or if you accept it after all.
        """,
        Rule.DECLINE,
    ),
    build_clause("10", "Termination"),
    build_clause(
        "10.1",
        "You leave",
        """
        You may leave the program at any time, in the portal and without giving a reason. This takes effect at once:
        your links and coupon codes stop. What you earned stays yours. An order from a click that was made before you
        left can still become yours within the attribution window (clauses 3.2 and 3.6).

        You can take it back within {termination_notice_days}. You are then active again, or suspended if you were
        suspended when you left. If a version that you have not accepted is in effect, clause 9.4 applies. If you do
        not take it back, this agreement ends after {termination_notice_days}.
        """,
        Rule.LEAVING,
    ),
    build_clause(
        "10.2",
        "We end it with notice",
        """
        We may end this agreement without a breach on your part, by our own choice or because a review of a missed
        sales target decides on termination. It ends {termination_notice_days} after our notice. Until then, your
        links and coupon codes keep earning. Everything that you earned is paid (clause 10.5).
        """,
        Rule.TERMINATION_NOTICE_DAYS,
    ),
    build_clause(
        "10.3",
        "We end it for breach",
        """
        If a review decides on termination because you breached this agreement, it ends at once. Your links stop. Orders
        that are placed after that are not credited to you, even from an earlier click. What the review names is
        forfeited (clause 8.8). The rest is paid at the final close. You may appeal (clause 8.6).
        """,
        Rule.TERMINATION_BREACH,
    ),
    build_clause(
        "10.4",
        "Suspension",
        """
        A review may decide to suspend you. Staff may also suspend you directly, without a review. They then name the
        prohibited activity or the term concerned, and give the reason.

        While you are suspended, new clicks on your links and new orders with your coupon codes do not count, and
        nothing is paid out. Your balance remains yours and is carried over. We notify you of the suspension and its
        reason, and again when you are reinstated.
        """,
        Rule.SUSPENSION,
    ),
    build_clause(
        "10.5",
        "Final close",
        """
        After a termination, after the end of your notice when you leave, and after the end of the program, every
        close pays your balance, whatever its size: the payout threshold no longer applies. A negative balance is not
        paid but offset against commissions that are validated later (clause 5.3). Commissions that are still pending
        are validated as before (clause 4.6) and paid by the close of the month in which they are validated. The
        conditions of clause 5.5 still apply.
        """,
        Rule.FINAL_CLOSE,
    ),
    build_clause("11", "End of the program"),
    build_clause(
        "11.1",
        "How the program ends",
        """
        We may end the program for all affiliates. We announce the date to you, and new applications are closed. From
        that date on, your links still lead to our shop but are no longer tracked.

        Orders from a click before that date still count if they are placed within {attribution_days} of the click
        (clause 3.2). So do orders with your coupon code that are placed before that date.
        """,
        Rule.END_OF_PROGRAM,
    ),
    build_clause(
        "11.2",
        "Last payments",
        """
        Holding periods continue until the last commission is validated or reversed (clause 4.6). Final closes then
        pay every positive balance, whatever its size (clause 10.5).
        """,
    ),
    build_clause("12", "Personal data"),
    build_clause(
        "12.1",
        "What we keep",
        """
        We keep the data that we need to run this agreement with you: your application, profile and channels, your
        acceptances, your links, coupon codes, clicks and orders, your commissions, statements, payout details and
        payouts, and your reviews. No other affiliate sees them. When staff change something about you, we record who
        changed it, when, what and why.

        We store a customer's reference only as a keyed hash, which identifies no one.
        """,
        Rule.PERSONAL_DATA,
    ),
    build_clause(
        "12.2",
        "Your copy",
        """
        You can export all the data that we hold about you in the portal, as a ZIP file of JSON and PDF files.
        """,
        Rule.DATA_EXPORT,
    ),
    build_clause(
        "12.3",
        "How long we keep it",
        """
        We keep the personal parts of your acceptances and statements, and the text and files of decided reviews, for
        {retention_years}, because they prove what was agreed, earned and paid. This time starts when this agreement
        ends or, if you never took part, when your application is rejected or your account is closed. Afterwards they
        are deleted automatically. Our staff can see in advance what will be deleted.

        The rows of the ledger and the fingerprints of the records of acceptance are never deleted. They contain no
        personal details.
        """,
        Rule.RETENTION_YEARS,
    ),
    build_clause(
        "12.4",
        "Deletion of your data",
        """
        You may request the deletion of your data in the portal. It waits for what is open, and we tell you for what:
        that you have left the program, that your balance is 0.00 and your commissions are settled, that no payout is
        under way, and that no review or appeal is open.

        Your personal fields are then deleted everywhere, also in e-mails that we sent, in payout files, in our
        records of changes, and in the names of links and coupon codes. What clause 12.3 names is kept for the time
        stated there, under a pseudonym.
        """,
        Rule.ERASURE,
    ),
)
