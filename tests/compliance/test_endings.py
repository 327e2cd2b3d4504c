"""An agreement with an affiliate ..."""

from datetime import UTC, datetime

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from affiliates.errors import IllegalTransition
from affiliates.models import State
from agreements.models import Program
from audit.models import AuditRecord
from compliance.models import TerminationNotice
from compliance.offboarding import program_end, termination
from compliance.reviews import decisions
from compliance.reviews.open_review import open_review
from tests.compliance.cases import NOW, TICK, days, list_mails, make_active_affiliate
from tests.factories import make_affiliate

# Thirty days of 24 hours after 2026-03-01 12:00.
ENDS = datetime(2026, 3, 31, 12, tzinfo=UTC)


def state(affiliate) -> str:
    affiliate.refresh_from_db()
    return str(affiliate.state)


def last_change(affiliate):
    return affiliate.status_changes.order_by("at", "id").last()


def notice(affiliate, by, **changes):
    values = {"ground": "choice", "reason": "We change our plans.", "now": NOW, "by": by}
    return termination.give_notice(affiliate=affiliate, **values | changes)


# --- With notice


def test_ends_30_days_after_the_notice_and_goes_on_until_then(affiliate, reviewer):
    given = notice(affiliate, reviewer)
    assert (given.takes_effect_at, given.clause) == (ENDS, "10.2")
    assert termination.apply_expired_notices(now=ENDS - TICK) == (0, 0, 0)
    assert state(affiliate) == State.ACTIVE
    assert affiliate.notice_ends_at == ENDS
    assert termination.apply_expired_notices(now=ENDS) == (1, 0, 0)
    assert state(affiliate) == State.TERMINATED
    change = last_change(affiliate)
    assert (change.at, change.breach, change.by, change.clause) == (ENDS, False, None, "10.2 of version 1")
    assert termination.apply_expired_notices(now=ENDS + days(1)) == (0, 0, 0)
    assert len(list_mails(affiliate, "termination_notice")) == len(list_mails(affiliate, "terminated")) == 1


def test_counts_as_ended_from_its_notice_on_even_if_the_clock_came_late(affiliate, reviewer):
    notice(affiliate, reviewer)
    termination.apply_expired_notices(now=ENDS + days(70))
    affiliate.refresh_from_db()
    assert last_change(affiliate).at == affiliate.state_since == ENDS
    assert last_change(affiliate).recorded_at == ENDS + days(70)


def test_is_given_one_notice_at_a_time(affiliate, reviewer):
    given = notice(affiliate, reviewer)
    with pytest.raises(ValidationError):
        notice(affiliate, reviewer)
    with pytest.raises(IntegrityError), transaction.atomic():
        TerminationNotice.objects.create(
            affiliate=affiliate, ground="choice", reason="x", clause="1", given_at=NOW, takes_effect_at=NOW
        )
    termination.revoke_notice(notice=given, reason="We stay.", now=NOW + days(1), by=reviewer)
    notice(affiliate, reviewer, now=NOW + days(2))


def test_is_given_no_notice_without_a_reason(affiliate, reviewer):
    with pytest.raises(ValidationError) as refusal:
        notice(affiliate, reviewer, reason=" ")
    assert "reason" in refusal.value.message_dict


def test_goes_on_when_the_notice_is_taken_back(affiliate, reviewer):
    given = notice(affiliate, reviewer)
    termination.revoke_notice(notice=given, reason="We stay.", now=NOW + days(1), by=reviewer)
    assert termination.apply_expired_notices(now=ENDS) == (0, 0, 0)
    assert state(affiliate) == State.ACTIVE
    assert affiliate.notice_ends_at is None
    assert len(list_mails(affiliate, "termination_revoked")) == 1
    with pytest.raises(IllegalTransition):
        termination.revoke_notice(notice=given, reason="Again.", now=NOW + days(1), by=reviewer)


def test_ends_though_the_affiliate_is_suspended_meanwhile(affiliate, reviewer):
    notice(affiliate, reviewer)
    termination.suspend(affiliate=affiliate, reason="Odd clicks.", now=NOW + days(1), by=reviewer)
    assert affiliate.notice_ends_at == ENDS
    termination.apply_expired_notices(now=ENDS)
    assert state(affiliate) == State.TERMINATED


def test_can_end_with_notice_before_it_was_accepted(agreement, reviewer):
    approved = make_affiliate(state=State.APPROVED, at=NOW)
    notice(approved, reviewer)
    termination.apply_expired_notices(now=ENDS)
    assert state(approved) == State.TERMINATED


def test_ends_for_breach_and_its_notice_with_it(affiliate, reviewer):
    given = notice(affiliate, reviewer)
    review = open_review(affiliate=affiliate, activity="fraud", summary="Fraud.", now=NOW, by=reviewer)
    decisions.decide(review=review, decision="termination", reason="Fraud.", now=NOW + days(8), by=reviewer)
    given.refresh_from_db()
    assert (state(affiliate), given.state) == (State.TERMINATED, "revoked")
    assert termination.apply_expired_notices(now=ENDS) == (0, 0, 0)
    assert last_change(affiliate).breach


# --- By the affiliate


def test_ends_30_days_after_the_affiliate_left(affiliate):
    termination.leave_program(affiliate=affiliate, now=NOW, by=affiliate.user, reason="Moving on.")
    assert state(affiliate) == State.LEAVING
    assert affiliate.notice_ends_at == ENDS
    assert list_mails(affiliate, "leaving_confirmed")[0].context["ends_at"] == "31 Mar 2026, 12:00 UTC"
    assert termination.apply_expired_notices(now=ENDS - TICK) == (0, 0, 0)
    assert termination.apply_expired_notices(now=ENDS) == (0, 1, 0)
    assert (state(affiliate), last_change(affiliate).at, last_change(affiliate).breach) == ("terminated", ENDS, False)
    assert last_change(affiliate).clause == "10.1 of version 1"


