"""The reviews of the demo, one per outcome: open, dismissed, suspended, terminated, and forfeited with an appeal."""

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from typing import NamedTuple

from affiliates.models import Affiliate
from compliance.models import Review
from compliance.reviews import appeals, decisions, replies
from compliance.reviews.open_review import open_review
from payouts.models import Commission
from portal.demo import abuse_reports
from portal.demo.context import DemoContext, get_affiliate_in
from portal.demo.personas import STOPPED_DAYS_AGO, Situation

Decision = Review.Decision
REPLY_TIME = timedelta(days=12)  # longer than the affiliate's time to reply


class Case(NamedTuple):
    """The course of a review: opened that many days ago over the newest commissions, then its reply and decision."""

    situation: Situation
    opened: int
    activity: str
    summary: str
    commission_count: int = 0
    reported: str = ""
    # Pages of the affiliate's own site that are the evidence.
    posts: tuple[str, ...] = ()
    reply: str = ""
    decision: str = ""
    decision_reason: str = ""
    decided_by: str = "reviewer"
    appeal: str = ""


CASES = (
    Case(
        Situation.REVIEW_DISMISSED, 150, "misleading-advertising",
        "A reader reported that your post advertises a spring price that is no longer valid.",
        commission_count=2,
        reply="The price was in the headline of an old post. I have corrected it; there is a screenshot on my blog.",
        decision=Decision.DISMISSED,
        decision_reason="The post was corrected within a day, and it was an honest mistake.",
    ),
    Case(
        Situation.TERMINATED_FOR_BREACH, STOPPED_DAYS_AGO[Situation.TERMINATED_FOR_BREACH] + 12, "cookie-stuffing",
        "Your page loads our address in a hidden frame, so visitors who never clicked get your click ID.",
        commission_count=9,
        decision=Decision.TERMINATION,
        decision_reason="We found the frame on three different days, and you did not reply.",
    ),
    Case(
        Situation.SUSPENDED_BY_REVIEW, STOPPED_DAYS_AGO[Situation.SUSPENDED_BY_REVIEW] + 12, "self-purchase",
        "Several orders with your coupon were delivered to your own address.",
        commission_count=3,
        reply="They were presents for my family.",
        decision=Decision.SUSPENSION,
        decision_reason="Orders by your household count as your own orders. Contact us to discuss a reinstatement.",
    ),
    Case(
        Situation.APPEALING, 41, "brand-bidding",
        "We saw search ads for “Juniper and Pine discount” that led to your page.",
        commission_count=6,
        reply="An agency set that up for me. I stopped it on the day I read your notice.",
        decision=Decision.FORFEITURE,
        decision_reason="The orders listed came from these ads.",
        decided_by="owner",
        appeal="Two of the orders came from my newsletter: I can show you the sub-IDs. Please look at it again.",
    ),
    Case(
        Situation.UNDER_REVIEW, 3, "undisclosed-endorsement",
        "Three of your posts recommend our products without disclosing that you earn commission.",
        commission_count=4,
        posts=("honest-favorites", "gifts-for-cooks", "my-kitchen"),
        reported="I have followed this page for years and only now learned that each “honest favorite” is paid for.",
    ),
)  # fmt: skip


def schedule_reviews(context: DemoContext) -> None:
    """Schedule the opening of every review; its later steps are scheduled when it is opened."""
    for case in CASES:
        context.timeline.schedule(context.days.ago(case.opened), partial(_open_review, context, case), shop_first=True)


def _open_review(context: DemoContext, case: Case, now: datetime) -> None:
    affiliate = get_affiliate_in(case.situation)
    earned = Commission.objects.for_affiliate(affiliate).filter(amount__gt=0)
    newest = earned.order_by("-placed_at", "order__order_id", "line__line_id")
    signal = (
        abuse_reports.report_affiliate(affiliate, case.reported, now - timedelta(hours=20)) if case.reported else None
    )
    review = open_review(
        affiliate=affiliate,
        activity=case.activity,
        summary=case.summary,
        evidence_addresses=_list_addresses(affiliate, case.posts),
        commissions=newest[: case.commission_count],
        now=now,
        by=context.staff["reviewer"],
        signal=signal,
    )
    for after, do in _list_followups(context, case, review):
        context.timeline.schedule(now + after, do, shop_first=True)


def _list_addresses(affiliate: Affiliate, posts: tuple[str, ...]) -> str:
    """Return the addresses of posts on the affiliate's first site, one per line."""
    site = affiliate.channels.order_by("added_at", "pk").values_list("address", flat=True).first()
    return "\n".join(f"{(site or 'https://example.com').rstrip('/')}/{post}" for post in posts)


def _list_followups(
    context: DemoContext, case: Case, review: Review
) -> list[tuple[timedelta, Callable[[datetime], object]]]:
    steps: list[tuple[timedelta, Callable[[datetime], object]]] = []
    user = review.affiliate.user
    if case.reply:
        steps.append((timedelta(days=2), lambda now: replies.reply(review=review, text=case.reply, now=now, by=user)))
    if case.decision:
        steps.append((REPLY_TIME, lambda now: _decide_review(context, case, review, now)))
    if case.appeal:
        wait = REPLY_TIME + timedelta(days=13)
        steps.append((wait, lambda now: appeals.appeal(review=review, text=case.appeal, now=now, by=user)))
    return steps


def _decide_review(context: DemoContext, case: Case, review: Review, now: datetime) -> None:
    by = context.staff[case.decided_by]
    replies.add_note(
        review=review, text="I checked the page again today and looked at all of the orders.", now=now, by=by
    )
    decisions.decide(review=review, decision=case.decision, reason=case.decision_reason, now=now, by=by)
