"""Offboarding in the demo apart from reviews: a suspension, termination notices and affiliates who leave."""

from datetime import datetime
from functools import partial

from compliance.models import TerminationNotice
from compliance.offboarding import suspension, termination
from portal.demo.context import DemoContext, get_affiliate_in
from portal.demo.personas import STOPPED_DAYS_AGO, Situation

NOTICE_REASON = "We end our cooperation with sites that have not been updated for a year."
NOTICE_DAYS = 30


def schedule_conduct(context: DemoContext) -> None:
    """Schedule the suspension, the terminations and the notices."""
    days, schedule = context.days, context.timeline.schedule
    schedule(days.ago(STOPPED_DAYS_AGO[Situation.SUSPENDED]), partial(_suspend, context))
    schedule(
        days.ago(STOPPED_DAYS_AGO[Situation.LEAVING], 20), partial(_leave, Situation.LEAVING, "I am closing my blog.")
    )
    schedule(days.ago(STOPPED_DAYS_AGO[Situation.LEFT], 20), partial(_leave, Situation.LEFT, ""))
    schedule(
        days.ago(STOPPED_DAYS_AGO[Situation.NOTICE_ENDED] + NOTICE_DAYS),
        partial(_give_notice, context, Situation.NOTICE_ENDED),
    )
    schedule(days.ago(9), partial(_give_notice, context, Situation.UNDER_NOTICE))


def _suspend(context: DemoContext, now: datetime) -> None:
    suspension.suspend(
        affiliate=get_affiliate_in(Situation.SUSPENDED),
        reason="Our e-mails to you bounce and your site is down. Write to us to be reinstated.",
        now=now,
        by=context.staff["reviewer"],
    )


def _leave(situation: Situation, reason: str, now: datetime) -> None:
    affiliate = get_affiliate_in(situation)
    termination.leave_program(affiliate=affiliate, now=now, by=affiliate.user, reason=reason)


def _give_notice(context: DemoContext, situation: Situation, now: datetime) -> None:
    termination.give_notice(
        affiliate=get_affiliate_in(situation),
        ground=TerminationNotice.Ground.CHOICE,
        reason=NOTICE_REASON,
        now=now,
        by=context.staff["reviewer"],
    )
