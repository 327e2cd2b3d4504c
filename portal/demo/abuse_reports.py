"""The public abuse reports of the demo: one is open, one was dismissed, one led to a review."""

from datetime import datetime, timedelta
from functools import partial

from affiliates.models import Affiliate
from compliance.models import Signal
from compliance.signals import abuse_reports, dismissals
from portal.demo.context import DemoContext, get_affiliate_in
from portal.demo.personas import Situation
from tracking.links import tracking_links


def schedule_abuse_reports(context: DemoContext) -> None:
    """Schedule the reports that lead to no review."""
    context.timeline.schedule(context.days.ago(26, 14), partial(_report_unfounded, context))
    context.timeline.schedule(context.days.ago(2, 14), _report_open)


def report_affiliate(affiliate: Affiliate, text: str, now: datetime) -> Signal:
    """Submit a report about the affiliate's first link, seen on their first channel."""
    link = affiliate.links.earliest("created_at", "id")
    page_url = affiliate.channels.earliest("added_at", "id").address
    return abuse_reports.submit_report(
        page_url=page_url,
        link_or_coupon=tracking_links.build_short_url(link),
        text=text,
        email="reader@example.com",
        now=now,
    )


def _report_open(now: datetime) -> None:
    report_affiliate(
        get_affiliate_in(Situation.UNDECLARED_SITE),
        "Someone posts this link under every second recipe on a bargain board.",
        now,
    )


def _report_unfounded(context: DemoContext, now: datetime) -> None:
    signal = report_affiliate(get_affiliate_in(Situation.REVIEW_DISMISSED), "He never answers my letters!", now)
    context.timeline.schedule(now + timedelta(days=1), partial(_dismiss, context, signal))


def _dismiss(context: DemoContext, signal: Signal, now: datetime) -> None:
    reason = "Not a violation: the report is about unanswered letters."
    dismissals.dismiss_signal(signal=signal, reason=reason, now=now, by=context.staff["reviewer"])
