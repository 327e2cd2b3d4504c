"""What an affiliate should do next, the most urgent first."""

from typing import Any, NamedTuple

from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _

from agreements.clauses import get_clause_number
from agreements.models import AgreementVersion
from agreements.rules import Rule
from portal.frame import Frame
from portal.templatetags.accord import moment


class Step(NamedTuple):
    """One thing to do: a heading, why, where, and what the button says. `tone` is urgent, soon or calm."""

    heading: str
    explanation: str
    address: str
    action: str
    tone: str = ""
    clause: str = ""
    # A term whose figure the heading says.
    term: str = ""


def list_next_steps(summary: Any, frame: Frame) -> list[Step]:
    """What to do next, for `summary` of `standing_today.affiliate_today`."""
    makers = (
        _make_agreement_step,
        _make_review_step,
        _make_appeal_step,
        _make_target_step,
        _make_payout_details_step,
        _make_link_step,
        _make_channels_step,
    )
    agreement = frame.applicable_version or frame.agreement
    return [step for make in makers if (step := make(summary, frame, agreement)) is not None]


def _find_clause(agreement: AgreementVersion | None, rule: Rule) -> str:
    return get_clause_number(agreement.pk, rule) if agreement else ""


def _make_agreement_step(summary: Any, frame: Frame, agreement: AgreementVersion | None) -> Step | None:
    version = frame.version_to_accept
    if version is None:
        return None
    address = reverse("portal:agreement_accept", args=[version.pk])
    if summary.state == "approved":
        return Step(
            _("Read and accept the agreement"),
            _("You are approved. You take part from the moment you accept."),
            address,
            _("Read and accept"),
            "soon",
            _find_clause(version, Rule.ACCEPTANCE),
        )
    if frame.applicability.is_paused:
        why = format_html(_("Your links and coupons are paused since {}."), moment(frame.applicability.paused_since))
        return Step(
            _("Accept version %s of the agreement, or decline it") % version.name,
            why,
            address,
            _("See what changes"),
            "urgent",
            _find_clause(version, Rule.PAUSE_UNACCEPTED),
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
        _find_clause(version, Rule.CHANGE_OF_AGREEMENT),
    )


def _make_review_step(summary: Any, frame: Frame, agreement: AgreementVersion | None) -> Step | None:
    if summary.review_to_reply is None:
        return None
    return Step(
        _("Reply to a review"),
        format_html(_("You have until {} to say your side."), moment(summary.review_reply_by)),
        reverse("compliance:review", args=[summary.review_to_reply]),
        _("Read and reply"),
        "urgent",
        _find_clause(agreement, Rule.REPLY_DAYS),
    )


def _make_appeal_step(summary: Any, frame: Frame, agreement: AgreementVersion | None) -> Step | None:
    if summary.review_to_appeal is None:
        return None
    return Step(
        _("A review was decided"),
        format_html(_("You may appeal until {}; somebody else then decides."), moment(summary.review_appeal_by)),
        reverse("compliance:review", args=[summary.review_to_appeal]),
        _("Read the decision"),
        "soon",
        _find_clause(agreement, Rule.APPEAL_DAYS),
    )


def _make_target_step(summary: Any, frame: Frame, agreement: AgreementVersion | None) -> Step | None:
    if summary.state not in ("active", "suspended"):
        return None
    counted = {"orders": summary.target_orders_counted or 0, "target": summary.target_orders_required or 0}
    if summary.cure_by is not None:
        why = format_html(_("You have until {} to meet it; then a review is opened."), moment(summary.cure_by))
        return Step(
            _("The sales target was missed: %(orders)d of %(target)d orders") % counted,
            why,
            reverse("tracking:links"),
            _("To my links"),
            "urgent",
            _find_clause(agreement, Rule.TARGET_CURE_DAYS),
            "target_orders",
        )
    if summary.target_status == "at_risk":
        return Step(
            _("The sales target is at risk: %(orders)d of %(target)d orders") % counted,
            _("Without a further order it will be missed within 30 days."),
            reverse("tracking:links"),
            _("To my links"),
            "soon",
            _find_clause(agreement, Rule.TARGET_AT_RISK),
            "target_orders",
        )
    return None


def _make_payout_details_step(summary: Any, frame: Frame, agreement: AgreementVersion | None) -> Step | None:
    if summary.details_usable_from is not None or summary.state not in ("active", "suspended", "leaving", "terminated"):
        return None
    return Step(
        _("Say where your money goes"),
        _("Nothing can be paid out before there are confirmed payout details."),
        reverse("payouts:details"),
        _("Enter payout details"),
        "soon",
        _find_clause(agreement, Rule.PAYOUT_DETAILS),
    )


def _make_link_step(summary: Any, frame: Frame, agreement: AgreementVersion | None) -> Step | None:
    if summary.has_link or summary.state != "active":
        return None
    return Step(
        _("Make your first tracking link"),
        _("Clicks on it, and the orders that follow, are yours."),
        reverse("tracking:link_new"),
        _("Make a link"),
        "",
        _find_clause(agreement, Rule.TRACKING_LINKS),
    )


def _make_channels_step(summary: Any, frame: Frame, agreement: AgreementVersion | None) -> Step | None:
    if not summary.rejected_channels or summary.state not in ("approved", "active"):
        return None
    return Step(
        _("A channel of yours was rejected"),
        _("You may not promote on it. Its reason stands beside it."),
        reverse("affiliates:channels"),
        _("See my channels"),
        "",
        _find_clause(agreement, Rule.UNAPPROVED_CHANNEL),
    )
