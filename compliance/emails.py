"""E-mails of compliance to affiliates, queued in the transaction of the event they report (specification 10)."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

from django.db.models import Count, Sum
from django.utils.translation import ngettext_lazy

from affiliates.models import Affiliate, State, StatusChange
from affiliates.notifications import notify
from agreements.clauses import cite_clause
from agreements.models import AgreementVersion
from agreements.rules import Rule
from compliance import review_money
from compliance.grounds import cite_review_clause, get_review_title, is_missed_target
from compliance.models import Review, ReviewEvent, TargetNotice, TerminationNotice
from lib.formatting import format_money, lazy_datetime_for
from payouts.models import Commission

Decision = Review.Decision


def send_review_opened(review: Review, *, hold_all_reason: str) -> None:
    held = review_money.list_held_commissions(review).count()
    amount = review_money.compute_held_amount(review)
    _notify_about_review(
        review,
        "review_opened",
        summary=review.summary,
        evidence=review.evidence_addresses.splitlines(),
        reply_by=lazy_datetime_for(review.reply_by, review.affiliate),
        decide_by=lazy_datetime_for(review.decide_by, review.affiliate),
        held=held,
        amount=format_money(amount, review.agreement.currency),
        hold_all_reason=hold_all_reason,
        hold_clause=cite_clause(review.agreement, Rule.REVIEW_HOLD),
        reply_clause=cite_clause(review.agreement, Rule.REPLY_DAYS),
    )


def send_review_decided(review: Review) -> None:
    dismissed = review.decision == Decision.DISMISSED
    _notify_about_review(
        review,
        "review_decided",
        decision=review.decision,
        decision_label=Decision(review.decision).label,
        reason=review.decision_reason,
        **_build_forfeiture(review),
        missed_target=is_missed_target(review),
        appeal_by=""
        if dismissed or review.appeal_by is None
        else lazy_datetime_for(review.appeal_by, review.affiliate),
        appeal_clause=cite_clause(review.agreement, Rule.APPEAL_DAYS),
        forfeiture_clause=cite_clause(review.agreement, Rule.FORFEITURE),
    )


def send_appeal_decided(review: Review, *, reason: str) -> None:
    _notify_about_review(
        review,
        "appeal_decided",
        granted=review.appeal == Review.Appeal.GRANTED,
        decision_label=Decision(review.decision).label,
        granted_automatically=review.appeal_decided_by_id is None,
        reason=reason,
        appeal_clause=cite_clause(review.agreement, Rule.APPEAL_DECISION),
    )


def send_hold_released(review: Review, *, amount: Decimal, held_all_payouts: bool) -> None:
    _notify_about_review(
        review,
        "hold_released",
        amount=format_money(amount, review.agreement.currency),
        held_all_payouts=held_all_payouts,
        decide_by=lazy_datetime_for(review.decide_by, review.affiliate),
        deadline_clause=cite_clause(review.agreement, Rule.REVIEW_DAYS),
    )


def send_hold_released_by_staff(
    review: Review, *, commissions: Sequence[Commission], released_all_payouts: bool, reason: str, now: datetime
) -> None:
    amount = sum((commission.amount for commission in commissions), Decimal("0.00"))
    _notify_about_review(
        review,
        "hold_released",
        key=f"{review.pk}:{now.isoformat()}",
        amount=format_money(amount, review.agreement.currency) if commissions else "",
        held_all_payouts=released_all_payouts,
        reason=reason,
    )


def send_review_question(review: Review, event: ReviewEvent) -> None:
    _notify_about_review(review, "review_question", key=str(event.pk), question=event.text)


def send_suspended(affiliate: Affiliate, *, reason: str, clause: str, review: Review | None, now: datetime) -> None:
    context = {"reason": reason, "clause": clause, "review": str(review.pk) if review else ""}
    notify(affiliate=affiliate, kind="suspended", key=_build_message_key(affiliate, now), context=context)


def send_reinstated(affiliate: Affiliate, *, reason: str, clause: str, now: datetime) -> None:
    context = {"reason": reason, "clause": clause, "state": affiliate.state}
    notify(affiliate=affiliate, kind="reinstated", key=_build_message_key(affiliate, now), context=context)


def send_termination_notice(notice: TerminationNotice, *, agreement: AgreementVersion) -> None:
    context = {
        "ground": notice.ground,
        "reason": notice.reason,
        "clause": f"{notice.clause} of version {agreement.name}",
        "takes_effect_at": lazy_datetime_for(notice.takes_effect_at, notice.affiliate),
        "review": str(notice.review_id or ""),
        "has_taken_part": _has_taken_part(notice.affiliate),
        "held": _format_held(notice.affiliate, agreement),
    }
    notify(affiliate=notice.affiliate, kind="termination_notice", key=str(notice.pk), context=context)


def _format_held(affiliate: Affiliate, agreement: AgreementVersion) -> str:
    """Return what the open reviews of `affiliate` hold, "" for nothing."""
    reviews = Review.objects.for_affiliate(affiliate).open()
    held = sum((review_money.compute_held_amount(review) for review in reviews), Decimal("0.00"))
    return format_money(held, agreement.currency) if held else ""


def send_termination_revoked(notice: TerminationNotice, *, reason: str) -> None:
    context = {"reason": reason, "clause": notice.clause}
    notify(affiliate=notice.affiliate, kind="termination_revoked", key=str(notice.pk), context=context)


def send_leaving_confirmed(
    affiliate: Affiliate,
    *,
    ends_at: datetime,
    agreement: AgreementVersion,
    declined: AgreementVersion | None,
    now: datetime,
) -> None:
    context = {
        "declined": declined.name if declined else "",
        "decline_clause": cite_clause(declined, Rule.DECLINE),
        "ends_at": lazy_datetime_for(ends_at, affiliate),
        "clause": cite_clause(agreement, Rule.LEAVING),
        "final_clause": cite_clause(agreement, Rule.FINAL_CLOSE),
        "held": _format_held(affiliate, agreement),
    }
    notify(affiliate=affiliate, kind="leaving_confirmed", key=_build_message_key(affiliate, now), context=context)


def send_leaving_taken_back(
    affiliate: Affiliate, *, agreement: AgreementVersion, is_paused: bool, now: datetime
) -> None:
    context = {
        "state": affiliate.state,
        "is_paused": is_paused,
        "clause": cite_clause(agreement, Rule.LEAVING),
        "pause_clause": cite_clause(agreement, Rule.PAUSE_UNACCEPTED),
    }
    notify(affiliate=affiliate, kind="leaving_taken_back", key=_build_message_key(affiliate, now), context=context)


def send_left(affiliate: Affiliate, *, declined: AgreementVersion | None, now: datetime) -> None:
    """Confirm that an affiliate who had not accepted an agreement has left, without a notice period."""
    context = {
        "ends_at": "",
        "declined": declined.name if declined else "",
        "decline_clause": cite_clause(declined, Rule.DECLINE),
    }
    notify(affiliate=affiliate, kind="leaving_confirmed", key=_build_message_key(affiliate, now), context=context)


def send_terminated(affiliate: Affiliate, *, reason: str, clause: str, at: datetime) -> None:
    context = {
        "reason": reason,
        "clause": clause,
        "at": lazy_datetime_for(at, affiliate),
        "breach": False,
        "has_taken_part": _has_taken_part(affiliate),
        "forfeits": False,
        "forfeited_amount": "",
        "review": "",
    }
    notify(affiliate=affiliate, kind="terminated", key=_build_message_key(affiliate, at), context=context)


def send_terminated_for_breach(review: Review) -> None:
    affiliate = review.affiliate
    at = affiliate.state_since
    forfeiture = _build_forfeiture(review)
    context = {
        "reason": review.decision_reason,
        "clause": cite_review_clause(review),
        "at": lazy_datetime_for(at, affiliate),
        "breach": True,
        "has_taken_part": True,
        "forfeits": bool(forfeiture["forfeited"]),
        "forfeited_amount": forfeiture["forfeited_amount"],
        "review": str(review.pk),
    }
    notify(affiliate=affiliate, kind="terminated", key=_build_message_key(affiliate, at), context=context)


def send_end_of_program(affiliate: Affiliate, *, ends_at: datetime, reason: str, agreement: AgreementVersion) -> None:
    context = {
        "ends_at": lazy_datetime_for(ends_at, affiliate),
        "reason": reason,
        "clause": cite_clause(agreement, Rule.END_OF_PROGRAM),
        "final_clause": cite_clause(agreement, Rule.FINAL_CLOSE),
        "attribution_days": agreement.attribution_days,
        "has_taken_part": affiliate.state != State.APPROVED,
    }
    notify(affiliate=affiliate, kind="end_of_program", key=str(affiliate.pk), context=context)


def send_target_at_risk(
    affiliate: Affiliate,
    *,
    agreement: AgreementVersion,
    orders: int,
    missed_at: datetime,
    is_first_period: bool,
    day: str,
) -> None:
    context = _build_target_context(agreement, orders) | {
        "is_first_period": is_first_period,
        "clause": cite_clause(agreement, Rule.TARGET_AT_RISK),
        "missed_at": lazy_datetime_for(missed_at, affiliate),
    }
    notify(affiliate=affiliate, kind="target_at_risk", key=f"{affiliate.pk}:{day}", context=context)


def send_target_missed(notice: TargetNotice) -> None:
    context = _build_target_context(notice.agreement, notice.orders) | {
        "clause": cite_clause(notice.agreement, Rule.TARGET_CURE_DAYS),
        "cure_by": lazy_datetime_for(notice.cure_by, notice.affiliate),
    }
    notify(affiliate=notice.affiliate, kind="target_missed", key=str(notice.pk), context=context)


def send_target_met(notice: TargetNotice, *, orders: int) -> None:
    context = _build_target_context(notice.agreement, orders) | {
        "clause": cite_clause(notice.agreement, Rule.TARGET_CURE_DAYS)
    }
    notify(affiliate=notice.affiliate, kind="target_met", key=str(notice.pk), context=context)


def _build_target_context(agreement: AgreementVersion, orders: int) -> dict[str, object]:
    return {
        "orders": orders,
        "target_orders": agreement.target_orders,
        "period": ngettext_lazy("%d day", "%d days", agreement.target_days) % agreement.target_days,
        "target_clause": cite_clause(agreement, Rule.SALES_TARGET),
    }


def _build_forfeiture(review: Review) -> dict[str, object]:
    """Return how many commissions the decision forfeits, and their sum, "" for none."""
    rows = review_money.list_forfeitable_commissions(review) if review.forfeits else Commission.objects.none()
    found = rows.aggregate(count=Count("pk"), sum=Sum("amount"))
    amount = format_money(found["sum"], review.agreement.currency) if found["count"] else ""
    return {"forfeited": found["count"] or 0, "forfeited_amount": amount}


def _notify_about_review(review: Review, kind: str, **context: object) -> None:
    """Queue an e-mail of `kind`, once per review, or per `key` if there is one."""
    notify(
        affiliate=review.affiliate,
        kind=kind,
        key=str(context.pop("key", review.pk)),
        context={
            "review": str(review.pk),
            "review_title": get_review_title(review),
            "clause": cite_review_clause(review),
        }
        | context,
    )


def _has_taken_part(affiliate: Affiliate) -> bool:
    return StatusChange.objects.participation().filter(affiliate=affiliate).exists()


def _build_message_key(affiliate: Affiliate, at: datetime) -> str:
    return f"{affiliate.pk}:{at.isoformat()}"
