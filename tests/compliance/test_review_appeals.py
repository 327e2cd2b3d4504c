"""Forfeitures, appeals and missed deadlines of reviews."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from affiliates.errors import IllegalTransition
from affiliates.models import State
from compliance.models import Review
from compliance.reviews import appeals, deadlines_task, decisions
from lib.errors import NotAllowed
from payouts.models import PayoutHold
from tests.compliance.cases import NOW, TICK, days, get_amount, list_mails, make_order
from tests.compliance.review_cases import appeal_review, count_holds, decide_review, list_event_kinds, open_fraud_review


def test_forfeiture_is_posted_when_the_appeal_deadline_passes(affiliate, reviewer):
    named, other = make_order(affiliate, NOW - days(5)), make_order(affiliate, NOW - days(4))
    review = decide_review(affiliate, reviewer, "forfeiture", commissions=[named])
    # Decided 2026-03-02 12:00, 14 days to appeal.
    deadline = datetime(2026, 3, 16, 12, tzinfo=UTC)
    assert review.appeal_by == deadline
    assert deadlines_task.enforce_deadlines(now=deadline - TICK) == (0, 0, 0)
    assert (get_amount(named), count_holds(review)) == (Decimal("5.00"), 1)
    assert deadlines_task.enforce_deadlines(now=deadline) == (0, 1, 0)
    assert (get_amount(named), get_amount(other), count_holds(review)) == (Decimal("0.00"), Decimal("5.00"), 0)
    review.refresh_from_db()
    assert (review.state, review.closed_at) == ("closed", deadline)
    assert deadlines_task.enforce_deadlines(now=deadline + days(9)) == (0, 0, 0)
    assert list_event_kinds(review) == ["notice", "held", "reply", "decision", "forfeited", "closed"]


def test_forfeited_commission_cites_the_clause(affiliate, reviewer):
    named = make_order(affiliate, NOW - days(5))
    decide_review(affiliate, reviewer, "forfeiture", commissions=[named])
    deadlines_task.enforce_deadlines(now=NOW + days(15))
    named.refresh_from_db()
    assert named.forfeit_reason == "Forfeited by review: Fraud, clause 6.1 of version 1"


def test_forfeiture_decision_holds_commissions_not_held_before(affiliate, reviewer):
    named = make_order(affiliate, NOW - days(5))
    review = open_fraud_review(affiliate, reviewer, commissions=[named], hold=False)
    assert count_holds(review) == 0
    decisions.decide(review=review, decision="forfeiture", reason="So.", now=NOW + days(7), by=reviewer)
    assert count_holds(review) == 1


def test_appeal_is_accepted_only_before_its_deadline(affiliate, reviewer):
    review = decide_review(affiliate, reviewer, "warning")
    with pytest.raises(ValidationError):
        appeals.appeal(review=review, text="No!", now=NOW + days(15), by=affiliate.user)
    review = appeals.appeal(review=review, text="No!", now=NOW + days(15) - TICK, by=affiliate.user)
    assert (review.state, review.appeal_decide_by) == ("appealed", NOW + days(45) - TICK)
    with pytest.raises(IllegalTransition):
        appeals.appeal(review=review, text="No!", now=NOW + days(15) - TICK, by=affiliate.user)


def test_appeal_is_decided_only_by_a_different_reviewer(affiliate, reviewer, second_reviewer):
    review = appeal_review(affiliate, reviewer, "warning")
    for user, error in ((reviewer, ValidationError), (affiliate.user, NotAllowed)):
        with pytest.raises(error):
            appeals.decide_appeal(review=review, outcome="refused", reason="No.", now=NOW + days(3), by=user)
    appeals.decide_appeal(review=review, outcome="refused", reason="No.", now=NOW + days(3), by=second_reviewer)
    review.refresh_from_db()
    assert (review.state, review.appeal, review.appeal_decided_by) == ("closed", "refused", second_reviewer)


def test_database_rejects_appeal_decided_by_the_same_reviewer(affiliate, reviewer):
    review = appeal_review(affiliate, reviewer, "warning")
    with pytest.raises(IntegrityError), transaction.atomic():
        Review.objects.filter(pk=review.pk).update(appeal_decided_by=reviewer)


def test_refused_appeal_posts_the_forfeiture(affiliate, reviewer, second_reviewer):
    named = make_order(affiliate, NOW - days(5))
    review = appeal_review(affiliate, reviewer, "forfeiture", commissions=[named])
    # The deadline to appeal has passed, but the affiliate has appealed.
    assert deadlines_task.enforce_deadlines(now=NOW + days(20)) == (0, 0, 0)
    appeals.decide_appeal(review=review, outcome="refused", reason="No.", now=NOW + days(21), by=second_reviewer)
    assert (get_amount(named), count_holds(review)) == (Decimal("0.00"), 0)
    assert list_mails(affiliate, "appeal_decided")[0].context["granted"] is False


def test_granted_appeal_releases_the_commissions(affiliate, reviewer, second_reviewer):
    named = make_order(affiliate, NOW - days(5))
    review = appeal_review(affiliate, reviewer, "forfeiture", commissions=[named])
    appeals.decide_appeal(review=review, outcome="granted", reason="Sorry.", now=NOW + days(21), by=second_reviewer)
    assert (get_amount(named), count_holds(review)) == (Decimal("5.00"), 0)
    assert deadlines_task.enforce_deadlines(now=NOW + days(90)) == (0, 0, 0)
    assert get_amount(named) == Decimal("5.00")


@pytest.mark.parametrize(("decision", "state"), [("suspension", "suspended"), ("termination", "terminated")])
def test_granted_appeal_restores_the_active_state(affiliate, reviewer, second_reviewer, decision, state):
    review = appeal_review(affiliate, reviewer, decision)
    affiliate.refresh_from_db()
    assert affiliate.state == state
    appeals.decide_appeal(review=review, outcome="granted", reason="Sorry.", now=NOW + days(3), by=second_reviewer)
    affiliate.refresh_from_db()
    assert affiliate.state == State.ACTIVE
    assert len(list_mails(affiliate, "reinstated")) == 1


def test_granted_appeal_keeps_a_suspension_by_another_review(affiliate, reviewer, second_reviewer):
    first = appeal_review(affiliate, reviewer, "suspension")
    affiliate.refresh_from_db()
    second = appeal_review(affiliate, reviewer, "suspension", activity="brand-bidding")
    appeals.decide_appeal(review=first, outcome="granted", reason="Sorry.", now=NOW + days(3), by=second_reviewer)
    affiliate.refresh_from_db()
    assert affiliate.state == State.SUSPENDED
    appeals.decide_appeal(review=second, outcome="granted", reason="Sorry.", now=NOW + days(3), by=second_reviewer)
    affiliate.refresh_from_db()
    assert affiliate.state == State.ACTIVE


def test_granted_appeal_restores_the_leaving_state(affiliate, reviewer, second_reviewer):
    from compliance.offboarding import termination

    termination.leave_program(affiliate=affiliate, now=NOW, by=affiliate.user)
    review = appeal_review(affiliate, reviewer, "termination")
    appeals.decide_appeal(review=review, outcome="granted", reason="Sorry.", now=NOW + days(3), by=second_reviewer)
    affiliate.refresh_from_db()
    assert (affiliate.state, affiliate.notice_ends_at) == (State.LEAVING, NOW + days(30))
    states = list(affiliate.status_changes.order_by("at", "id").values_list("after", flat=True))
    assert states[-3:] == ["leaving", "terminated", "leaving"]


# --- Missed deadlines


def test_missed_decision_deadline_releases_the_hold(affiliate, reviewer):
    named = make_order(affiliate, NOW - days(5))
    review = open_fraud_review(
        affiliate, reviewer, commissions=[named], hold_all_money=True, hold_all_reason="All looks made up."
    )
    assert deadlines_task.enforce_deadlines(now=NOW + days(30) - TICK) == (0, 0, 0)
    assert deadlines_task.enforce_deadlines(now=NOW + days(30)) == (1, 0, 0)
    assert count_holds(review) == 0
    assert not PayoutHold.objects.filter(released_at=None).exists()
    review.refresh_from_db()
    assert (review.state, review.hold_released_at) == ("open", NOW + days(30))
    assert list_mails(affiliate, "hold_released")[0].context["amount"] == "5.00 USD"
    assert deadlines_task.enforce_deadlines(now=NOW + days(31)) == (0, 0, 0)
    decisions.decide(review=review, decision="warning", reason="So.", now=NOW + days(32), by=reviewer)


def test_missed_appeal_deadline_grants_the_appeal(affiliate, reviewer, second_reviewer):
    named = make_order(affiliate, NOW - days(5))
    review = appeal_review(affiliate, reviewer, "termination", commissions=[named])
    # Appealed on NOW + 2 days, 30 days to decide.
    assert deadlines_task.enforce_deadlines(now=NOW + days(32) - TICK) == (0, 0, 0)
    with pytest.raises(IllegalTransition):
        appeals.decide_appeal(review=review, outcome="refused", reason="No.", now=NOW + days(32), by=second_reviewer)
    assert deadlines_task.enforce_deadlines(now=NOW + days(32)) == (0, 0, 1)
    review.refresh_from_db()
    affiliate.refresh_from_db()
    assert (review.state, review.appeal, review.appeal_decided_by) == ("closed", "granted", None)
    assert (affiliate.state, get_amount(named), count_holds(review)) == (State.ACTIVE, Decimal("5.00"), 0)
    assert list_mails(affiliate, "appeal_decided")[0].context["granted_automatically"] is True


def test_failed_deadline_does_not_stop_the_others(affiliate, reviewer, monkeypatch, caplog):
    from compliance.reviews import consequences

    first, second = decide_review(affiliate, reviewer, "warning"), decide_review(affiliate, reviewer, "warning")
    real = consequences.finalize_decision

    def fail_for_first(*, review, now, by):
        if review.pk == first.pk:
            raise RuntimeError("broken")
        real(review=review, now=now, by=by)

    monkeypatch.setattr(consequences, "finalize_decision", fail_for_first)
    assert deadlines_task.enforce_deadlines(now=NOW + days(15)) == (0, 1, 0)
    assert Review.objects.get(pk=second.pk).state == "closed"
    assert str(first.pk) in caplog.text
