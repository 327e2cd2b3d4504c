"""Suspension, leaving, termination and the end of the program."""

from datetime import UTC, datetime

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from affiliates.errors import IllegalTransition
from affiliates.models import State
from agreements.models import Program
from audit.models import AuditRecord
from compliance.models import TerminationNotice
from compliance.offboarding import notice_expiry, program_end, suspension, termination
from compliance.reviews import decisions
from compliance.reviews.open_review import open_review
from tests.compliance.cases import NOW, TICK, days, list_mails, make_active_affiliate
from tests.factories import make_affiliate

# 30 days of 24 hours after 2026-03-01 12:00.
ENDS = datetime(2026, 3, 31, 12, tzinfo=UTC)


def read_state(affiliate) -> str:
    affiliate.refresh_from_db()
    return str(affiliate.state)


def get_last_change(affiliate):
    return affiliate.status_changes.order_by("at", "id").last()


def give_notice(affiliate, by, **changes):
    values = {"ground": "choice", "reason": "We change our plans.", "now": NOW, "by": by}
    return termination.give_notice(affiliate=affiliate, **values | changes)


# --- Termination with notice


def test_agreement_ends_30_days_after_the_termination_notice(affiliate, reviewer):
    given = give_notice(affiliate, reviewer)
    assert (given.takes_effect_at, given.clause) == (ENDS, "10.2")
    assert notice_expiry.apply_expired_notices(now=ENDS - TICK) == (0, 0, 0)
    assert read_state(affiliate) == State.ACTIVE
    assert affiliate.notice_ends_at == ENDS
    assert notice_expiry.apply_expired_notices(now=ENDS) == (1, 0, 0)
    assert read_state(affiliate) == State.TERMINATED
    change = get_last_change(affiliate)
    assert (change.at, change.breach, change.by, change.clause) == (ENDS, False, None, "10.2 of version 1")
    assert notice_expiry.apply_expired_notices(now=ENDS + days(1)) == (0, 0, 0)
    assert len(list_mails(affiliate, "termination_notice")) == len(list_mails(affiliate, "terminated")) == 1


def test_late_task_run_ends_agreement_at_expiry_of_the_notice(affiliate, reviewer):
    give_notice(affiliate, reviewer)
    notice_expiry.apply_expired_notices(now=ENDS + days(70))
    affiliate.refresh_from_db()
    assert get_last_change(affiliate).at == affiliate.state_since == ENDS
    assert get_last_change(affiliate).recorded_at == ENDS + days(70)


def test_second_termination_notice_is_rejected_while_one_is_running(affiliate, reviewer):
    given = give_notice(affiliate, reviewer)
    with pytest.raises(ValidationError):
        give_notice(affiliate, reviewer)
    with pytest.raises(IntegrityError), transaction.atomic():
        TerminationNotice.objects.create(
            affiliate=affiliate, ground="choice", reason="x", clause="1", given_at=NOW, takes_effect_at=NOW
        )
    termination.revoke_notice(notice=given, reason="We stay.", now=NOW + days(1), by=reviewer)
    give_notice(affiliate, reviewer, now=NOW + days(2))


def test_termination_notice_without_reason_is_rejected(affiliate, reviewer):
    with pytest.raises(ValidationError) as error:
        give_notice(affiliate, reviewer, reason=" ")
    assert "reason" in error.value.message_dict


def test_revoked_termination_notice_does_not_end_the_agreement(affiliate, reviewer):
    given = give_notice(affiliate, reviewer)
    termination.revoke_notice(notice=given, reason="We stay.", now=NOW + days(1), by=reviewer)
    assert notice_expiry.apply_expired_notices(now=ENDS) == (0, 0, 0)
    assert read_state(affiliate) == State.ACTIVE
    assert affiliate.notice_ends_at is None
    assert len(list_mails(affiliate, "termination_revoked")) == 1
    with pytest.raises(IllegalTransition):
        termination.revoke_notice(notice=given, reason="Again.", now=NOW + days(1), by=reviewer)


