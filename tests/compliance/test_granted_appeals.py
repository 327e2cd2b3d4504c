"""A granted appeal restores money and links as if the decision had not been made: worked examples.

Orders of 100.00 earn 5.00. See `tests/compliance/appeal_program.py` for the dates.
"""

from datetime import timedelta

import pytest
from django.db import connection

from affiliates.errors import IllegalTransition
from affiliates.models import IN_EFFECT_SQL, Affiliate, State, StatusChange
from affiliates.status_history import annul_change
from audit.models import AuditRecord
from compliance.models import TerminationNotice
from compliance.offboarding import notice_expiry, suspension, termination
from compliance.reviews import deadlines_task
from tests.compliance.appeal_program import (
    APPEALED,
    DECIDED,
    GRANTED,
    GRANTED_BY_DEADLINE,
    OPENED,
    AppealProgram,
    march,
)
from tests.compliance.cases import TICK, days, list_mails
from tests.scenarios import parse_utc
from tracking.links import coupons

pytestmark = pytest.mark.django_db


@pytest.fixture
def program() -> AppealProgram:
    return AppealProgram()


# --- Orders placed in between


@pytest.mark.parametrize("decision", ["suspension", "termination"])
def test_orders_in_between_are_attributed_again(program, decision):
    assert program.sell("before", DECIDED - TICK, coupon=program.ann) == "ann coupon 5.00"
    review = program.decide(decision)
    denied = "not_active" if decision == "suspension" else "coupon_unknown"
    assert program.sell("at-the-decision", DECIDED, coupon=program.ann) == f"nobody {denied} 0.00"
    assert program.sell("in-between", march("04"), "200.00", coupon=program.ann) == f"nobody {denied} 0.00"
    program.appeal(review)
    assert program.grant(review) == "active"
    assert program.describe("before") == "ann coupon 5.00"
    assert program.describe("at-the-decision") == "ann coupon 5.00"
    assert program.describe("in-between") == "ann coupon 10.00"
    assert program.sell("after", march("21"), coupon=program.ann) == "ann coupon 5.00"
    record = AuditRecord.objects.get(action="orders attributed again")
    assert (record.subject_id, record.after["orders"], record.by) == (str(program.ann.pk), 2, program.second)


@pytest.mark.parametrize("decision", ["suspension", "termination"])
def test_appeal_granted_by_the_deadline_attributes_orders_again(program, decision):
    review = program.decide(decision)
    program.sell("in-between", march("04"), coupon=program.ann)
    program.appeal(review)
    assert deadlines_task.enforce_deadlines(now=GRANTED_BY_DEADLINE - TICK).appeals_granted == 0
    assert program.describe("in-between").startswith("nobody")
    assert deadlines_task.enforce_deadlines(now=GRANTED_BY_DEADLINE).appeals_granted == 1
    assert program.describe("in-between") == "ann coupon 5.00"
    assert Affiliate.objects.get(pk=program.ann.pk).state == State.ACTIVE


def test_refused_appeal_changes_no_order(program):
    review = program.decide("termination")
    program.sell("in-between", march("04"), coupon=program.ann)
    program.appeal(review)
    assert program.grant(review, outcome="refused") == "terminated"
    assert program.describe("in-between") == "nobody coupon_unknown 0.00"


def test_order_after_a_termination_for_breach_from_an_earlier_click_is_attributed_again(program):
    click = (program.ann, DECIDED - timedelta(hours=1))
    review = program.decide("termination")
    assert program.sell("clicked", DECIDED + TICK, click=click) == "nobody breach 0.00"
    assert program.sell("clicked-later", march("04"), click=(program.ann, march("03"))) == "nobody breach 0.00"
    program.appeal(review)
    program.grant(review)
    assert program.describe("clicked") == program.describe("clicked-later") == "ann click 5.00"


def test_order_that_went_to_another_affiliate_returns(program):
    review = program.decide("termination")
    sold = program.sell("in-between", march("04"), coupon=program.ann, click=(program.ben, march("03")))
    assert sold == "ben click 5.00"
    program.appeal(review)
    program.grant(review)
    assert program.describe("in-between") == "ann coupon 5.00"


