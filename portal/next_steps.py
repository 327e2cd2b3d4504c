"""What an affiliate should do next, the most urgent first."""

from typing import Any, NamedTuple

from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _

from agreements.clauses import clause_of
from agreements.models import Agreement
from agreements.rules import Rule
from portal.frame import Frame
from portal.templatetags.accord import moment


class Step(NamedTuple):
    """One thing to do: a heading, why, where, and what the button says. `tone` is urgent, soon or calm."""

    heading: str
    why: str
    address: str
    action: str
    tone: str = ""
    clause: str = ""
    # A term whose figure the heading says.
    term: str = ""


def steps(today: Any, frame: Frame) -> list[Step]:
    """What to do next, for `today` of `standing_today.affiliate_today`."""
    makers = (_agreement, _review, _appeal, _target, _payout_details, _link, _channels)
    agreement = frame.mine or frame.agreement
    return [step for make in makers if (step := make(today, frame, agreement)) is not None]


def _clause(agreement: Agreement | None, rule: Rule) -> str:
    return clause_of(agreement.pk, rule) if agreement else ""


def _agreement(today: Any, frame: Frame, agreement: Agreement | None) -> Step | None:
    version = frame.to_accept
    if version is None:
        return None
    address = reverse("portal:agreement_accept", args=[version.pk])
    if today.state == "approved":
        return Step(
            _("Read and accept the agreement"),
            _("You are approved. You take part from the moment you accept."),
            address,
            _("Read and accept"),
            "soon",
            _clause(version, Rule.ACCEPTANCE),
        )
    if frame.under.paused:
        why = format_html(_("Your links and coupons are paused since {}."), moment(frame.under.paused_since))
        return Step(
            _("Accept version %s of the agreement, or decline it") % version.name,
            why,
            address,
            _("See what changes"),
            "urgent",
            _clause(version, Rule.PAUSE_UNACCEPTED),
        )
    why = format_html(
        _("It takes effect on {}. Your links pause then, until you accept or leave."), moment(version.effective_at)
    )
    return Step(
        _("Version %s of the agreement waits for your answer") % version.name,
        why,
        address,
        _("See what changes"),
        "soon",
        _clause(version, Rule.CHANGE_OF_AGREEMENT),
    )


def _review(today: Any, frame: Frame, agreement: Agreement | None) -> Step | None:
    if today.review_to_answer is None:
        return None
    return Step(
        _("Reply to a review"),
        format_html(_("You have until {} to say your side."), moment(today.review_reply_by)),
        reverse("compliance:review", args=[today.review_to_answer]),
        _("Read and reply"),
        "urgent",
        _clause(agreement, Rule.REPLY_DAYS),
    )


def _appeal(today: Any, frame: Frame, agreement: Agreement | None) -> Step | None:
    if today.review_to_appeal is None:
        return None
    return Step(
        _("A review was decided"),
        format_html(_("You may appeal until {}; somebody else then decides."), moment(today.review_appeal_by)),
        reverse("compliance:review", args=[today.review_to_appeal]),
        _("Read the decision"),
        "soon",
        _clause(agreement, Rule.APPEAL_DAYS),
    )


def _target(today: Any, frame: Frame, agreement: Agreement | None) -> Step | None:
    if today.state not in ("active", "suspended"):
        return None
    counted = {"orders": today.target_counted or 0, "target": today.target_wanted or 0}
    if today.cure_by is not None:
        why = format_html(_("You have until {} to meet it; then a review is opened."), moment(today.cure_by))
        return Step(
            _("The sales target was missed: %(orders)d of %(target)d orders") % counted,
            why,
            reverse("tracking:links"),
            _("To my links"),
            "urgent",
            _clause(agreement, Rule.TARGET_CURE_DAYS),
            "target_orders",
        )
    if today.target_answer == "at_risk":
        return Step(
            _("The sales target is at risk: %(orders)d of %(target)d orders") % counted,
            _("Without a further order it will be missed within 30 days."),
            reverse("tracking:links"),
            _("To my links"),
            "soon",
            _clause(agreement, Rule.TARGET_AT_RISK),
            "target_orders",
        )
    return None


def _payout_details(today: Any, frame: Frame, agreement: Agreement | None) -> Step | None:
    if today.details_usable_from is not None or today.state not in ("active", "suspended", "leaving", "terminated"):
        return None
    return Step(
        _("Say where your money goes"),
        _("Nothing can be paid out before there are confirmed payout details."),
        reverse("payouts:details"),
        _("Enter payout details"),
        "soon",
        _clause(agreement, Rule.PAYOUT_DETAILS),
    )


def _link(today: Any, frame: Frame, agreement: Agreement | None) -> Step | None:
    if today.has_link or today.state != "active":
        return None
    return Step(
        _("Make your first tracking link"),
        _("Clicks on it, and the orders that follow, are yours."),
        reverse("tracking:link_new"),
        _("Make a link"),
        "",
        _clause(agreement, Rule.TRACKING_LINKS),
    )


def _channels(today: Any, frame: Frame, agreement: Agreement | None) -> Step | None:
    if not today.rejected_channels or today.state not in ("approved", "active"):
        return None
    return Step(
        _("A channel of yours was rejected"),
        _("You may not promote on it. Its reason stands beside it."),
        reverse("affiliates:channels"),
        _("See my channels"),
        "",
        _clause(agreement, Rule.UNAPPROVED_CHANNEL),
    )
