"""The daily question about sales targets ..."""

import threading
from datetime import UTC, date, datetime

import pytest
from django.db import Error, connection, transaction

from affiliates import status_history
from affiliates.models import State
from agreements import acceptances, publishing, version_drafts
from compliance.models import Review, TargetCheck, TargetNotice, TargetPause
from compliance.offboarding import termination
from compliance.reviews import appeals, decisions
from compliance.targets import checks
from tests.compliance import cases
from tests.compliance.cases import START, TICK, days, list_mails, make_active_affiliate, make_order

# Active since 2025-01-01 12:00, so first checked 180 days later.
FIRST = datetime(2025, 6, 30, 12, tzinfo=UTC)


@pytest.fixture
def opened(affiliate):
    cases.open_program()
    return affiliate


def only_check() -> TargetCheck:
    return TargetCheck.objects.get()


def orders(affiliate, *ages: float, now=FIRST) -> None:
    """Orders that were placed so many days before `now`."""
    for age in ages:
        make_order(affiliate, now - days(age))


def suspend(affiliate, start, end) -> None:
    status_history.change_status(affiliate=affiliate, to=State.SUSPENDED, now=start, by=None)
    status_history.change_status(affiliate=affiliate, to=State.ACTIVE, now=end, by=None)


def test_is_not_asked_before_the_program_is_opened(affiliate):
    assert checks.check_targets(now=FIRST).checked == 0
    assert not TargetCheck.objects.exists()


def test_is_asked_from_180_days_after_the_activation_on(opened):
    assert checks.check_targets(now=FIRST - TICK).checked == 0
    assert checks.check_targets(now=FIRST).checked == 1
    check = only_check()
    assert (check.result, check.orders, check.target, check.window_from) == ("missed", 0, 3, START)
    assert check.clause == "7.1"


def test_is_asked_once_a_day(opened):
    midnight = datetime(2025, 7, 1, tzinfo=UTC)
    assert checks.check_targets(now=FIRST).checked == 1
    assert checks.check_targets(now=midnight - TICK).checked == 0
    assert checks.check_targets(now=midnight).checked == 1
    assert list(TargetCheck.objects.order_by("day").values_list("day", flat=True)) == [
        date(2025, 6, 30),
        date(2025, 7, 1),
    ]


@pytest.mark.parametrize("state", [State.SUSPENDED, State.LEAVING, State.TERMINATED])
def test_is_not_asked_of_who_is_not_active(opened, state):
    status_history.change_status(affiliate=opened, to=state, now=FIRST - days(1), by=None)
    assert checks.check_targets(now=FIRST).checked == 0


def test_counts_orders_of_the_window_that_are_neither_cancelled_nor_wholly_refunded(opened):
    orders(opened, 1, 2, 3)
    make_order(opened, FIRST - days(4), status="cancelled")
    make_order(opened, FIRST - days(5), refunded="100.00")
    make_order(opened, FIRST - days(6), refunded="99.99")
    later = FIRST + days(10)
    make_order(opened, START + days(9), order_id="old")
    checks.check_targets(now=later)
    # The three, and the one of which a cent is left; "old" was placed a day before the window.
    assert (only_check().orders, only_check().result) == (4, "met")


def test_counts_an_order_at_the_windows_first_instant_and_none_before(opened):
    now = FIRST + days(20)
    for placed_at in (now - days(180), now - days(180) - TICK, now, now + TICK):
        make_order(opened, placed_at)
    checks.check_targets(now=now)
    assert only_check().orders == 2


def test_counts_each_affiliates_own_orders(opened):
    other = make_active_affiliate()
    orders(other, 1, 2, 3)
    checks.check_targets(now=FIRST)
    assert dict(TargetCheck.objects.values_list("affiliate", "orders")) == {opened.pk: 0, other.pk: 3}
    assert not TargetNotice.objects.filter(affiliate=other).exists()