def test_order_that_names_several_coupons_returns_to_the_first(program):
    coupons.assign_coupon(affiliate=program.ben, code="BENS10", assigned_from=march("01"), now=march("01"), by=None)
    review = program.decide("termination")
    sold = program.sell("in-between", march("04"), coupons=[f" {program.ann.code.lower()}", "BENS10"])
    assert sold == "ben coupon 5.00"
    assert program.sell("of-ben-alone", march("04"), coupons=["BENS10"]) == "ben coupon 5.00"
    program.appeal(review)
    program.grant(review)
    assert program.describe("in-between") == "ann coupon 5.00"
    assert program.describe("of-ben-alone") == "ben coupon 5.00"


def test_order_settled_for_another_affiliate_stays(program):
    review = program.decide("termination", at=march("20T12:00"))
    for order_id, placed in (("settled", march("21")), ("not-settled", march("30"))):
        program.sell(order_id, placed, "300.00", coupon=program.ann, click=(program.ben, placed))
    # Validated on 26 March and on 4 April.
    program.appeal(review, at=march("25"))
    closed = program.close("2026-03", parse_utc("2026-04-01T06:00:00"))
    assert program.settled(closed, program.ben) == "15.00 15.00"
    assert program.grant(review, at=parse_utc("2026-04-10T12:00:00")) == "active"
    assert program.describe("settled") == "ben click 15.00"
    assert program.describe("not-settled") == "ann coupon 15.00"


def test_later_report_of_an_order_gives_the_same_attribution(program):
    review = program.decide("suspension")
    program.sell("in-between", march("04"), coupon=program.ann)
    program.appeal(review)
    program.grant(review)
    assert program.sell("reported-late", march("05"), coupon=program.ann) == "ann coupon 5.00"


# --- Coupons


def test_coupon_assigned_to_another_affiliate_meanwhile_does_not_return(program):
    review = program.decide("termination")
    program.reassign_coupon(march("10"))
    assert program.sell("between", march("10") - TICK, coupon=program.ann) == "nobody coupon_unknown 0.00"
    assert program.sell("handed-on", march("10"), coupon=program.ann) == "ben coupon 5.00"
    program.appeal(review)
    program.grant(review)
    assert program.describe("between") == "ann coupon 5.00"
    assert program.describe("handed-on") == "ben coupon 5.00"
    assert program.sell("after", march("21"), coupon=program.ann) == "ben coupon 5.00"


def test_coupon_of_a_terminated_affiliate_can_be_assigned_from_the_termination_on(program):
    program.decide("termination")
    with pytest.raises(Exception, match="Enter a later date"):
        coupons.assign_coupon(
            affiliate=program.ben, code=program.ann.code, assigned_from=DECIDED - TICK, now=march("10"), by=None
        )
    program.reassign_coupon(DECIDED)
    assert program.sell("at-once", DECIDED, coupon=program.ann) == "ben coupon 5.00"


# --- Other decisions around the one that is undone


def test_second_suspension_stays_when_the_first_is_undone(program):
    first = program.decide("suspension")
    second = program.decide("suspension", at=march("06T12:00"), activity="spamming")
    program.sell("first-only", march("05"), coupon=program.ann)
    program.sell("both", march("07"), coupon=program.ann)
    program.appeal(first)
    program.appeal(second, at=march("07"))
    assert program.grant(first) == "suspended"
    assert program.describe("first-only") == "ann coupon 5.00"
    assert program.describe("both") == "nobody not_active 0.00"
    assert list_mails(program.ann, "reinstated") == []
    assert program.grant(second) == "active"
    assert program.describe("both") == "ann coupon 5.00"
    assert len(list_mails(program.ann, "reinstated")) == 1


def test_suspension_by_staff_outlasts_the_appeal(program):
    suspension.suspend(affiliate=program.ann, reason="Odd clicks.", now=OPENED, by=program.reviewer)
    review = program.decide("suspension")
    program.sell("in-between", march("04"), coupon=program.ann)
    program.appeal(review)
    assert program.grant(review) == "suspended"
    assert program.describe("in-between") == "nobody not_active 0.00"


def test_orders_before_a_reinstatement_are_attributed_again(program):
    review = program.decide("suspension")
    program.sell("suspended", march("04"), coupon=program.ann)
    suspension.reinstate(affiliate=program.ann, reason="Enough.", now=march("06"), by=program.reviewer)
    program.sell("reinstated", march("07"), coupon=program.ann)
    program.appeal(review, at=march("08"))
    assert program.grant(review) == "active"
    assert program.describe("suspended") == program.describe("reinstated") == "ann coupon 5.00"
    assert len(list_mails(program.ann, "reinstated")) == 1


