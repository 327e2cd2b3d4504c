"""Sections 1 to 3 of the seed agreement: who takes part, where, and which orders are theirs."""

from agreements.rules import Rule
from agreements.seed.shapes import ClauseText, build_clause

PARTICIPATION: tuple[ClauseText, ...] = (
    build_clause(
        "1",
        "Parties and acceptance",
        """
        This text is an example to be replaced, and it is no legal advice. It comes with the software, so that a
        program can be tried at once. Whoever runs a program replaces it with an agreement of their own before the
        first affiliate accepts it, and has that checked by a lawyer. Their agreement also gives their name and
        address and says which law applies.
        """,
    ),
    build_clause(
        "1.1",
        "You, we and the program",
        """
        This agreement is between you, the affiliate, and us, the shop that runs {program_name} ("the program"). You
        recommend what we sell. We pay you a commission for the orders that come of it.

        The agreement is the program. When the system pays, holds, refuses or ends something, it names the version of
        this agreement and the clause that it comes from. A rule that is not in the text that applies to you (clause
        9.3) is not used against you.

        You are independent. You are neither our employee nor our agent, and you promise nothing in our name. The
        English text of this agreement governs; a translation only helps to read it.
        """,
    ),
    build_clause(
        "1.2",
        "Who can take part",
        """
        You can take part if you are old enough to make contracts where you live, and if what you tell us about
        yourself and your channels is true. Staff read each application and approve or reject it. If we reject yours,
        we tell you the reason. If we approve it, you still have to accept this agreement.
        """,
        Rule.ELIGIBILITY,
    ),
    build_clause(
        "1.3",
        "How you accept",
        """
        You accept this agreement in the portal: you are shown the whole text, and you tick the box yourself. You
        become an active affiliate by that, and not before.

        We record who accepted and when, from which internet address and browser, which version and in which language,
        a fingerprint (SHA-256) of the exact text, and the differences that were shown with it. The record carries the
        fingerprint of the one before it. It cannot be changed or deleted. Your personal details stand apart from it,
        so that they can be erased (clause 12.4). You get the text as a PDF by e-mail, with the fingerprint of the
        record, so that you hold the proof too.
        """,
        Rule.ACCEPTANCE,
    ),
    build_clause(
        "1.4",
        "Acceptance on paper",
        """
        If you accepted on paper before the program used this system, we record it as just that, with its date. It
        counts from that date.
        """,
        Rule.ACCEPTANCE_OFFLINE,
    ),
    build_clause(
        "1.5",
        "Currency and time",
        """
        All amounts are in this currency: {currency}. Months and dates are those of this time zone: {time_zone}. Both
        are the same in every version of this agreement.

        A month runs from its first instant up to, but not including, the first instant of the next month. Where we
        count days from an event, such as a click or the completion of an order, a day is 24 hours.
        """,
        Rule.CURRENCY,
        Rule.TIME_ZONE,
    ),
    build_clause(
        "1.6",
        "Notices",
        """
        We send notices to the e-mail address in your profile, so keep it up to date. Each names the clause that it
        comes from, where there is one. Legal notices, such as those about a new version, a review or the end of this
        agreement, cannot be switched off. Reports and tips can.
        """,
        Rule.LEGAL_NOTICES,
    ),
    build_clause(
        "2",
        "The affiliate's channels",
        """
        A channel is a place where you recommend us: a website, a blog, a newsletter, or a profile on a social
        network.
        """,
    ),
    build_clause(
        "2.1",
        "Declaring a channel",
        """
        You declare each of your channels in the portal. A channel is pending until staff have looked at it; then it
        is approved or rejected. We tell you which, and the reason for a rejection. You may declare more channels
        later.
        """,
        Rule.CHANNELS,
    ),
    build_clause(
        "2.2",
        "Approved channels only",
        """
        You promote us only on approved channels. To promote us anywhere else is a prohibited activity, the one called
        "unapproved channel" in clause 6.1.
        """,
        Rule.UNAPPROVED_CHANNEL,
    ),
    build_clause(
        "2.3",
        "Your content",
        """
        Your content is yours, and you answer for it. You keep the law that applies to it. You tell people that you
        may be paid for your recommendations (see "undisclosed endorsement" in clause 6.1). While this agreement
        lasts, you may use our name and show our goods in order to recommend them truthfully.
        """,
    ),
    build_clause(
        "3",
        "Tracking and attribution",
        """
        An order earns you commission if it is attributed to you. This section says when it is. Whatever the answer,
        the order keeps it together with its reason and clause, and you can see why an order is yours.
        """,
    ),
    build_clause(
        "3.1",
        "Tracking links",
        """
        A tracking link is yours alone. It leads people to our shop and adds a click id to the address. You may point
        it at any page on the hosts that the link permits, and add up to five sub-ids of your own, which we keep with
        the click.

        Only visits by people count as clicks. Known bots, pages that a browser loads in advance and requests for
        headers alone are led to the shop as well, but they are not counted.
        """,
        Rule.TRACKING_LINKS,
    ),
    build_clause(
        "3.2",
        "Attribution window",
        """
        By a click, an order is yours if it is placed within {attribution_days} of that click. A day is 24 hours,
        counted from the instant of the click. An order that is placed later is not yours by that click.
        """,
        Rule.ATTRIBUTION_DAYS,
    ),
    build_clause(
        "3.3",
        "Genuine clicks",
        """
        A click id is a signed receipt. It says which link was followed and when, and it cannot be made up or altered
        without being noticed. A click counts only if the order carries its genuine click id, and if the click is not
        later than the order. Because the receipt says all that is needed, it counts even if our own record of the
        click was lost.
        """,
        Rule.CLICK_TOKEN,
    ),
    build_clause(
        "3.4",
        "Coupons",
        """
        A coupon is bound to you from a date. An order with that coupon is yours if the coupon was bound to you when
        the order was placed. It needs no click, and the attribution window does not matter. If we brought the coupon
        over from an earlier system, it is bound to you from the date of your acceptance.
        """,
        Rule.COUPON_ASSIGNMENT,
    ),
    build_clause(
        "3.5",
        "One affiliate for each order",
        """
        An order belongs to one affiliate at most; it is never shared. If it carries a coupon that is bound to an
        affiliate, the coupon decides, and no click counts for that order. Else the click decides whose click id the
        order carries. An order with neither a valid coupon nor a valid click is nobody's.
        """,
        Rule.COUPON_FIRST,
        Rule.ONE_AFFILIATE_PER_ORDER,
        Rule.NO_REFERRAL,
    ),
    build_clause(
        "3.6",
        "You must be active",
        """
        You must have been active at the instant that counts: for a click, when it was made; for a coupon, when the
        order was placed. You are active from your acceptance on, unless you are suspended, leaving or terminated.

        What you were at that instant counts, not what you are today. So an order from a click that was made while you
        were active can be yours even if you have been suspended or have left since. There are two limits: a pause
        under clause 9.4, and a termination for breach under clause 10.3.
        """,
        Rule.ACTIVE_AFFILIATE,
    ),
    build_clause(
        "3.7",
        "What our shop reports",
        """
        Our shop reports each order as it stands, and reports it again when it changes. The newest report counts,
        whenever it reaches us. A line of an order that a newer report no longer has counts as 0.00. Every report is
        kept.
        """,
        Rule.ORDER_SNAPSHOTS,
    ),
    build_clause(
        "3.8",
        "When attribution is final",
        """
        Whose an order is follows the newest report until a monthly close has settled a line of that order. After that
        it stays as it is. The rest of a later report still counts, such as a refund or a cancellation.
        """,
        Rule.ATTRIBUTION_FROZEN,
    ),
)