def test_ends_by_the_earlier_of_notice_and_leaving(affiliate, reviewer):
    notice(affiliate, reviewer)
    termination.leave_program(affiliate=affiliate, now=NOW + days(10), by=affiliate.user)
    assert termination.apply_expired_notices(now=ENDS) == (1, 0, 0)
    assert (state(affiliate), last_change(affiliate).at) == ("terminated", ENDS)


def test_ends_once_when_the_affiliate_leaves_twice(affiliate):
    termination.leave_program(affiliate=affiliate, now=NOW, by=affiliate.user)
    with pytest.raises(IllegalTransition):
        termination.leave_program(affiliate=affiliate, now=NOW + days(1), by=affiliate.user)


def test_never_began_for_who_was_approved_and_leaves(agreement):
    approved = make_affiliate(state=State.APPROVED, at=NOW)
    termination.leave_program(affiliate=approved, now=NOW + days(1), by=approved.user)
    assert state(approved) == State.TERMINATED
    assert list_mails(approved, "leaving_confirmed")[0].context["ends_at"] == ""


# --- Suspension by staff


def test_is_suspended_and_reinstated_with_reason_clause_and_mail(affiliate, reviewer):
    termination.suspend(affiliate=affiliate, reason="Odd clicks.", now=NOW, by=reviewer)
    assert (state(affiliate), last_change(affiliate).clause) == ("suspended", "10.4 of version 1")
    assert list_mails(affiliate, "suspended")[0].context["reason"] == "Odd clicks."
    termination.reinstate(affiliate=affiliate, reason="All clear.", now=NOW + days(1), by=reviewer)
    assert state(affiliate) == State.ACTIVE
    assert list_mails(affiliate, "reinstated")[0].context["clause"] == "10.4 of version 1"
    with pytest.raises(ValidationError):
        termination.suspend(affiliate=affiliate, reason=" ", now=NOW + days(2), by=reviewer)


def test_that_has_ended_is_not_reinstated_by_hand(affiliate, reviewer):
    termination.leave_program(affiliate=affiliate, now=NOW, by=affiliate.user)
    termination.apply_expired_notices(now=ENDS)
    affiliate.refresh_from_db()
    with pytest.raises(IllegalTransition):
        termination.reinstate(affiliate=affiliate, reason="Back.", now=ENDS + days(1), by=reviewer)


# --- With the program


def test_ends_with_the_program(affiliate, reviewer):
    suspended, leaving = make_active_affiliate(), make_active_affiliate()
    approved = make_affiliate(state=State.APPROVED, at=NOW - days(9))
    applied = make_affiliate(state=State.APPLIED, at=NOW - days(9))
    termination.suspend(affiliate=suspended, reason="Odd clicks.", now=NOW - days(1), by=reviewer)
    ends_at = NOW + days(40)
    program_end.announce_end(ends_at=ends_at, now=NOW, by=reviewer, reason="The shop closes.")
    termination.leave_program(affiliate=leaving, now=NOW + days(20), by=leaving.user)  # would run to NOW + 50 days
    everybody = (affiliate, suspended, leaving, approved)
    assert [len(list_mails(one, "end_of_program")) for one in everybody] == [1, 1, 1, 1]
    assert not list_mails(applied, "end_of_program")
    assert list_mails(affiliate, "end_of_program")[0].context["clause"] == "11.1 of version 1"
    assert termination.apply_expired_notices(now=ends_at - TICK) == (0, 0, 0)
    assert termination.apply_expired_notices(now=ends_at) == (0, 0, 4)
    assert {state(one) for one in everybody} == {"terminated"}
    assert {last_change(one).at for one in everybody} == {ends_at}
    assert not any(last_change(one).breach for one in everybody)
    assert termination.apply_expired_notices(now=ends_at + days(1)) == (0, 0, 0)


def test_ends_with_the_program_no_sooner_than_the_notice_allows(affiliate, reviewer):
    with pytest.raises(ValidationError) as refusal:
        program_end.announce_end(ends_at=ENDS - TICK, now=NOW, by=reviewer, reason="The shop closes.")
    assert "ends_at" in refusal.value.message_dict
    program_end.announce_end(ends_at=ENDS, now=NOW, by=reviewer, reason="The shop closes.")
    program = Program.current()
    assert (program.end_announced_at, program.ends_at) == (NOW, ENDS)
    assert AuditRecord.objects.get(action="end of program announced").reason == "The shop closes."


def test_ends_with_the_program_on_a_date_that_is_announced_once(affiliate, reviewer):
    program_end.announce_end(ends_at=ENDS, now=NOW, by=reviewer, reason="The shop closes.")
    with pytest.raises(IllegalTransition):
        program_end.announce_end(ends_at=ENDS + days(9), now=NOW, by=reviewer, reason="Later.")
    assert Program.current().ends_at == ENDS


def test_is_ended_for_the_others_when_one_fails(affiliate, reviewer, monkeypatch, caplog):
    from compliance import emails

    other = make_active_affiliate()
    for one in (affiliate, other):
        termination.leave_program(affiliate=one, now=NOW, by=one.user)
    real = emails.send_terminated

    def fails_for_one(who, **values):
        if who.pk == affiliate.pk:
            raise RuntimeError("poison")
        real(who, **values)

    monkeypatch.setattr(emails, "send_terminated", fails_for_one)
    assert termination.apply_expired_notices(now=ENDS) == (0, 1, 0)
    assert (state(affiliate), state(other)) == ("leaving", "terminated")
    assert str(affiliate.pk) in caplog.text
