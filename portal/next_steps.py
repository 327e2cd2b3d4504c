"""The next steps on an affiliate's home, the most urgent first."""

from typing import Any, NamedTuple

from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _

from agreements.clauses import get_clause_number
from agreements.models import AgreementVersion
from agreements.rules import Rule
from portal.frame import Frame
from portal.templatetags.accord import day, moment, money


class Step(NamedTuple):
    """One thing to do, with the label and the address of its button; `tone` is a CSS class: urgent, soon or none."""

    heading: str
    explanation: str
    address: str
    action: str
    tone: str = ""
    clause: str = ""
    # The term whose figure is in the heading.
    term: str = ""


def list_next_steps(summary: Any, frame: Frame) -> list[Step]:
    """Return the next steps for `summary`, from `affiliate_summary.get_affiliate_summary`."""
    builders = (
        _build_returned_payout_step,
        _build_agreement_step,
        _build_review_step,
        _build_question_step,
        _build_appeal_step,
        _build_target_step,
        _build_payout_details_step,
        _build_open_review_step,
        _build_link_step,
        _build_channels_step,
    )
    agreement = frame.applicable_version or frame.agreement
    return [step for build in builders if (step := build(summary, frame, agreement)) is not None]


def _find_clause(agreement: AgreementVersion | None, rule: Rule) -> str:
    return get_clause_number(agreement.pk, rule) if agreement else ""


def _build_returned_payout_step(summary: Any, frame: Frame, agreement: AgreementVersion | None) -> Step | None:
    if summary.came_back_amount is None:
        return None
    return Step(
        _("A payout of %(amount)s came back: %(reason)s")
        % {"amount": money(summary.came_back_amount), "reason": summary.came_back_because.rstrip(".")},
        format_html(
            _("It was sent to {} and came back on {}. Change your payout details, or confirm them."),
            summary.came_back_account,
            day(summary.came_back_at),
        ),
        reverse("payouts:details"),
        _("Check payout details"),
        "urgent",
        _find_clause(agreement, Rule.FAILED_PAYOUTS),
    )


def _build_open_review_step(summary: Any, frame: Frame, agreement: AgreementVersion | None) -> Step | None:
    # A question of the reviewer is a step of its own.
    if summary.review_to_decide is None or summary.review_with_question is not None:
        return None
    return Step(
        _("You replied to a review"),
        format_html(_("We read your reply and decide by {}."), moment(summary.review_decide_by)),
        reverse("compliance:review", args=[summary.review_to_decide]),
        _("Open the review"),
        "",
        _find_clause(agreement, Rule.REVIEW_DAYS),
    )


def _build_agreement_step(summary: Any, frame: Frame, agreement: AgreementVersion | None) -> Step | None:
    version = frame.version_to_accept
    if version is None:
        return None
    address = reverse("portal:agreement_accept", args=[version.pk])
    if summary.state == "approved":
        return Step(
            _("Read and accept the agreement"),
            _("Your application is approved. You can start as soon as you accept."),
            address,
            _("Read and accept"),
            "soon",
            _find_clause(version, Rule.ACCEPTANCE),
        )
    if frame.applicability.is_paused:
        explanation = format_html(
            _("Your links and coupons have been paused since {}."), moment(frame.applicability.paused_since)
        )
        return Step(
            _("Accept or decline version %s of the agreement") % version.name,
            explanation,
            address,
            _("See changes"),
            "urgent",
            _find_clause(version, Rule.PAUSE_UNACCEPTED),
        )
    explanation = format_html(
        _("It takes effect on {}. Your links and coupons pause then until you accept it or leave."),
        moment(version.effective_at),
    )
    return Step(
        _("Version %s of the agreement needs your decision") % version.name,
        explanation,
        address,
        _("See changes"),
        "soon",
        _find_clause(version, Rule.CHANGE_OF_AGREEMENT),
    )


def _build_review_step(summary: Any, frame: Frame, agreement: AgreementVersion | None) -> Step | None:
    if summary.review_to_reply is None:
        return None
    return Step(
        _("Reply to a review"),
        format_html(_("You have until {} to reply."), moment(summary.review_reply_by)),
        reverse("compliance:review", args=[summary.review_to_reply]),
        _("Read and reply"),
        "urgent",
        _find_clause(agreement, Rule.REPLY_DAYS),
    )


def _build_question_step(summary: Any, frame: Frame, agreement: AgreementVersion | None) -> Step | None:
    if summary.review_with_question is None:
        return None
    return Step(
        _("Answer a question about a review"),
        _("We have a question before we decide."),
        reverse("compliance:review", args=[summary.review_with_question]),
        _("Read and answer"),
        "soon",
    )


def _build_appeal_step(summary: Any, frame: Frame, agreement: AgreementVersion | None) -> Step | None:
    if summary.review_to_appeal is None:
        return None
    return Step(
        _("A review was decided"),
        format_html(_("You can appeal until {}. A different person then decides."), moment(summary.review_appeal_by)),
        reverse("compliance:review", args=[summary.review_to_appeal]),
        _("Read the decision"),
        "soon",
        _find_clause(agreement, Rule.APPEAL_DAYS),
    )


def _build_target_step(summary: Any, frame: Frame, agreement: AgreementVersion | None) -> Step | None:
    if summary.state not in ("active", "suspended"):
        return None
    counted = {"orders": summary.target_orders_counted or 0, "target": summary.target_orders_required or 0}
    if summary.cure_by is not None:
        explanation = format_html(
            _("You have until {} to meet it. After that, a review is opened."), moment(summary.cure_by)
        )
        return Step(
            _("You missed the sales target: %(orders)d of %(target)d orders") % counted,
            explanation,
            reverse("tracking:links"),
            _("Open links"),
            "urgent",
            _find_clause(agreement, Rule.TARGET_CURE_DAYS),
            "target_orders",
        )
    if summary.target_status == "at_risk":
        return Step(
            _("Your sales target is at risk: %(orders)d of %(target)d orders") % counted,
            _("You will miss it within 30 days unless more orders arrive."),
            reverse("tracking:links"),
            _("Open links"),
            "soon",
            _find_clause(agreement, Rule.TARGET_AT_RISK),
            "target_orders",
        )
    return None


def _build_payout_details_step(summary: Any, frame: Frame, agreement: AgreementVersion | None) -> Step | None:
    if summary.details_usable_from is not None or summary.state not in ("active", "suspended", "leaving", "terminated"):
        return None
    return Step(
        _("Add payout details"),
        _("You can only be paid once your payout details are confirmed."),
        reverse("payouts:details"),
        _("Add payout details"),
        "soon",
        _find_clause(agreement, Rule.PAYOUT_DETAILS),
    )


def _build_link_step(summary: Any, frame: Frame, agreement: AgreementVersion | None) -> Step | None:
    if summary.has_link or summary.state != "active":
        return None
    return Step(
        _("Create your first tracking link"),
        _("Orders that follow a click on it are credited to you."),
        reverse("tracking:link_new"),
        _("Create link"),
        "",
        _find_clause(agreement, Rule.TRACKING_LINKS),
    )


def _build_channels_step(summary: Any, frame: Frame, agreement: AgreementVersion | None) -> Step | None:
    if not summary.rejected_channels or summary.state not in ("approved", "active"):
        return None
    return Step(
        _("One of your channels was rejected"),
        _("Do not promote the program there. The reason is shown with the channel."),
        reverse("affiliates:channels"),
        _("Open channels"),
        "",
        _find_clause(agreement, Rule.UNAPPROVED_CHANNEL),
    )
