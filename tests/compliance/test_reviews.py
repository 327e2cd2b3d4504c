"""A review ..."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError
from django.db import Error, IntegrityError, transaction

from affiliates.errors import IllegalTransition
from affiliates.models import State
from agreements.rules import Rule
from audit.models import AuditRecord
from compliance.models import Review, ReviewEvent
from compliance.reviews import appeals, deadlines_task, decisions, replies
from compliance.reviews.open_review import open_review
from payouts.models import CommissionHold, PayoutHold
from tests.compliance.cases import NOW, TICK, days, get_amount, list_mails, make_active_affiliate, make_order

Decision = Review.Decision


def opened(affiliate, by, **changes):
    values = {"activity": "fraud", "summary": "Orders that nobody placed.", "now": NOW, "by": by}
    return open_review(affiliate=affiliate, **values | changes)


def steps(review) -> list[str]:
    return list(review.events.values_list("kind", flat=True))


def holding(review) -> int:
    return CommissionHold.objects.filter(source=f"review:{review.pk}", released_at=None).count()


def decided(affiliate, by, decision, **changes):
    review = opened(affiliate, by, **changes)
    replies.reply(review=review, text="It was not me.", now=NOW + TICK, by=affiliate.user)
    return decisions.decide(review=review, decision=decision, reason="As the logs show.", now=NOW + days(1), by=by)


# --- Opening


def test_names_the_clause_of_an_activity_and_its_deadlines_to_the_microsecond(affiliate, reviewer):
    review = opened(affiliate, reviewer)
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
def test_names_the_clause_of_a_term(affiliate, reviewer, agreement, term, clause):
    review = opened(affiliate, reviewer, activity="", term=term)
    (stated,) = [c.number for c in agreement.clauses.all() if review.term in c.rules]
    assert review.clause == stated
    assert clause.split(".", maxsplit=1)[0] == stated.split(".", maxsplit=1)[0]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"activity": "yodelling"}, "activity"),
        ({"activity": "", "term": "yodelling"}, "term"),
        ({"activity": "", "term": ""}, "activity"),
        ({"term": "target_orders"}, "activity"),
        ({"summary": "  "}, "summary"),
        ({"hold_all_money": True}, "hold_all_reason"),
        ({"hold_all_money": True, "hold_all_reason": " "}, "hold_all_reason"),
    ],
)
def test_is_refused_with_the_field_that_is_wrong(affiliate, reviewer, changes, field):
    with pytest.raises(ValidationError) as refusal:
        opened(affiliate, reviewer, **changes)
    assert field in refusal.value.message_dict
    assert not Review.objects.exists()
    assert not list_mails(affiliate, "review_opened")


def test_is_refused_for_who_accepted_nothing(agreement, reviewer):
    from tests.factories import make_affiliate

    with pytest.raises(ValidationError):
        opened(make_affiliate(state=State.APPROVED, at=NOW), reviewer)


def test_holds_the_commissions_that_it_names_and_no_others(affiliate, reviewer):
    named, other = make_order(affiliate, NOW - days(5)), make_order(affiliate, NOW - days(4))
    review = opened(affiliate, reviewer, commissions=[named])
    assert holding(review) == 1
    assert not other.holds.exists()
    assert not PayoutHold.objects.exists()
    (mail,) = list_mails(affiliate, "review_opened")
    assert (mail.context["held"], mail.context["amount"]) == (1, "5.00 USD")


def test_does_not_hold_anothers_commission(affiliate, reviewer, agreement):
    foreign = make_order(make_active_affiliate(), NOW - days(5))
    with pytest.raises(ValidationError) as refusal:
        opened(affiliate, reviewer, commissions=[foreign])
    assert "commissions" in refusal.value.message_dict


def test_holds_all_money_only_with_the_reason_that_staff_say(affiliate, reviewer):
    review = opened(affiliate, reviewer, hold_all_money=True, hold_all_reason="Every order looks made up.")
    assert PayoutHold.objects.get(released_at=None).reason == "Every order looks made up."
    assert list_mails(affiliate, "review_opened")[0].context["hold_all_reason"] == "Every order looks made up."
    assert review.holds_all_money


def test_holds_nothing_for_a_missed_target(affiliate, reviewer):
    named = make_order(affiliate, NOW - days(5))
    with pytest.raises(ValidationError):
        opened(affiliate, reviewer, activity="", term="target_orders", commissions=[named])


# --- Reply


def test_takes_a_reply_until_just_before_its_deadline(affiliate, reviewer):
    review = opened(affiliate, reviewer)
    replies.reply(review=review, text="It was not me.", now=NOW + days(7) - TICK, by=affiliate.user)
    with pytest.raises(ValidationError):
        replies.reply(review=review, text="And another thing.", now=NOW + days(7), by=affiliate.user)
    assert steps(review) == ["notice", "reply"]


def test_takes_no_empty_reply_and_none_after_the_decision(affiliate, reviewer):
    review = opened(affiliate, reviewer)
    with pytest.raises(ValidationError):
        replies.reply(review=review, text=" \n", now=NOW, by=affiliate.user)
    decisions.decide(review=review, decision="dismissed", reason="A mistake.", now=NOW + TICK, by=reviewer)
    with pytest.raises(IllegalTransition):
        replies.reply(review=review, text="Thanks.", now=NOW + days(1), by=affiliate.user)


def test_keeps_private_notes_in_any_state(affiliate, reviewer):
    review = decided(affiliate, reviewer, "dismissed")
    replies.add_note(review=review, text="Keep an eye on them.", now=NOW + days(2), by=reviewer)
    assert ReviewEvent.objects.get(kind="note").private


# --- Decision


def test_is_not_decided_against_who_may_still_reply(affiliate, reviewer):
    review = opened(affiliate, reviewer)
    with pytest.raises(ValidationError):
        decisions.decide(review=review, decision="warning", reason="So.", now=NOW + days(7) - TICK, by=reviewer)
    decisions.decide(review=review, decision="warning", reason="So.", now=NOW + days(7), by=reviewer)
    assert Review.objects.get().decision == "warning"


def test_is_not_decided_by_the_affiliate_or_without_a_reason(affiliate, reviewer):
    review = opened(affiliate, reviewer)
    with pytest.raises(ValidationError):
        decisions.decide(review=review, decision="dismissed", reason="I am nice.", now=NOW, by=affiliate.user)
    with pytest.raises(ValidationError) as refusal:
        decisions.decide(review=review, decision="dismissed", reason=" ", now=NOW, by=reviewer)
    assert "reason" in refusal.value.message_dict


@pytest.mark.parametrize(
    ("activity", "allowed"),
    [
        ("unapproved-channel", {"dismissed", "warning"}),
        ("brand-bidding", {"dismissed", "warning", "forfeiture", "suspension"}),
        ("fraud", {"dismissed", "warning", "forfeiture", "suspension", "termination"}),
    ],
)
def test_has_no_graver_decision_than_the_activity_allows(affiliate, reviewer, activity, allowed):
    for decision in Decision.values:
        review = opened(affiliate, reviewer, activity=activity)
        when = NOW + days(8)
        if decision in allowed:
            with transaction.atomic():
                decisions.decide(review=review, decision=decision, reason="So.", now=when, by=reviewer)
                transaction.set_rollback(True)
        else:
            with pytest.raises(ValidationError) as refusal:
                decisions.decide(review=review, decision=decision, reason="So.", now=when, by=reviewer)
            assert "decision" in refusal.value.message_dict
        affiliate.refresh_from_db()


@pytest.mark.parametrize("decision", ["dismissed", "warning", "suspension"])
def test_releases_the_hold_at_once_when_nothing_is_forfeited(affiliate, reviewer, decision):
    named = make_order(affiliate, NOW - days(5))
    review = decided(
        affiliate,
        reviewer,
        decision,
        commissions=[named],
        hold_all_money=True,
        hold_all_reason="Every order looks made up.",
    )
    assert holding(review) == 0
    assert not PayoutHold.objects.filter(released_at=None).exists()
    assert get_amount(named) == Decimal("5.00")
    assert "hold_released" in steps(review)


def test_that_is_dismissed_is_closed_and_cannot_be_appealed(affiliate, reviewer):
    review = decided(affiliate, reviewer, "dismissed")
    assert (review.state, review.closed_at, review.appeal_by) == ("closed", NOW + days(1), None)
    with pytest.raises(IllegalTransition):
        appeals.appeal(review=review, text="No!", now=NOW + days(1), by=affiliate.user)


def test_that_is_dismissed_releases_what_it_held_before_it_closes(affiliate, reviewer):
    review = decided(affiliate, reviewer, "dismissed", commissions=[make_order(affiliate, NOW - days(5))])
    kinds = review.events.order_by("number").values_list("kind", flat=True)
    assert list(kinds)[-3:] == ["decision", "hold_released", "closed"]


def test_is_decided_once(affiliate, reviewer, second_reviewer):
    review = decided(affiliate, reviewer, "warning")
    with pytest.raises(IllegalTransition):
        decisions.decide(review=review, decision="termination", reason="No.", now=NOW + days(2), by=second_reviewer)
    assert len(list_mails(affiliate, "review_decided")) == 1


def test_that_suspends_moves_the_affiliate_and_says_so(affiliate, reviewer):
    decided(affiliate, reviewer, "suspension")
    affiliate.refresh_from_db()
    assert affiliate.state == State.SUSPENDED
    change = affiliate.status_changes.last()
    assert (change.clause, change.reason, change.breach) == ("6.1 of version 1", "As the logs show.", False)
    assert len(list_mails(affiliate, "suspended")) == len(list_mails(affiliate, "review_decided")) == 1


def test_that_terminates_ends_the_agreement_at_once_for_breach(affiliate, reviewer):
    named = make_order(affiliate, NOW - days(5))
    review = decided(affiliate, reviewer, "termination", commissions=[named])
    affiliate.refresh_from_db()
    change = affiliate.status_changes.last()
    assert (affiliate.state, change.breach, change.at) == (State.TERMINATED, True, NOW + days(1))
    assert (holding(review), get_amount(named)) == (1, Decimal("5.00"))
    assert list_mails(affiliate, "terminated")[0].context["breach"] is True


# --- Forfeiture and appeal


def test_forfeits_only_when_the_time_to_appeal_is_over(affiliate, reviewer):
    named, other = make_order(affiliate, NOW - days(5)), make_order(affiliate, NOW - days(4))
    review = decided(affiliate, reviewer, "forfeiture", commissions=[named])
    # Decided 2026-03-02 12:00, 14 days to appeal.
    over = datetime(2026, 3, 16, 12, tzinfo=UTC)
    assert review.appeal_by == over
    assert deadlines_task.enforce_deadlines(now=over - TICK) == (0, 0, 0)
    assert (get_amount(named), holding(review)) == (Decimal("5.00"), 1)
    assert deadlines_task.enforce_deadlines(now=over) == (0, 1, 0)
    assert (get_amount(named), get_amount(other), holding(review)) == (Decimal("0.00"), Decimal("5.00"), 0)
    review.refresh_from_db()
    assert (review.state, review.closed_at) == ("closed", over)
    assert deadlines_task.enforce_deadlines(now=over + days(9)) == (0, 0, 0)
    assert steps(review) == ["notice", "reply", "decision", "forfeited", "closed"]


def test_names_the_clause_with_what_it_forfeited(affiliate, reviewer):
    named = make_order(affiliate, NOW - days(5))
    decided(affiliate, reviewer, "forfeiture", commissions=[named])
    deadlines_task.enforce_deadlines(now=NOW + days(15))
    named.refresh_from_db()
    assert named.forfeit_reason == "Forfeited by review: Fraud, clause 6.1 of version 1"


def test_holds_what_it_forfeits_even_if_it_did_not_before(affiliate, reviewer):
    named = make_order(affiliate, NOW - days(5))
    review = opened(affiliate, reviewer, commissions=[named], hold=False)
    assert holding(review) == 0
    decisions.decide(review=review, decision="forfeiture", reason="So.", now=NOW + days(7), by=reviewer)
    assert holding(review) == 1


def test_takes_an_appeal_until_just_before_its_deadline(affiliate, reviewer):
    review = decided(affiliate, reviewer, "warning")
    with pytest.raises(ValidationError):
        appeals.appeal(review=review, text="No!", now=NOW + days(15), by=affiliate.user)
    review = appeals.appeal(review=review, text="No!", now=NOW + days(15) - TICK, by=affiliate.user)
    assert (review.state, review.appeal_decide_by) == ("appealed", NOW + days(45) - TICK)
    with pytest.raises(IllegalTransition):
        appeals.appeal(review=review, text="No!", now=NOW + days(15) - TICK, by=affiliate.user)


def appealed(affiliate, reviewer, decision, **changes):
    review = decided(affiliate, reviewer, decision, **changes)
    return appeals.appeal(review=review, text="It was not me.", now=NOW + days(2), by=affiliate.user)


def test_has_its_appeal_decided_by_another(affiliate, reviewer, second_reviewer):
    review = appealed(affiliate, reviewer, "warning")
    for somebody in (reviewer, affiliate.user):
        with pytest.raises(ValidationError):
            appeals.decide_appeal(review=review, outcome="refused", reason="No.", now=NOW + days(3), by=somebody)
    appeals.decide_appeal(review=review, outcome="refused", reason="No.", now=NOW + days(3), by=second_reviewer)
    review.refresh_from_db()
    assert (review.state, review.appeal, review.appeal_decided_by) == ("closed", "refused", second_reviewer)


def test_has_its_appeal_decided_by_another_says_the_database_too(affiliate, reviewer):
    review = appealed(affiliate, reviewer, "warning")
    with pytest.raises(IntegrityError), transaction.atomic():
        Review.objects.filter(pk=review.pk).update(appeal_decided_by=reviewer)


def test_forfeits_when_the_appeal_is_refused(affiliate, reviewer, second_reviewer):
    named = make_order(affiliate, NOW - days(5))
    review = appealed(affiliate, reviewer, "forfeiture", commissions=[named])
    assert deadlines_task.enforce_deadlines(now=NOW + days(20)) == (
        0,
        0,
        0,
    )  # the time to appeal is over, but it was used
    appeals.decide_appeal(review=review, outcome="refused", reason="No.", now=NOW + days(21), by=second_reviewer)
    assert (get_amount(named), holding(review)) == (Decimal("0.00"), 0)
    assert list_mails(affiliate, "appeal_decided")[0].context["granted"] is False


def test_gives_money_back_when_the_appeal_is_granted(affiliate, reviewer, second_reviewer):
    named = make_order(affiliate, NOW - days(5))
    review = appealed(affiliate, reviewer, "forfeiture", commissions=[named])
    appeals.decide_appeal(review=review, outcome="granted", reason="Sorry.", now=NOW + days(21), by=second_reviewer)
    assert (get_amount(named), holding(review)) == (Decimal("5.00"), 0)
    assert deadlines_task.enforce_deadlines(now=NOW + days(90)) == (0, 0, 0)
    assert get_amount(named) == Decimal("5.00")


@pytest.mark.parametrize(("decision", "state"), [("suspension", "suspended"), ("termination", "terminated")])
def test_gives_links_back_when_the_appeal_is_granted(affiliate, reviewer, second_reviewer, decision, state):
    review = appealed(affiliate, reviewer, decision)
    affiliate.refresh_from_db()
    assert affiliate.state == state
    appeals.decide_appeal(review=review, outcome="granted", reason="Sorry.", now=NOW + days(3), by=second_reviewer)
    affiliate.refresh_from_db()
    assert affiliate.state == State.ACTIVE
    assert len(list_mails(affiliate, "reinstated")) == 1


def test_leaves_who_was_suspended_by_another_review_suspended(affiliate, reviewer, second_reviewer):
    first = appealed(affiliate, reviewer, "suspension")
    affiliate.refresh_from_db()
    second = appealed(affiliate, reviewer, "suspension", activity="brand-bidding")
    appeals.decide_appeal(review=first, outcome="granted", reason="Sorry.", now=NOW + days(3), by=second_reviewer)
    affiliate.refresh_from_db()
    assert affiliate.state == State.SUSPENDED
    appeals.decide_appeal(review=second, outcome="granted", reason="Sorry.", now=NOW + days(3), by=second_reviewer)
    affiliate.refresh_from_db()
    assert affiliate.state == State.ACTIVE


def test_puts_who_was_leaving_back_to_leaving(affiliate, reviewer, second_reviewer):
    from compliance.offboarding import termination

    termination.leave_program(affiliate=affiliate, now=NOW, by=affiliate.user)
    review = appealed(affiliate, reviewer, "termination")
    appeals.decide_appeal(review=review, outcome="granted", reason="Sorry.", now=NOW + days(3), by=second_reviewer)
    affiliate.refresh_from_db()
    assert (affiliate.state, affiliate.notice_ends_at) == (State.LEAVING, NOW + days(30))
    states = list(affiliate.status_changes.order_by("at", "id").values_list("after", flat=True))
    assert states[-4:] == ["leaving", "terminated", "active", "leaving"]


# --- Deadlines that staff miss


def test_releases_its_hold_by_itself_when_staff_miss_the_deadline(affiliate, reviewer):
    named = make_order(affiliate, NOW - days(5))
    review = opened(affiliate, reviewer, commissions=[named], hold_all_money=True, hold_all_reason="All looks made up.")
    assert deadlines_task.enforce_deadlines(now=NOW + days(30) - TICK) == (0, 0, 0)
    assert deadlines_task.enforce_deadlines(now=NOW + days(30)) == (1, 0, 0)
    assert holding(review) == 0
    assert not PayoutHold.objects.filter(released_at=None).exists()
    review.refresh_from_db()
    assert (review.state, review.hold_released_at) == ("open", NOW + days(30))
    assert list_mails(affiliate, "hold_released")[0].context["amount"] == "5.00 USD"
    assert deadlines_task.enforce_deadlines(now=NOW + days(31)) == (0, 0, 0)
    decisions.decide(review=review, decision="warning", reason="So.", now=NOW + days(32), by=reviewer)


def test_holds_again_what_a_late_decision_forfeits(affiliate, reviewer):
    named = make_order(affiliate, NOW - days(5))
    review = opened(affiliate, reviewer, commissions=[named])
    decisions.decide(review=review, decision="forfeiture", reason="So.", now=NOW + days(30), by=reviewer)
    assert steps(review) == ["notice", "hold_released", "decision"]
    assert holding(review) == 1
    assert len(list_mails(affiliate, "hold_released")) == 1


def test_grants_an_appeal_by_itself_when_staff_miss_the_deadline(affiliate, reviewer, second_reviewer):
    named = make_order(affiliate, NOW - days(5))
    review = appealed(affiliate, reviewer, "termination", commissions=[named])
    # Appealed on NOW + 2 days, 30 days to decide.
    assert deadlines_task.enforce_deadlines(now=NOW + days(32) - TICK) == (0, 0, 0)
    with pytest.raises(IllegalTransition):
        appeals.decide_appeal(review=review, outcome="refused", reason="No.", now=NOW + days(32), by=second_reviewer)
    assert deadlines_task.enforce_deadlines(now=NOW + days(32)) == (0, 0, 1)
    review.refresh_from_db()
    affiliate.refresh_from_db()
    assert (review.state, review.appeal, review.appeal_decided_by) == ("closed", "granted", None)
    assert (affiliate.state, get_amount(named), holding(review)) == (State.ACTIVE, Decimal("5.00"), 0)
    assert list_mails(affiliate, "appeal_decided")[0].context["granted_automatically"] is True


def test_that_fails_does_not_stop_the_others(affiliate, reviewer, monkeypatch, caplog):
    from compliance.reviews import consequences

    first, second = decided(affiliate, reviewer, "warning"), decided(affiliate, reviewer, "warning")
    real = consequences.finalize_decision

    def fails_for_the_first(*, review, now, by):
        if review.pk == first.pk:
            raise RuntimeError("poison")
        real(review=review, now=now, by=by)

    monkeypatch.setattr(consequences, "finalize_decision", fails_for_the_first)
    assert deadlines_task.enforce_deadlines(now=NOW + days(15)) == (0, 1, 0)
    assert Review.objects.get(pk=second.pk).state == "closed"
    assert str(first.pk) in caplog.text


# --- What the database refuses


def test_has_steps_that_the_database_never_changes(affiliate, reviewer):
    review = opened(affiliate, reviewer)
    step = review.events.get()
    for change in (
        lambda: ReviewEvent.objects.filter(pk=step.pk).update(text="other"),
        lambda: ReviewEvent.objects.filter(pk=step.pk).delete(),
    ):
        with pytest.raises(Error), transaction.atomic():
            change()


def test_numbers_its_steps_without_gaps(affiliate, reviewer):
    review = decided(affiliate, reviewer, "dismissed")
    assert list(review.events.values_list("number", flat=True)) == [1, 2, 3, 4]
