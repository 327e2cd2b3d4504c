"""Opening, replies and decisions of reviews."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError
from django.db import Error, transaction

from affiliates.errors import IllegalTransition
from affiliates.models import State
from agreements.rules import Rule
from audit.models import AuditRecord
from compliance.models import Review, ReviewEvent
from compliance.reviews import appeals, decisions, replies
from lib.errors import NotAllowed
from payouts.models import PayoutHold
from tests.compliance.cases import NOW, TICK, days, get_amount, list_mails, make_active_affiliate, make_order
from tests.compliance.review_cases import count_holds, decide_review, list_event_kinds, open_fraud_review

Decision = Review.Decision


# --- Opening


def test_open_review_sets_the_clause_of_the_activity_and_exact_deadlines(affiliate, reviewer):
    review = open_fraud_review(affiliate, reviewer)
    assert (review.clause, review.agreement.name, review.state) == ("6.1", "1", "open")
    # 7 and 30 days of 24 hours after 2026-03-01 12:00.
    assert review.reply_by == datetime(2026, 3, 8, 12, tzinfo=UTC)
    assert review.decide_by == datetime(2026, 3, 31, 12, tzinfo=UTC)
    (mail,) = list_mails(affiliate, "review_opened")
    assert mail.context["clause"] == "6.1 of version 1"
    assert mail.context["held"] == 0
    assert AuditRecord.objects.filter(subject_id=str(review.pk), action="review opened", by=reviewer).count() == 1


@pytest.mark.parametrize(
    ("term", "clause"), [("payout_minimum", "5.3"), (Rule.UNAPPROVED_CHANNEL, "2.2"), ("target_orders", "7.1")]
)
def test_open_review_sets_the_clause_of_the_term(affiliate, reviewer, agreement, term, clause):
    review = open_fraud_review(affiliate, reviewer, activity="", term=term)
    (number,) = [c.number for c in agreement.clauses.all() if review.term in c.rules]
    assert review.clause == number
    assert clause.split(".", maxsplit=1)[0] == number.split(".", maxsplit=1)[0]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"activity": "unknown"}, "activity"),
        ({"activity": "", "term": "unknown"}, "term"),
        ({"activity": "", "term": ""}, "activity"),
        ({"term": "target_orders"}, "activity"),
        ({"summary": "  "}, "summary"),
        ({"hold_all_money": True}, "hold_all_reason"),
        ({"hold_all_money": True, "hold_all_reason": " "}, "hold_all_reason"),
    ],
)
def test_invalid_review_is_rejected_with_the_field(affiliate, reviewer, changes, field):
    with pytest.raises(ValidationError) as error:
        open_fraud_review(affiliate, reviewer, **changes)
    assert field in error.value.message_dict
    assert not Review.objects.exists()
    assert not list_mails(affiliate, "review_opened")


def test_review_of_an_affiliate_without_acceptance_is_rejected(agreement, reviewer):
    from tests.factories import make_affiliate

    with pytest.raises(ValidationError):
        open_fraud_review(make_affiliate(state=State.APPROVED, at=NOW), reviewer)


def test_open_review_holds_only_the_named_commissions(affiliate, reviewer):
    named, other = make_order(affiliate, NOW - days(5)), make_order(affiliate, NOW - days(4))
    review = open_fraud_review(affiliate, reviewer, commissions=[named])
    assert count_holds(review) == 1
    assert not other.holds.exists()
    assert not PayoutHold.objects.exists()
    (mail,) = list_mails(affiliate, "review_opened")
    assert (mail.context["held"], mail.context["amount"]) == (1, "5.00 USD")


def test_review_naming_a_commission_of_another_affiliate_is_rejected(affiliate, reviewer, agreement):
    other_commission = make_order(make_active_affiliate(), NOW - days(5))
    with pytest.raises(ValidationError) as error:
        open_fraud_review(affiliate, reviewer, commissions=[other_commission])
    assert "commissions" in error.value.message_dict


def test_open_review_holds_all_payouts_with_the_given_reason(affiliate, reviewer):
    review = open_fraud_review(affiliate, reviewer, hold_all_money=True, hold_all_reason="Every order looks made up.")
    assert PayoutHold.objects.get(released_at=None).reason == "Every order looks made up."
    assert list_mails(affiliate, "review_opened")[0].context["hold_all_reason"] == "Every order looks made up."
    assert review.holds_all_money


def test_review_of_a_missed_target_cannot_hold_commissions(affiliate, reviewer):
    named = make_order(affiliate, NOW - days(5))
    with pytest.raises(ValidationError):
        open_fraud_review(affiliate, reviewer, activity="", term="target_orders", commissions=[named])


# --- Reply


def test_reply_is_accepted_only_before_its_deadline(affiliate, reviewer):
    review = open_fraud_review(affiliate, reviewer)
    replies.reply(review=review, text="It was not me.", now=NOW + days(7) - TICK, by=affiliate.user)
    with pytest.raises(ValidationError):
        replies.reply(review=review, text="And another thing.", now=NOW + days(7), by=affiliate.user)
    assert list_event_kinds(review) == ["notice", "reply"]


def test_empty_reply_and_reply_after_the_decision_are_rejected(affiliate, reviewer):
    review = open_fraud_review(affiliate, reviewer)
    with pytest.raises(ValidationError):
        replies.reply(review=review, text=" \n", now=NOW, by=affiliate.user)
    decisions.decide(review=review, decision="dismissed", reason="A mistake.", now=NOW + TICK, by=reviewer)
    with pytest.raises(IllegalTransition):
        replies.reply(review=review, text="Thanks.", now=NOW + days(1), by=affiliate.user)


def test_private_note_can_be_added_to_a_closed_review(affiliate, reviewer):
    review = decide_review(affiliate, reviewer, "dismissed")
    replies.add_note(review=review, text="Keep an eye on them.", now=NOW + days(2), by=reviewer)
    assert ReviewEvent.objects.get(kind="note").private


# --- Decision


def test_adverse_decision_waits_for_the_reply_deadline(affiliate, reviewer):
    review = open_fraud_review(affiliate, reviewer)
    with pytest.raises(ValidationError):
        decisions.decide(review=review, decision="warning", reason="So.", now=NOW + days(7) - TICK, by=reviewer)
    decisions.decide(review=review, decision="warning", reason="So.", now=NOW + days(7), by=reviewer)
    assert Review.objects.get().decision == "warning"


def test_decision_by_the_affiliate_or_without_reason_is_rejected(affiliate, reviewer):
    review = open_fraud_review(affiliate, reviewer)
    with pytest.raises(NotAllowed):
        decisions.decide(review=review, decision="dismissed", reason="I am nice.", now=NOW, by=affiliate.user)
    with pytest.raises(ValidationError) as error:
        decisions.decide(review=review, decision="dismissed", reason=" ", now=NOW, by=reviewer)
    assert "reason" in error.value.message_dict


@pytest.mark.parametrize(
    ("activity", "allowed"),
    [
        ("unapproved-channel", {"dismissed", "warning", "forfeiture"}),
        ("brand-bidding", {"dismissed", "warning", "forfeiture", "suspension"}),
        ("fraud", {"dismissed", "warning", "forfeiture", "suspension", "termination"}),
    ],
)
def test_decision_graver_than_the_activity_allows_is_rejected(affiliate, reviewer, activity, allowed):
    for decision in Decision.values:
        review = open_fraud_review(affiliate, reviewer, activity=activity)
        decided_at = NOW + days(8)
        if decision in allowed:
            with transaction.atomic():
                decisions.decide(review=review, decision=decision, reason="So.", now=decided_at, by=reviewer)
                transaction.set_rollback(True)
        else:
            with pytest.raises(ValidationError) as error:
                decisions.decide(review=review, decision=decision, reason="So.", now=decided_at, by=reviewer)
            assert "decision" in error.value.message_dict
        affiliate.refresh_from_db()


@pytest.mark.parametrize("decision", ["dismissed", "warning", "suspension"])
def test_decision_without_forfeiture_releases_the_hold_at_once(affiliate, reviewer, decision):
    named = make_order(affiliate, NOW - days(5))
    review = decide_review(
        affiliate,
        reviewer,
        decision,
        commissions=[named],
        hold_all_money=True,
        hold_all_reason="Every order looks made up.",
    )
    assert count_holds(review) == 0
    assert not PayoutHold.objects.filter(released_at=None).exists()
    assert get_amount(named) == Decimal("5.00")
    assert "hold_released" in list_event_kinds(review)


def test_dismissed_review_is_closed_and_cannot_be_appealed(affiliate, reviewer):
    review = decide_review(affiliate, reviewer, "dismissed")
    assert (review.state, review.closed_at, review.appeal_by) == ("closed", NOW + days(1), None)
    with pytest.raises(IllegalTransition):
        appeals.appeal(review=review, text="No!", now=NOW + days(1), by=affiliate.user)


def test_dismissed_review_releases_its_hold_before_it_closes(affiliate, reviewer):
    review = decide_review(affiliate, reviewer, "dismissed", commissions=[make_order(affiliate, NOW - days(5))])
    kinds = review.events.order_by("number").values_list("kind", flat=True)
    assert list(kinds)[-3:] == ["decision", "hold_released", "closed"]


def test_review_can_be_decided_only_once(affiliate, reviewer, second_reviewer):
    review = decide_review(affiliate, reviewer, "warning")
    with pytest.raises(IllegalTransition):
        decisions.decide(review=review, decision="termination", reason="No.", now=NOW + days(2), by=second_reviewer)
    assert len(list_mails(affiliate, "review_decided")) == 1


def test_suspension_decision_suspends_and_notifies_the_affiliate(affiliate, reviewer):
    decide_review(affiliate, reviewer, "suspension")
    affiliate.refresh_from_db()
    assert affiliate.state == State.SUSPENDED
    change = affiliate.status_changes.last()
    assert (change.clause, change.reason, change.breach) == ("6.1 of version 1", "As the logs show.", False)
    assert len(list_mails(affiliate, "suspended")) == len(list_mails(affiliate, "review_decided")) == 1


def test_termination_decision_ends_the_agreement_for_breach(affiliate, reviewer):
    named = make_order(affiliate, NOW - days(5))
    review = decide_review(affiliate, reviewer, "termination", commissions=[named])
    affiliate.refresh_from_db()
    change = affiliate.status_changes.last()
    assert (affiliate.state, change.breach, change.at) == (State.TERMINATED, True, NOW + days(1))
    assert (count_holds(review), get_amount(named)) == (1, Decimal("5.00"))
    assert list_mails(affiliate, "terminated")[0].context["breach"] is True


# --- Constraints


def test_database_rejects_changes_to_review_events(affiliate, reviewer):
    review = open_fraud_review(affiliate, reviewer)
    event = review.events.get()
    for change in (
        lambda: ReviewEvent.objects.filter(pk=event.pk).update(text="other"),
        lambda: ReviewEvent.objects.filter(pk=event.pk).delete(),
    ):
        with pytest.raises(Error), transaction.atomic():
            change()


def test_review_events_are_numbered_without_gaps(affiliate, reviewer):
    review = decide_review(affiliate, reviewer, "dismissed")
    assert list(review.events.values_list("number", flat=True)) == [1, 2, 3, 4]