def test_termination_notice_ends_the_agreement_of_a_suspended_affiliate(affiliate, reviewer):
    give_notice(affiliate, reviewer)
    suspension.suspend(affiliate=affiliate, reason="Odd clicks.", now=NOW + days(1), by=reviewer)
    assert affiliate.notice_ends_at == ENDS
    notice_expiry.apply_expired_notices(now=ENDS)
    assert read_state(affiliate) == State.TERMINATED


def test_termination_notice_ends_an_approved_affiliate(agreement, reviewer):
    approved = make_affiliate(state=State.APPROVED, at=NOW)
    give_notice(approved, reviewer)
    notice_expiry.apply_expired_notices(now=ENDS)
    assert read_state(approved) == State.TERMINATED


def test_termination_for_breach_revokes_the_running_notice(affiliate, reviewer):
    given = give_notice(affiliate, reviewer)
    review = open_review(affiliate=affiliate, activity="fraud", summary="Fraud.", now=NOW, by=reviewer)
    decisions.decide(review=review, decision="termination", reason="Fraud.", now=NOW + days(8), by=reviewer)
    given.refresh_from_db()
    assert (read_state(affiliate), given.state) == (State.TERMINATED, "revoked")
    assert notice_expiry.apply_expired_notices(now=ENDS) == (0, 0, 0)
    assert get_last_change(affiliate).breach


# --- Leaving


def test_leaving_affiliate_is_terminated_after_30_days(affiliate):
    termination.leave_program(affiliate=affiliate, now=NOW, by=affiliate.user, reason="Moving on.")
    assert read_state(affiliate) == State.LEAVING
    assert affiliate.notice_ends_at == ENDS
    assert list_mails(affiliate, "leaving_confirmed")[0].context["ends_at"] == "31 Mar 2026, 12:00 UTC"
    assert notice_expiry.apply_expired_notices(now=ENDS - TICK) == (0, 0, 0)
    assert notice_expiry.apply_expired_notices(now=ENDS) == (0, 1, 0)
    assert read_state(affiliate) == "terminated"
    change = get_last_change(affiliate)
    assert (change.at, change.breach, change.clause) == (ENDS, False, "10.1 of version 1")


def test_earlier_termination_notice_ends_a_leaving_affiliate(affiliate, reviewer):
    give_notice(affiliate, reviewer)
    termination.leave_program(affiliate=affiliate, now=NOW + days(10), by=affiliate.user)
    assert notice_expiry.apply_expired_notices(now=ENDS) == (1, 0, 0)
    assert (read_state(affiliate), get_last_change(affiliate).at) == ("terminated", ENDS)


def test_leaving_twice_is_rejected(affiliate):
    termination.leave_program(affiliate=affiliate, now=NOW, by=affiliate.user)
    with pytest.raises(IllegalTransition):
        termination.leave_program(affiliate=affiliate, now=NOW + days(1), by=affiliate.user)


def test_approved_affiliate_who_leaves_is_terminated_at_once(agreement):
    approved = make_affiliate(state=State.APPROVED, at=NOW)
    termination.leave_program(affiliate=approved, now=NOW + days(1), by=approved.user)
    assert read_state(approved) == State.TERMINATED
    assert list_mails(approved, "leaving_confirmed")[0].context["ends_at"] == ""


# --- Suspension by staff


def test_suspension_and_reinstatement_record_reason_clause_and_email(affiliate, reviewer):
    suspension.suspend(affiliate=affiliate, reason="Odd clicks.", now=NOW, by=reviewer)
    assert (read_state(affiliate), get_last_change(affiliate).clause) == ("suspended", "10.4 of version 1")
    assert list_mails(affiliate, "suspended")[0].context["reason"] == "Odd clicks."
    suspension.reinstate(affiliate=affiliate, reason="All clear.", now=NOW + days(1), by=reviewer)
    assert read_state(affiliate) == State.ACTIVE
    assert list_mails(affiliate, "reinstated")[0].context["clause"] == "10.4 of version 1"
    with pytest.raises(ValidationError):
        suspension.suspend(affiliate=affiliate, reason=" ", now=NOW + days(2), by=reviewer)


