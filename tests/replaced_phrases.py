"""Phrases that pages and e-mails used to say, each with what replaced it. `python -m tests.wording` finds them.

A phrase is found in every source; a label only where it is a whole text, such as that of a button or a column.
"""

import re

PHRASES = {
    "What waits": "To do",
    "or nearly so": "due today, overdue",
    "for a second pair of eyes": "waiting for a second approver",
    "else than who decided": "must be decided by a different reviewer",
    "in their time to cure": "in the 30-day grace period",
    "something that must never be so": "integrity check failed",
    "Daily questions": "Scheduled jobs",
    "not answered as they should be": "jobs failing",
    "Nightly proofs": "Nightly integrity checks",
    "No night has been proven yet": "No check has run yet",
    "Deliver the mail that waits": "Send queued e-mail",
    "Carry out notices that have run off": "Apply expired notices",
    "Keep the deadlines of reviews": "Enforce review deadlines",
    "Prove the ledger of the night": "Verify the ledger",
    "Fold the daily roll-ups": "Update daily totals",
    "Losses of click records": "Lost clicks",
    "Files of orders": "Order imports",
    "Affiliates set aside": "Close exceptions",
    "Holds on payouts": "Payout holds",
    "Requests to be erased": "Deletion requests",
    "Notices of missed targets": "Missed-target notices",
    "Pauses of all targets": "Target pauses",
    "Notices of termination": "Terminations",
    "People who sign in": "Accounts",
    "when its day had come": "Automatic",
    "The month had ended, and it was its turn": "Scheduled month-end close",
    "Anew:": "Retry of",
    "Issue anew": "Pay again",
    "payout issued anew": "payout reissued",
    "Put aside": "Remove unpayable payouts, Removed",
    "All of it was paid": "Mark all as paid",
    "Nothing to mend": "Ready to publish",
    "thing to mend before": "Fix 1 issue before publishing",
    "A mistake is mended by another version": "To correct a mistake, publish another version",
    "Save, numbered in this order": "Renumber in this order and save",
    "The rules that the software applies": "Which clause backs each system rule",
    "Words that go are struck through": "Removed text is struck through",
    "The version that you are under": "Your current agreement",
    "box ticked by hand": "Online (checkbox)",
    "Begins with": "Key prefix",
    "A shop that asks for nothing": "If the shop only sends orders, give write access only",
    "I have copied it": "Done, I've saved it",
    "Look at it": "Preview",
    "Match the columns anew": "Change mapping",
    "Discard it": "Delete upload",
    "Import what is not refused": "Import 2 valid orders",
    "Mend these rows": "Fix these rows",
    "is no key of a snapshot": "unknown field",
    "a moment with its offset": "a date-time with time zone",
    "Above zero in the affiliate's favour": "Positive credits the affiliate",
    "which the affiliate reads": "shown to the affiliate",
    "Further orders": "Other order numbers, one per line",
    "Their numbers, one a line": "Other order numbers, one per line",
    "Who will be noticed": "Affiliates who will be notified",
    "worked out by the same functions": "if no more orders arrive",
    "Every window that these days lie in": "Target periods overlapping these days are extended",
    "Answers that were given stay": "Past results don't change",
    "matched to the letter": "must match exactly",
    "Those whom it concerns": "Affected affiliates are e-mailed",
    "Orders name these categories exactly so": "These categories appear in orders, confirm",
    "Unbind": "Unassign",
    "Bind a coupon": "Assign",
    "of what you help to sell": "commission on every sale you refer",
    "and refused, by nothing else": "Your pay depends only on these published terms",
    "Apply to take part": "Join the program",
    "The terms that matter first": "Key terms",
    "What it comes to": "At a glance",
    "Who follows it and orders in time": "Orders placed within 3 days of a click are credited to you",
    "The address to publish": "Your tracking link",
    "Leading deeper": "Deep link and sub-IDs",
    "Track it again": "Resume",
    "The link is tracked again": "Link resumed",
    "Say where your money goes": "Add payout details",
    "The channel is taken back": "Channel withdrawn",
    "What came of your links and coupons": "Clicks, orders and earnings",
    "Against before": "vs previous period",
    "The same as a table": "Show data table",
    "The shop's number of any order": "Enter the shop's order number",
    "Why it is yours": "Why this order is credited to you",
    "Why it is what it is": "How it was calculated",
    "It waits for": "Not paid yet because",
    "It waits until the shop reports": "Waiting for the shop to mark the order complete",
    "any moment now": "Due now",
    "not asked yet": "Not measured yet, never run",
    "are nobody's": "aren't credited to anyone",
    "They count no more from the moment": "They stop earning as soon as you leave",
    "Ask to be erased": "Request deletion",
    "You may not do that": "You don't have permission",
    "not among your rights": "Ask your program owner",
    "a stolen password alone": "Protects your account even if someone has your password",
    "Please reauthenticate": "Enter your password to change payout details",
    "It ends on another day": "new end date",
    "on your orders of the last 90 days": "Based on your last 90 days",
    "is to your detriment": "less favorable to you",
    "A friendly word about your sales target": "You're close to missing your sales target",
    "We may pay it anew": "We may retry now",
    "else it is part of the next monthly close": "otherwise it's added to your next monthly payout",
}
LABELS = {
    "Rejects": "Rejected orders",
    "To come": "Scheduled",
    "detriment": "worse for you",
    "benefit": "better for you",
    "May": "Permissions",
    "Bind": "Assign",
    "Attribution": "Cookie window",
    "Be paid": "Get paid",
    "Leads to": "Destination",
    "Made": "Created",
    "Pause it": "Pause",
    "Change it": "Edit",
    "Declare it": "Add channel",
    "Take back": "Withdraw",
    "Split by": "Group by",
    "Chart of": "Chart",
    "Per click": "EPC",
    "Ask why": "Find an order",
    "paid by the customer": "paid, awaiting completion",
    "Settled": "Posted",
    "Validated by then": "New commissions",
    "Approved by then": "New commissions",
    "On its way to you": "Payouts sent",
    "Came back": "Returned",
    "Carried over": "Rolls over to next month",
    "by itself": "automatically",
    "Be erased": "Delete my data",
    "Second factor": "Two-step verification",
    "Confirm Access": "Confirm it's you",
}
_PHRASE = re.compile("|".join(rf"(?<!\w){re.escape(phrase)}" for phrase in PHRASES))
# Alone in a string, a translated text or an element, if need be with a colon.
_LABEL = re.compile(
    r"""(?:_\(|_lazy\(|gettext\(|translate |%\}|(?<!-)>|label=|title=)\s*["']?("""
    + "|".join(map(re.escape, LABELS))
    + r"""):?\s*(?:["']|\{%|<)"""
)


def find_phrases(text: str) -> list[tuple[int, str, str]]:
    """Return line, phrase and replacement of each replaced phrase in `text`, also if it is spread over lines."""
    collapsed = " ".join(text.split())
    # Looking for plain text first takes a tenth of the time.
    if not any(phrase in collapsed for phrase in PHRASES | LABELS):
        return []
    found = [*_PHRASE.finditer(collapsed), *_LABEL.finditer(collapsed)]
    phrases = [(match.start(), match[match.lastindex or 0]) for match in found]
    return [(_find_line(text, start, collapsed), phrase, (PHRASES | LABELS)[phrase]) for start, phrase in phrases]


def _find_line(text: str, start: int, collapsed: str) -> int:
    """Return the line of `text` in which the character `start` of the collapsed text is."""
    words_before = len(collapsed[: start + 1].split())
    count = 0
    for number, line in enumerate(text.splitlines(), 1):
        count += len(line.split())
        if count >= words_before:
            return number
    return 1