def test_grows_its_window_by_days_suspended(opened):
    # On 2, 3 and 4 March: three days, the first and the last in part.
    suspend(opened, datetime(2025, 3, 2, 18, tzinfo=UTC), datetime(2025, 3, 4, 6, tzinfo=UTC))
    assert checks.check_targets(now=FIRST + days(3) - TICK).checked == 0
    orders(opened, 182.9, now=FIRST + days(3))
    checks.check_targets(now=FIRST + days(3))
    check = only_check()
    assert (check.days_paused, check.window_from, check.orders) == (3, START, 1)


def test_grows_its_window_by_days_on_which_a_new_version_was_not_accepted(opened, agreement):
    draft = version_drafts.start_draft(now=START, by=None, source=agreement)
    type(draft).objects.filter(pk=draft.pk).update(validation_days=60)
    effective = datetime(2025, 3, 2, tzinfo=UTC)
    second = publishing.publish_version(agreement=draft, effective_at=effective, now=START, by=None)
    acceptances.record_offline_acceptance(
        affiliate=opened,
        agreement=second,
        accepted_at=effective + days(5),
        evidence="paper",
        now=effective + days(5),
        by=None,
    )
    # Paused from 2 March 00:00 to 7 March 00:00: five days.
    checks.check_targets(now=FIRST + days(5))
    assert (only_check().days_paused, only_check().agreement) == (5, second)


def test_grows_its_window_by_pauses_that_staff_declare_for_all(opened, reviewer):
    checks.declare_pause(
        starts_on=date(2025, 4, 1), ends_on=date(2025, 4, 10), reason="Shop was down.", now=FIRST, by=reviewer
    )
    assert checks.check_targets(now=FIRST + days(10) - TICK).checked == 0
    checks.check_targets(now=FIRST + days(10))
    assert (only_check().days_paused, only_check().window_from) == (10, START)


def test_is_not_asked_without_a_target(db):
    from agreements import seeding

    draft = seeding.create_seed_draft(now=START)
    type(draft).objects.filter(pk=draft.pk).update(target_orders=0)
    publishing.publish_version(agreement=draft, effective_at=START - days(1), now=START - days(1), by=None)
    make_active_affiliate()
    cases.open_program()
    assert checks.check_targets(now=FIRST).checked == 0


# --- At risk


def test_sends_one_friendly_mail_in_180_days(opened):
    orders(opened, 151, 20, 10)  # in 30 days the first of three is out
    assert checks.check_targets(now=FIRST).warned == 1
    assert only_check().result == "at_risk"
    (mail,) = list_mails(opened, "target_at_risk")
    # Placed 2025-01-30 12:00: counts up to 2025-07-29 12:00.
    assert mail.context["missed_at"] == "30 Jul 2025, 12:00 UTC"
    assert mail.context["clause"] == "7.4 of version 1"
    for ahead in range(1, 29):
        checks.check_targets(now=FIRST + days(ahead))
    assert len(list_mails(opened, "target_at_risk")) == 1


def test_sends_the_next_friendly_mail_180_days_after_the_last_and_not_before(opened):
    orders(opened, 151, 20, 10)
    checks.check_targets(now=FIRST)
    again = FIRST + days(180)
    orders(opened, 160, 20, 10, now=again)
    assert checks.check_targets(now=again - days(1)).warned == 0
    assert checks.check_targets(now=again).warned == 1


def test_tells_nobody_who_is_safe_for_30_days(opened):
    orders(opened, 150, 20, 10)
    assert checks.check_targets(now=FIRST) == (1, 0, 0, 0, 0)
    assert only_check().result == "met"


# --- Missed


def test_gives_notice_of_a_missed_target_with_30_days_to_cure(opened):
    orders(opened, 20, 10)
    assert checks.check_targets(now=FIRST).notified == 1
    notice = TargetNotice.objects.get()
    assert (notice.orders, notice.target, notice.cure_by) == (2, 3, FIRST + days(30))
    (mail,) = list_mails(opened, "target_missed")
    assert mail.context["cure_by"] == "30 Jul 2025, 12:00 UTC"
    assert mail.context["clause"] == "7.5 of version 1"
    for ahead in range(1, 30):
        assert checks.check_targets(now=FIRST + days(ahead)).notified == 0
    assert not Review.objects.exists()