def test_leave_before_the_termination_is_in_effect_again(program):
    termination.leave_program(affiliate=program.ann, now=OPENED, by=program.ann.user)
    review = program.decide("termination")
    program.sell("in-between", march("04"), coupon=program.ann)
    program.appeal(review)
    assert program.grant(review) == "leaving"
    assert (program.ann.state_since, program.ann.notice_ends_at) == (OPENED, OPENED + days(30))
    assert program.describe("in-between") == "nobody not_active 0.00"
    notice_expiry.apply_expired_notices(now=OPENED + days(40))
    program.ann.refresh_from_db()
    assert (program.ann.state, program.ann.state_since) == ("terminated", OPENED + days(30))


def test_termination_notice_from_before_runs_on(program):
    termination.give_notice(
        affiliate=program.ann, ground="choice", reason="We change.", now=OPENED - days(1), by=program.reviewer
    )
    review = program.decide("termination")
    program.appeal(review)
    assert program.grant(review) == "active"
    ends = OPENED + days(29)
    assert program.ann.notice_ends_at == ends
    assert TerminationNotice.objects.get().state == "running"
    assert notice_expiry.apply_expired_notices(now=ends).notices == 1
    program.ann.refresh_from_db()
    assert (program.ann.state, program.ann.state_since) == ("terminated", ends)


def test_terminated_for_a_missed_target_and_undone_after_the_notice(program):
    review = program.decide("termination", activity="", term="target_orders")
    program.appeal(review, at=march("16"))
    ends = DECIDED + days(30)  # 1 April, 12:00
    notice_expiry.apply_expired_notices(now=ends)
    assert program.sell("in-between", ends + days(1), coupon=program.ann) == "nobody coupon_unknown 0.00"
    assert program.grant(review, at=ends + days(5)) == "active"
    assert program.describe("in-between") == "ann coupon 5.00"


def test_late_record_of_a_termination_attributes_orders_again(program):
    termination.give_notice(affiliate=program.ann, ground="choice", reason="So.", now=OPENED, by=program.reviewer)
    ends = OPENED + days(30)
    assert program.sell("A", ends, coupon=program.ann, click=(program.ben, ends)) == "ann coupon 5.00"
    notice_expiry.apply_expired_notices(now=ends + days(1))
    assert program.describe("A") == "ben click 5.00"


# --- The history


def test_history_shows_the_decision_and_that_it_was_undone(program):
    review = program.decide("suspension")
    program.appeal(review)
    program.grant(review)
    rows = list(program.ann.status_changes.order_by("at", "id"))[-2:]
    assert [(row.before, row.after, row.at) for row in rows] == [
        ("active", "suspended", DECIDED),
        ("suspended", "active", GRANTED),
    ]
    assert (rows[1].annuls, rows[1].reason) == (rows[0], "Your appeal was granted.")
    assert list(StatusChange.objects.in_effect().filter(affiliate=program.ann).values_list("after", flat=True)) == [
        "applied", "approved", "active",
    ]  # fmt: skip
    known = StatusChange.objects.in_effect(known_at=GRANTED - TICK).filter(affiliate=program.ann)
    assert known.order_by("at").last() == rows[0]


@pytest.mark.parametrize("known_at", [None, APPEALED, GRANTED])
def test_sql_and_queryset_agree_on_the_changes_in_effect(program, known_at):
    review = program.decide("suspension")
    program.appeal(review)
    program.grant(review)
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT id FROM affiliates_statuschange WHERE {IN_EFFECT_SQL}",
            {"known_at": known_at or "infinity"},
        )
        found = {pk for (pk,) in cursor.fetchall()}
    assert found == set(StatusChange.objects.in_effect(known_at=known_at).values_list("pk", flat=True))


def test_change_is_annulled_once(program):
    program.decide("suspension")
    change = program.ann.status_changes.get(after="suspended")
    values = {"change": change, "affiliate": program.ann, "by": None, "reason": "So.", "clause": "8.7"}
    annul_change(now=GRANTED, **values)
    with pytest.raises(IllegalTransition):
        annul_change(now=GRANTED, **values)
    assert program.ann.status_changes.filter(annuls=change).count() == 1