def test_terminated_affiliate_cannot_be_reinstated_by_staff(affiliate, reviewer):
    termination.leave_program(affiliate=affiliate, now=NOW, by=affiliate.user)
    notice_expiry.apply_expired_notices(now=ENDS)
    affiliate.refresh_from_db()
    with pytest.raises(IllegalTransition):
        suspension.reinstate(affiliate=affiliate, reason="Back.", now=ENDS + days(1), by=reviewer)


# --- End of the program


def test_end_of_program_terminates_all_participants(affiliate, reviewer):
    suspended, leaving = make_active_affiliate(), make_active_affiliate()
    approved = make_affiliate(state=State.APPROVED, at=NOW - days(9))
    applied = make_affiliate(state=State.APPLIED, at=NOW - days(9))
    suspension.suspend(affiliate=suspended, reason="Odd clicks.", now=NOW - days(1), by=reviewer)
    ends_at = NOW + days(40)
    program_end.announce_end(ends_at=ends_at, now=NOW, by=reviewer, reason="The shop closes.")
    termination.leave_program(affiliate=leaving, now=NOW + days(20), by=leaving.user)  # would run to NOW + 50 days
    participants = (affiliate, suspended, leaving, approved)
    assert [len(list_mails(one, "end_of_program")) for one in participants] == [1, 1, 1, 1]
    assert not list_mails(applied, "end_of_program")
    assert list_mails(affiliate, "end_of_program")[0].context["clause"] == "11.1 of version 1"
    assert notice_expiry.apply_expired_notices(now=ends_at - TICK) == (0, 0, 0)
    assert notice_expiry.apply_expired_notices(now=ends_at) == (0, 0, 4)
    assert {read_state(one) for one in participants} == {"terminated"}
    assert {get_last_change(one).at for one in participants} == {ends_at}
    assert not any(get_last_change(one).breach for one in participants)
    assert notice_expiry.apply_expired_notices(now=ends_at + days(1)) == (0, 0, 0)


def test_end_of_program_before_the_notice_period_is_rejected(affiliate, reviewer):
    with pytest.raises(ValidationError) as error:
        program_end.announce_end(ends_at=ENDS - TICK, now=NOW, by=reviewer, reason="The shop closes.")
    assert "ends_at" in error.value.message_dict
    program_end.announce_end(ends_at=ENDS, now=NOW, by=reviewer, reason="The shop closes.")
    program = Program.current()
    assert (program.end_announced_at, program.ends_at) == (NOW, ENDS)
    assert AuditRecord.objects.get(action="end of program announced").reason == "The shop closes."


def test_end_of_program_can_be_announced_only_once(affiliate, reviewer):
    program_end.announce_end(ends_at=ENDS, now=NOW, by=reviewer, reason="The shop closes.")
    with pytest.raises(IllegalTransition):
        program_end.announce_end(ends_at=ENDS + days(9), now=NOW, by=reviewer, reason="Later.")
    assert Program.current().ends_at == ENDS


def test_failed_termination_does_not_stop_the_others(affiliate, reviewer, monkeypatch, caplog):
    from compliance import emails

    other = make_active_affiliate()
    for one in (affiliate, other):
        termination.leave_program(affiliate=one, now=NOW, by=one.user)
    real = emails.send_terminated

    def fail_for_first(recipient, **values):
        if recipient.pk == affiliate.pk:
            raise RuntimeError("broken")
        real(recipient, **values)

    monkeypatch.setattr(emails, "send_terminated", fail_for_first)
    assert notice_expiry.apply_expired_notices(now=ENDS) == (0, 1, 0)
    assert (read_state(affiliate), read_state(other)) == ("leaving", "terminated")
    assert str(affiliate.pk) in caplog.text
