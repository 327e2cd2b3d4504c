"""Sections 1 to 3 of the seed agreement: parties, channels and attribution."""

from agreements.rules import Rule
from agreements.seed.shapes import ClauseText, build_clause

PARTICIPATION: tuple[ClauseText, ...] = (
    build_clause(
        "1",
        "Parties and acceptance",
        """
        This text is an example to be replaced, and it is not legal advice. It comes with the software so that a
        program can be tried out at once. The shop that runs a program replaces it with its own agreement before the
        first affiliate accepts it, and has that agreement checked by a lawyer. The shop's own agreement also states
        its name and address and the law that applies.
        """,
    ),
    build_clause(
        "1.1",
        "You, we and the program",
        """
        This agreement is between you, the affiliate, and us, the shop that runs {program_name} ("the program"). You
        recommend what we sell. We pay you a commission on the orders that result.

        The agreement is the program. Whenever the system pays, holds, refuses or ends something, it names the version
        and the clause of this agreement that it applies. A rule that is missing from the text that applies to you
        (clause 9.3) is not used against you.

        You are independent. You are neither our employee nor our agent, and you make no promises in our name. The
        English text of this agreement governs; a translation is only a reading aid.
        """,
    ),
    build_clause(
        "1.2",
        "Who can take part",
        """
        You can take part if you are old enough to enter into contracts where you live, and if the information that
        you give about yourself and your channels is true. Staff read each application and approve or reject it. If we
        reject yours, we give you the reason. If we approve it, you still have to accept this agreement.
        """,
        Rule.ELIGIBILITY,
    ),
    build_clause(
        "1.3",
        "How you accept",
        """
        You accept this agreement in the portal: we show you the whole text, and you tick the box yourself. You become
        an active affiliate when you accept, and not before.

        We record who accepted and when, from which internet address and browser, which version and in which language,
        a fingerprint (SHA-256) of the exact text, and the differences that were shown with it. The record contains
        the fingerprint of the record before it. It cannot be changed or deleted. Your personal details are kept
        separately from it, so that they can be deleted (clause 12.4). We e-mail you the text as a PDF together with
        the fingerprint of the record, so that you have the proof too.
        """,
        Rule.ACCEPTANCE,
    ),
    build_clause(
        "1.4",
        "Acceptance on paper",
        """
        If you accepted on paper before the program used this system, we record this as an acceptance on paper, with
        its date. It counts from that date.
        """,
        Rule.ACCEPTANCE_OFFLINE,
    ),
    build_clause(
        "1.5",
        "Currency and time",
        """
        All amounts are in this currency: {currency}. Months and dates follow this time zone: {time_zone}. Both are
        the same in every version of this agreement.

        A month runs from its first instant up to, but not including, the first instant of the next month. When this
        agreement counts days from an event, such as a click or the completion of an order, a day is 24 hours.
        """,
        Rule.CURRENCY,
        Rule.TIME_ZONE,
    ),
    build_clause(
        "1.6",
        "Notices",
        """
        We send notices to the e-mail address in your profile, so keep it up to date. Each notice names the clause
        that it is based on, if there is one. You cannot switch off legal notices, such as those about a new version,
        a review or the end of this agreement. You can switch off reports and tips.
        """,
        Rule.LEGAL_NOTICES,
    ),
    build_clause(
        "1.7",
        "Our staff",
        """
        Members of staff may be affiliates too, but they decide nothing about themselves: no application, channel,
        coupon code, adjustment, review, appeal or payout of an affiliate account that is their own. Other members of
        staff decide it.
        """,
        Rule.NO_SELF_DECISION,
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
        is approved or rejected. We notify you of the result and, if the channel is rejected, of the reason. You can
        declare more channels later.

        A pending channel is declared: clicks from it raise no signal (clause 6.2). It is not approved yet, so you do
        not promote us on it (clause 2.2).
        """,
        Rule.CHANNELS,
    ),
    build_clause(
        "2.2",
        "Approved channels only",
        """
        You promote us only on approved channels. A channel that is pending or rejected is not approved. Promoting us
        anywhere but on an approved channel is a prohibited activity; clause 6.1 calls it "unapproved channel".
        """,
        Rule.UNAPPROVED_CHANNEL,
    ),
    build_clause(
        "2.3",
        "Your content",
        """
        Your content is yours, and you are responsible for it. You comply with the law that applies to it. You
        disclose that you may be paid for your recommendations (see "undisclosed endorsement" in clause 6.1). While
        this agreement lasts, you may use our name and show our products in order to recommend them truthfully.
        """,
    ),
    build_clause(
        "3",
        "Tracking and attribution",
        """
        An order earns you commission if it is attributed to you. This section says when it is. Whatever the result,
        it is stored with the order together with its reason and clause, and you can see why an order was attributed
        to you.
        """,
    ),
    build_clause(
        "3.1",
        "Tracking links",
        """
        A tracking link belongs to you alone. It takes people to our shop and adds a click id to the address. You can
        point it at any page on the hosts that the link permits, and add up to five sub-IDs of your own, which we
        store with the click. If it points anywhere else, it leads to the page of the link, and you can see that it
        failed.

        Only visits by people count as clicks. Known bots, link previews, programs that do not name themselves,
        requests for headers alone and pages that a browser loads in advance are redirected to the shop with a click
        id, but they are not counted. An order that carries such a click id can still be yours, because a person may
        have been taken for a bot, or the page may have been opened later.

        A link that is loaded as an image, a frame, a script or another part of a page leads to the shop without a
        click id and is not counted. No one clicked, so it earns nothing.
        """,
        Rule.TRACKING_LINKS,
    ),
    build_clause(
        "3.2",
        "Attribution window",
        """
        A click makes an order yours if the order is placed within {attribution_days} of that click. This period is
        the attribution window. A day is 24 hours, counted from the instant of the click. An order that is placed later is
        not attributed to you by that click. The attribution window is that of the version of this agreement that applied
        to you at the click (clause 9.3), even if another version applies when the order is placed.
        """,
        Rule.ATTRIBUTION_DAYS,
    ),
    build_clause(
        "3.3",
        "Genuine clicks",
        """
        A click id is a signed token. It states which link was followed and when, and it cannot be forged or altered
        without being noticed. A click counts only if the order carries its genuine click id, and if the click is not
        later than the order. Because the token contains all that is needed, the click counts even if our own record
        of it was lost.
        """,
        Rule.CLICK_TOKEN,
    ),
    build_clause(
        "3.4",
        "Coupon codes",
        """
        A coupon code is assigned to you from a date until we unassign it or your agreement is terminated. An order
        with that coupon code is yours if the code was assigned to you when the order was placed. No click is needed,
        and the attribution window does not matter. If we imported the coupon code from an earlier system, it is assigned
        to you from the date of your acceptance.

        Coupon codes are compared without regard to upper and lower case, and after white space and invisible
        characters around them have been removed. If an order carries several coupon codes, the first one that was
        assigned to an affiliate when the order was placed counts. A coupon code that is assigned to no one does not
        stand in the way of a click.
        """,
        Rule.COUPON_ASSIGNMENT,
    ),
    build_clause(
        "3.5",
        "One affiliate for each order",
        """
        An order belongs to one affiliate at most; it is never shared. If it carries a coupon code that was assigned
        to an affiliate when it was placed, the coupon code decides, and no click counts for that order. Otherwise the
        click whose click id the order carries decides. An order with neither a valid coupon code nor a valid click is
        not credited to anyone.
        """,
        Rule.COUPON_FIRST,
        Rule.ONE_AFFILIATE_PER_ORDER,
        Rule.NO_REFERRAL,
    ),
    build_clause(
        "3.6",
        "You must be active",
        """
        You must have been active at the instant that counts: for a click, when it was made; for a coupon code, when
        the order was placed. You are active from your acceptance on, unless you are suspended, leaving or terminated.
        If you take back that you leave (clause 10.1), you are active from then on.

        Your status at that instant counts, not your status today. An order from a click that was made while you were
        active can therefore be yours even if you have been suspended or have left since. There are two limits: a
        pause under clause 9.4, and a termination for breach under clause 10.3.
        """,
        Rule.ACTIVE_AFFILIATE,
    ),
    build_clause(
        "3.7",
        "What our shop reports",
        """
        Our shop reports the current state of each order, and reports it again when it changes. The newest report
        counts, no matter when it reaches us. A line that is missing from a newer report of its order counts as 0.00.
        We keep every report.
        """,
        Rule.ORDER_SNAPSHOTS,
    ),
    build_clause(
        "3.8",
        "When attribution is final",
        """
        The attribution of an order follows the newest report until a month-end close has settled a line of that
        order. After that, the attribution no longer changes. The rest of a later report still counts, such as a
        refund or a cancellation. Until then, a granted appeal can change the attribution too (clause 8.7).
        """,
        Rule.ATTRIBUTION_FROZEN,
    ),
)