def test_closes_the_notice_when_the_target_is_met_again(opened):
    orders(opened, 20, 10)
    checks.check_targets(now=FIRST)
    make_order(opened, FIRST + days(3))
    assert checks.check_targets(now=FIRST + days(4)).met == 1
    notice = TargetNotice.objects.get()
    assert (notice.state, notice.ended_at) == ("met", FIRST + days(4))
    assert len(list_mails(opened, "target_met")) == 1
    assert checks.check_targets(now=FIRST + days(31)).reviewed == 0


def test_looks_again_at_the_deadline_itself(opened):
    orders(opened, 20, 10)
    checks.check_targets(now=FIRST)
    due = FIRST + days(30)
    checks.check_targets(now=due - days(0.4))  # the day's question
    make_order(opened, due - TICK)
    assert checks.check_targets(now=due - TICK).met == 0
    assert checks.check_targets(now=due).met == 1


def test_opens_a_review_that_recommends_termination_when_the_time_to_cure_is_over(opened):
    orders(opened, 20, 10)
    checks.check_targets(now=FIRST)
    due = FIRST + days(30)
    assert checks.check_targets(now=due - TICK).reviewed == 0
    assert checks.check_targets(now=due).reviewed == 1
    review = Review.objects.get()
    assert (review.term, review.clause, review.recommendation) == ("sales_target", "7.1", "termination")
    assert (review.opened_at, review.opened_by, review.reply_by) == (due, None, due + days(7))
    assert TargetNotice.objects.get().review == review
    opened.refresh_from_db()
    assert opened.state == State.ACTIVE
    assert checks.check_targets(now=due + days(1)) == (1, 0, 0, 0, 0)


def test_ends_in_a_notice_of_termination_only_when_people_decide_so(opened, reviewer, second_reviewer):
    orders(opened, 20, 10)
    checks.check_targets(now=FIRST)
    due = FIRST + days(30)
    checks.check_targets(now=due)
    review = Review.objects.get()
    at = due + days(7)
    decisions.decide(review=review, decision="termination", reason="Not active.", now=at, by=reviewer)
    opened.refresh_from_db()
    assert (opened.state, opened.notice_ends_at) == (State.ACTIVE, at + days(30))
    assert list_mails(opened, "termination_notice")[0].context["ground"] == "target"
    termination.apply_expired_notices(now=at + days(30))
    opened.refresh_from_db()
    assert (opened.state, opened.status_changes.last().breach) == (State.TERMINATED, False)


def test_takes_the_notice_back_when_the_appeal_is_granted(opened, reviewer, second_reviewer):
    checks.check_targets(now=FIRST)
    due = FIRST + days(30)
    checks.check_targets(now=due)
    review = decisions.decide(
        review=Review.objects.get(), decision="termination", reason="Not active.", now=due + days(7), by=reviewer
    )
    appeals.appeal(review=review, text="I was ill.", now=due + days(8), by=opened.user)
    appeals.decide_appeal(review=review, outcome="granted", reason="Get well.", now=due + days(9), by=second_reviewer)
    assert termination.apply_expired_notices(now=due + days(90)) == (0, 0, 0)
    opened.refresh_from_db()
    assert (opened.state, opened.notice_ends_at) == (State.ACTIVE, None)


def test_restores_who_was_terminated_before_the_appeal_was_granted(opened, reviewer, second_reviewer):
    checks.check_targets(now=FIRST)
    due = FIRST + days(30)
    checks.check_targets(now=due)
    at = due + days(7)
    review = decisions.decide(review=Review.objects.get(), decision="termination", reason="So.", now=at, by=reviewer)
    appeals.appeal(review=review, text="I was ill.", now=at + days(13), by=opened.user)
    termination.apply_expired_notices(now=at + days(30))
    appeals.decide_appeal(review=review, outcome="granted", reason="Get well.", now=at + days(31), by=second_reviewer)
    opened.refresh_from_db()
    assert opened.state == State.ACTIVE


