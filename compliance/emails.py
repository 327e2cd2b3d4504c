"""What this room tells affiliates by e-mail (CONTRACT 10), each written in the transaction of what it tells."""

from datetime import datetime
from decimal import Decimal

from affiliates.models import Affiliate
from affiliates.notify import notify
from agreements.clauses import clause_in_force
from agreements.models import Agreement
from agreements.rules import Rule
from compliance import review_money
from compliance.grounds import cited, is_missed_target, words_of
from compliance.models import Review, TargetNotice, TerminationNotice
from lib.formatting import moment_for, money

Decision = Review.Decision


def review_opened(review: Review, *, why_all: str) -> None:
    held = review_money.held(review).count()
    amount = review_money.held_amount(review)
    _about(
        review,
        "review_opened",
        summary=review.summary,
        reply_by=moment_for(review.reply_by, review.affiliate),
        decide_by=moment_for(review.decide_by, review.affiliate),
        held=held,
        amount=money(amount, review.agreement.currency),
        why_all=why_all,
        hold_clause=clause_in_force(Rule.REVIEW_HOLD, review.agreement),
        reply_clause=clause_in_force(Rule.REPLY_DAYS, review.agreement),
    )


def review_decided(review: Review) -> None:
    dismissed = review.decision == Decision.DISMISSED
    _about(
        review,
        "review_decided",
        decision=review.decision,
        decision_words=str(Decision(review.decision).label),
        reason=review.decision_reason,
        forfeited=review.commissions.count() if review.decision in (Decision.FORFEITURE, Decision.TERMINATION) else 0,
        missed_target=is_missed_target(review),
        appeal_by="" if dismissed or review.appeal_by is None else moment_for(review.appeal_by, review.affiliate),
        appeal_clause=clause_in_force(Rule.APPEAL_DAYS, review.agreement),
        forfeiture_clause=clause_in_force(Rule.FORFEITURE, review.agreement),
    )


def appeal_decided(review: Review, *, reason: str) -> None:
    _about(
        review,
        "appeal_decided",
        granted=review.appeal == Review.Appeal.GRANTED,
        decision_words=str(Decision(review.decision).label),
        by_itself=review.appeal_decided_by_id is None,
        reason=reason,
        appeal_clause=clause_in_force(Rule.APPEAL_DECISION, review.agreement),
    )


def hold_released(review: Review, *, amount: Decimal, everything: bool) -> None:
    _about(
        review,
        "hold_released",
        amount=money(amount, review.agreement.currency),
        everything=everything,
        decide_by=moment_for(review.decide_by, review.affiliate),
        deadline_clause=clause_in_force(Rule.REVIEW_DAYS, review.agreement),
    )


def suspended(affiliate: Affiliate, *, reason: str, clause: str, review: Review | None, now: datetime) -> None:
    context = {"reason": reason, "clause": clause, "review": str(review.pk) if review else ""}
    notify(affiliate=affiliate, kind="suspended", key=_at(affiliate, now), context=context)


def reinstated(affiliate: Affiliate, *, reason: str, clause: str, now: datetime) -> None:
    context = {"reason": reason, "clause": clause, "state": affiliate.state}
    notify(affiliate=affiliate, kind="reinstated", key=_at(affiliate, now), context=context)


def notice_given(notice: TerminationNotice, *, agreement: Agreement) -> None:
    context = {
        "ground": notice.ground,
        "reason": notice.reason,
        "clause": f"{notice.clause} of version {agreement.name}",
        "takes_effect_at": moment_for(notice.takes_effect_at, notice.affiliate),
        "review": str(notice.review_id or ""),
    }
    notify(affiliate=notice.affiliate, kind="termination_notice", key=str(notice.pk), context=context)


def notice_revoked(notice: TerminationNotice, *, reason: str) -> None:
    context = {"reason": reason, "clause": notice.clause}
    notify(affiliate=notice.affiliate, kind="termination_revoked", key=str(notice.pk), context=context)


def leaving_confirmed(affiliate: Affiliate, *, ends_at: datetime, agreement: Agreement, now: datetime) -> None:
    context = {
        "ends_at": moment_for(ends_at, affiliate),
        "clause": clause_in_force(Rule.LEAVING, agreement),
        "final_clause": clause_in_force(Rule.FINAL_CLOSE, agreement),
    }
    notify(affiliate=affiliate, kind="leaving_confirmed", key=_at(affiliate, now), context=context)


def left(affiliate: Affiliate, *, now: datetime) -> None:
    """Somebody who had accepted nothing has left: nothing runs off."""
    notify(affiliate=affiliate, kind="leaving_confirmed", key=_at(affiliate, now), context={"ends_at": ""})


def terminated(affiliate: Affiliate, *, reason: str, clause: str, at: datetime) -> None:
    context = {"reason": reason, "clause": clause, "at": moment_for(at, affiliate), "breach": False, "review": ""}
    notify(affiliate=affiliate, kind="terminated", key=_at(affiliate, at), context=context)


def ended_for_breach(review: Review) -> None:
    affiliate = review.affiliate
    at = affiliate.state_since
    context = {
        "reason": review.decision_reason,
        "clause": cited(review),
        "at": moment_for(at, affiliate),
        "breach": True,
        "review": str(review.pk),
    }
    notify(affiliate=affiliate, kind="terminated", key=_at(affiliate, at), context=context)


def end_of_program(affiliate: Affiliate, *, ends_at: datetime, reason: str, agreement: Agreement) -> None:
    context = {
        "ends_at": moment_for(ends_at, affiliate),
        "reason": reason,
        "clause": clause_in_force(Rule.END_OF_PROGRAM, agreement),
        "final_clause": clause_in_force(Rule.FINAL_CLOSE, agreement),
        "attribution_days": agreement.attribution_days,
    }
    notify(affiliate=affiliate, kind="end_of_program", key=str(affiliate.pk), context=context)


def target_at_risk(affiliate: Affiliate, *, agreement: Agreement, orders: int, missed_at: datetime, day: str) -> None:
    context = _target(agreement, orders) | {
        "clause": clause_in_force(Rule.TARGET_AT_RISK, agreement),
        "missed_at": moment_for(missed_at, affiliate),
    }
    notify(affiliate=affiliate, kind="target_at_risk", key=f"{affiliate.pk}:{day}", context=context)


def target_missed(notice: TargetNotice) -> None:
    context = _target(notice.agreement, notice.orders) | {
        "clause": clause_in_force(Rule.TARGET_CURE_DAYS, notice.agreement),
        "cure_by": moment_for(notice.cure_by, notice.affiliate),
    }
    notify(affiliate=notice.affiliate, kind="target_missed", key=str(notice.pk), context=context)


def target_met(notice: TargetNotice, *, orders: int) -> None:
    context = _target(notice.agreement, orders) | {"clause": clause_in_force(Rule.TARGET_CURE_DAYS, notice.agreement)}
    notify(affiliate=notice.affiliate, kind="target_met", key=str(notice.pk), context=context)


def _target(agreement: Agreement, orders: int) -> dict[str, object]:
    return {
        "orders": orders,
        "target_orders": agreement.target_orders,
        "target_days": agreement.target_days,
        "target_clause": clause_in_force(Rule.SALES_TARGET, agreement),
    }


def _about(review: Review, kind: str, **context: object) -> None:
    notify(
        affiliate=review.affiliate,
        kind=kind,
        key=str(review.pk),
        context={"review": str(review.pk), "what": words_of(review), "clause": cited(review)} | context,
    )


def _at(affiliate: Affiliate, at: datetime) -> str:
    return f"{affiliate.pk}:{at.isoformat()}"
