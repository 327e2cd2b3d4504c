"""The nine prohibited activities of the seed agreement, which its clause 6.1 lists."""

from agreements.seed.shapes import ActivityText

PROHIBITED_ACTIVITIES: tuple[ActivityText, ...] = (
    ActivityText(
        "spamming",
        "Spamming",
        "You do not send advertising to people who did not ask for it. This covers e-mail, text messages, direct "
        "messages and calls. It also covers posting your links again and again where they do not belong, such as "
        "in the comments of other people's pages.",
        "termination",
    ),
    ActivityText(
        "fraud",
        "Fraud",
        "You do not earn commission by deceit. Examples are made-up orders, stolen means of payment, clicks made "
        "by programs or by people who are paid to click, and false details about who you are. Keeping several "
        "accounts to get around a decision or a target is fraud too.",
        "termination",
    ),
    ActivityText(
        "unethical-marketing",
        "Unethical marketing",
        "You do not promote us with content that is unlawful, hateful, violent or sexual, or that harms children. "
        "You do not exploit people's fear, illness or distress. You do not attack other people or shops in order "
        "to sell.",
        "termination",
    ),
    ActivityText(
        "self-purchase",
        "Self-purchase",
        "You do not earn commission on your own orders. Your own orders are those that you place or pay for "
        "yourself, and those that somebody places for you or for your household. You may shop with us like "
        "everybody else, but without your links and coupons.",
        "suspension",
    ),
    ActivityText(
        "cookie-stuffing",
        "Cookie stuffing",
        "A click is a person's own decision to follow your link. You do not cause clicks that nobody decided on, "
        "for instance by hidden frames or images, pop-ups, forced redirects, browser extensions or apps. You do "
        "not overwrite another affiliate's click id.",
        "termination",
    ),
    ActivityText(
        "brand-bidding",
        "Brand bidding",
        "You do not buy search or social advertising on our name, our brands or misspellings of them. You do not "
        "use them in a domain name or a profile name, or in any way that makes you look like us. Naming us "
        "truthfully in your content is welcome.",
        "suspension",
    ),
    ActivityText(
        "misleading-advertising",
        "Misleading advertising",
        "What you say about our goods, prices, discounts and delivery must be true and up to date. You do not "
        "invent coupons, tests, reviews or shortages. You do not claim to have used what you have not used.",
        "suspension",
    ),
    ActivityText(
        "undisclosed-endorsement",
        "Undisclosed endorsement",
        "You tell people that you may be paid when they order by your link or coupon. You say so clearly, in "
        "plain words and close to the recommendation, where people see it before they click. Consumer protection "
        "law in many countries demands this, in the United States for instance the FTC's rules on endorsements. A "
        "note that is hidden on another page or behind a fold is not enough.",
        "suspension",
    ),
    ActivityText(
        "unapproved-channel",
        "Unapproved channel",
        "You promote us only on channels that you declared and that we approved. A channel that is pending or "
        "rejected is not approved. If you want to promote us somewhere new, declare it first.",
        "warning",
    ),
)