def test_rests_after_staff_let_them_go_on(opened, reviewer):
    checks.check_targets(now=FIRST)
    due = FIRST + days(30)
    checks.check_targets(now=due)
    decisions.decide(review=Review.objects.get(), decision="dismissed", reason="Ill.", now=due + days(1), by=reviewer)
    assert checks.check_targets(now=due + days(2)).notified == 0
    assert checks.check_targets(now=due + days(180)).notified == 0
    assert checks.check_targets(now=due + days(181)).notified == 1


def test_lapses_the_notice_of_who_leaves(opened):
    checks.check_targets(now=FIRST)
    termination.leave_program(affiliate=opened, now=FIRST + days(1), by=opened.user)
    checks.check_targets(now=FIRST + days(2))
    assert TargetNotice.objects.get().state == "lapsed"


def test_waits_with_the_review_while_they_are_suspended(opened):
    checks.check_targets(now=FIRST)
    status_history.change_status(affiliate=opened, to=State.SUSPENDED, now=FIRST + days(29), by=None)
    assert checks.check_targets(now=FIRST + days(40)).reviewed == 0
    opened.refresh_from_db()
    status_history.change_status(affiliate=opened, to=State.ACTIVE, now=FIRST + days(41), by=None)
    assert checks.check_targets(now=FIRST + days(41)).reviewed == 1


def test_heals_itself_when_beat_was_away_for_70_days(opened):
    checks.check_targets(now=FIRST)
    assert checks.check_targets(now=FIRST + days(70)).reviewed == 1
    assert TargetCheck.objects.count() == 2


def test_is_answered_for_the_others_when_one_fails(opened, monkeypatch, caplog):
    from compliance import emails

    other = make_active_affiliate()
    real = emails.send_target_missed

    def fails_for_one(notice):
        if notice.affiliate_id == opened.pk:
            raise RuntimeError("poison")
        real(notice)

    monkeypatch.setattr(emails, "send_target_missed", fails_for_one)
    assert checks.check_targets(now=FIRST).notified == 1
    assert TargetCheck.objects.get().affiliate == other
    assert str(opened.pk) in caplog.text
    monkeypatch.setattr(emails, "send_target_missed", real)
    assert checks.check_targets(now=FIRST + days(0.1)).notified == 1


@pytest.mark.django_db(transaction=True)
def test_has_one_effect_when_two_beats_ask_at_once():
    cases.seed_agreement()
    affiliates = [make_active_affiliate() for _ in range(6)]
    cases.open_program()
    for affiliate in affiliates[:3]:
        orders(affiliate, 151, 20, 10)
    together = threading.Barrier(2)

    def ask(results):
        try:
            together.wait()
            results.append(checks.check_targets(now=FIRST))
        finally:
            connection.close()

    results: list[checks.TargetCheckCounts] = []
    beats = [threading.Thread(target=ask, args=(results,)) for _ in range(2)]
    for beat in beats:
        beat.start()
    for beat in beats:
        beat.join()
    assert len(results) == 2
    assert TargetCheck.objects.count() == 6
    assert TargetNotice.objects.count() == 3
    assert sum(len(list_mails(a, "target_at_risk")) for a in affiliates) == 3
    assert sum(len(list_mails(a, "target_missed")) for a in affiliates) == 3
    assert sum(r.warned for r in results) == sum(r.notified for r in results) == 3


def test_keeps_answers_that_the_database_never_changes(opened):
    checks.check_targets(now=FIRST)
    for change in (lambda: TargetCheck.objects.update(orders=9), lambda: TargetCheck.objects.all().delete()):
        with pytest.raises(Error), transaction.atomic():
            change()


def test_refuses_a_pause_that_ends_before_it_starts(db, reviewer):
    from django.core.exceptions import ValidationError

    with pytest.raises(ValidationError) as refusal:
        checks.declare_pause(
            starts_on=date(2025, 4, 2), ends_on=date(2025, 4, 1), reason="Oops.", now=FIRST, by=reviewer
        )
    assert "ends_on" in refusal.value.message_dict
    assert not TargetPause.objects.exists()
