"""The reviews of the demo, one in each stage: open, dismissed, suspended, terminated, forfeited and appealed."""

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from typing import NamedTuple

from compliance.models import Review
from compliance.reviews import appeals, decisions, replies
from compliance.reviews.open_review import open_review
from payouts.models import Commission
from portal.demo import abuse_reports
from portal.demo.context import DemoContext, get_affiliate_in
from portal.demo.personas import STOPPED_DAYS_AGO, Situation

Decision = Review.Decision
REPLY_TIME = timedelta(days=12)  # the time to reply is over by then


class Case(NamedTuple):
    """A review as it goes: opened so many days ago, with the newest commissions named; then its reply and its decision."""

    situation: Situation
    opened: int
    activity: str
    summary: str
    commission_count: int = 0
    reported: str = ""
    reply: str = ""
    decision: str = ""
    decision_reason: str = ""
    decided_by: str = "reviewer"
    appeal: str = ""


CASES = (
    Case(
        Situation.REVIEW_DISMISSED, 150, "misleading-advertising",
        "A reader told us that your post names a price of spring that we no longer have.",
        commission_count=2,
        reply="The price stood in the headline of an old post. I have put the present one there; a picture is on my blog.",
        decision=Decision.DISMISSED,
        decision_reason="The post was corrected within a day, and nobody was misled on purpose.",
    ),
    Case(
        Situation.TERMINATED_FOR_BREACH, STOPPED_DAYS_AGO[Situation.TERMINATED_FOR_BREACH] + 12, "cookie-stuffing",
        "Your page loads our address in a hidden frame: visitors who never clicked carry your click id.",
        commission_count=9,
        decision=Decision.TERMINATION,
        decision_reason="The frame was there on three days on which we looked, and you did not answer.",
    ),
    Case(
        Situation.SUSPENDED_BY_REVIEW, STOPPED_DAYS_AGO[Situation.SUSPENDED_BY_REVIEW] + 12, "self-purchase",
        "Several orders with your coupon went to the address that you gave as your own.",
        commission_count=3,
        reply="They were presents for my family.",
        decision=Decision.SUSPENSION,
        decision_reason="Orders for your household are your own orders. We talk again when you have sorted it out with them.",
    ),
    Case(
        Situation.APPEALING, 41, "brand-bidding",
        "We saw search advertising on the words “Juniper and Pine discount” that led to your page.",
        commission_count=6,
        reply="An agency set that up for me. I stopped it on the day I read your notice.",
        decision=Decision.FORFEITURE,
        decision_reason="The orders named came through that advertising.",
        decided_by="owner",
        appeal="Two of the orders came by my newsletter: I can show you the sub-ids. Please look again.",
    ),
    Case(
        Situation.UNDER_REVIEW, 3, "undisclosed-endorsement",
        "Three of your posts praise our goods without saying that you earn from it.",
        commission_count=4,
        reported="I follow this page for years and only now learned that every “honest favourite” is paid for.",
    ),
)  # fmt: skip


def schedule_reviews(context: DemoContext) -> None:
    """Note the opening of every case; what follows is noted when it is opened."""
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
        commissions=newest[: case.commission_count],
        now=now,
        by=context.staff["reviewer"],
        signal=signal,
    )
    for after, do in _list_followups(context, case, review):
        context.timeline.schedule(now + after, do, shop_first=True)


def _list_followups(
    context: DemoContext, case: Case, review: Review
) -> list[tuple[timedelta, Callable[[datetime], object]]]:
    follows: list[tuple[timedelta, Callable[[datetime], object]]] = []
    user = review.affiliate.user
    if case.reply:
        follows.append((timedelta(days=2), lambda now: replies.reply(review=review, text=case.reply, now=now, by=user)))
    if case.decision:
        follows.append((REPLY_TIME, lambda now: _decide_review(context, case, review, now)))
    if case.appeal:
        wait = REPLY_TIME + timedelta(days=13)
        follows.append((wait, lambda now: appeals.appeal(review=review, text=case.appeal, now=now, by=user)))
    return follows


def _decide_review(context: DemoContext, case: Case, review: Review, now: datetime) -> None:
    by = context.staff[case.decided_by]
    replies.add_note(
        review=review, text="I looked at it again today, and talked it over with the owner.", now=now, by=by
    )
    decisions.decide(review=review, decision=case.decision, reason=case.decision_reason, now=now, by=by)
