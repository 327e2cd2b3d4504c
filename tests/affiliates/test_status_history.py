"""Status and status history of affiliates."""

from datetime import timedelta

import pytest

from affiliates.errors import IllegalTransition
from affiliates.models import Affiliate, State, StatusChange
from affiliates.status_history import (
    TRANSITIONS,
    annul_change,
    change_status,
    change_statuses,
    get_state_at,
    was_terminated_for_breach,
)
from audit.models import AuditRecord
from tests.factories import NOW, make_affiliate, make_staff

pytestmark = pytest.mark.django_db

ALLOWED = [(before, after) for before, targets in TRANSITIONS.items() for after in targets]
FORBIDDEN = [(before, after) for before in State for after in State if after not in TRANSITIONS[before]]
LATER = NOW + timedelta(days=1)


@pytest.mark.parametrize(("before", "after"), ALLOWED)
def test_allowed_transition_writes_history_and_audit_record(before: State, after: State) -> None:
    affiliate, staff = make_affiliate(state=before), make_staff()
    change_status(
        affiliate=affiliate, to=after, now=LATER, by=staff, reason="because", clause="6.1 of version 1", breach=True
    )
    stored = Affiliate.objects.get(pk=affiliate.pk)
    assert (stored.state, stored.state_since) == (after, LATER)
    change = StatusChange.objects.filter(affiliate=affiliate).last()
    assert change is not None
    assert (change.before, change.after, change.at, change.by) == (before, after, LATER, staff)
    assert (change.reason, change.clause, change.breach) == ("because", "6.1 of version 1", True)
    record = AuditRecord.objects.get(subject_id=str(affiliate.pk), action=f"affiliate {after}", by=staff)
    assert (record.before, record.after["state"]) == ({"state": before}, after)
    assert (record.at, record.reason) == (LATER, "because")


@pytest.mark.parametrize(("before", "after"), FORBIDDEN)
def test_forbidden_transition_changes_nothing(before: State, after: State) -> None:
    affiliate = make_affiliate(state=before)
    counts = StatusChange.objects.count(), AuditRecord.objects.count()
    with pytest.raises(IllegalTransition, match="cannot become"):
        change_status(affiliate=affiliate, to=after, now=LATER, by=None)
    assert Affiliate.objects.get(pk=affiliate.pk).state == before
    assert (StatusChange.objects.count(), AuditRecord.objects.count()) == counts


def test_concurrent_second_change_is_rejected() -> None:
    affiliate = make_affiliate(state=State.ACTIVE)
    stale = Affiliate.objects.get(pk=affiliate.pk)
    change_status(affiliate=affiliate, to=State.SUSPENDED, now=LATER, by=None)
    with pytest.raises(IllegalTransition, match="Someone else"):
        change_status(affiliate=stale, to=State.LEAVING, now=LATER, by=None)


def test_history_starts_with_application() -> None:
    affiliate = make_affiliate(state=State.APPLIED)
    change = StatusChange.objects.get(affiliate=affiliate)
    assert (change.before, change.after, change.at, change.by) == ("", State.APPLIED, NOW, affiliate.user)


def test_state_applies_from_the_time_of_the_change() -> None:
    affiliate = make_affiliate(state=State.ACTIVE)
    change_status(affiliate=affiliate, to=State.TERMINATED, now=LATER, by=None, breach=True)
    changes = list(StatusChange.objects.filter(affiliate=affiliate))
    instant = timedelta(microseconds=1)
    assert get_state_at(changes, NOW - instant) is None
    assert get_state_at(changes, NOW) == State.ACTIVE
    assert get_state_at(changes, LATER - instant) == State.ACTIVE
    assert get_state_at(changes, LATER) == State.TERMINATED
    assert not was_terminated_for_breach(changes, LATER - instant)
    assert was_terminated_for_breach(changes, LATER)


def test_annulled_change_gives_back_the_state_that_the_other_changes_give() -> None:
    affiliate, other, staff = make_affiliate(state=State.ACTIVE), make_affiliate(state=State.ACTIVE), make_staff()
    change_status(affiliate=affiliate, to=State.SUSPENDED, now=LATER, by=None, reason="odd")
    change_status(affiliate=other, to=State.LEAVING, now=LATER + timedelta(days=2), by=None)
    change = StatusChange.objects.get(affiliate=affiliate, after=State.SUSPENDED)
    now = LATER + timedelta(days=3)
    annul_change(change=change, affiliate=affiliate, now=now, by=staff, reason="granted", clause="8.7")
    stored = Affiliate.objects.get(pk=affiliate.pk)
    assert (stored.state, stored.state_since, stored.notice_ends_at) == (State.ACTIVE, NOW, None)
    [annulment] = StatusChange.objects.filter(annuls=change)
    assert (annulment.before, annulment.after, annulment.at, annulment.by) == ("suspended", "active", now, staff)
    record = AuditRecord.objects.get(subject_id=str(affiliate.pk), by=staff)
    assert (record.action, record.reason, record.before) == ("affiliate active", "granted", {"state": "suspended"})
    assert record.after["annuls"] == "suspended"
    with pytest.raises(IllegalTransition, match="already been undone"):
        annul_change(change=change, affiliate=affiliate, now=now, by=staff, reason="again", clause="8.7")


def test_many_changes_are_recorded_and_made_for_all_or_none() -> None:
    first, second = (make_affiliate(state=State.APPROVED) for _number in range(2))
    staff = make_staff()
    change_statuses(affiliates=[first, second], to=State.ACTIVE, now=LATER, at=LATER, by=staff, reason="imported")
    assert AuditRecord.objects.filter(by=staff, action="affiliate active", reason="imported").count() == 2
    assert StatusChange.objects.filter(by=staff, after=State.ACTIVE, at=LATER).count() == 2
    with pytest.raises(IllegalTransition):
        change_statuses(affiliates=[first, second], to=State.APPROVED, now=LATER, at=LATER, by=staff)
    Affiliate.objects.filter(pk=second.pk).update(state=State.TERMINATED)
    with pytest.raises(IllegalTransition, match="Someone else"):
        change_statuses(affiliates=[first, second], to=State.SUSPENDED, now=LATER, at=LATER, by=staff)
    assert Affiliate.objects.get(pk=first.pk).state == State.ACTIVE


def test_change_of_many_without_a_reason_is_their_own_decision_and_leaves_others() -> None:
    first, second, other = (make_affiliate(state=State.ACTIVE) for _number in range(3))
    change_statuses(affiliates=[first, second], to=State.LEAVING, now=LATER, at=LATER, by=None)
    records = AuditRecord.objects.filter(action="affiliate leaving").values_list("subject_id", "reason")
    assert set(records) == {(str(row.pk), "Decided by the affiliate.") for row in (first, second)}
    assert Affiliate.objects.get(pk=other.pk).state == State.ACTIVE
    change_statuses(affiliates=[], to=State.LEAVING, now=LATER, at=LATER, by=None)


def test_a_breach_counts_only_with_a_termination() -> None:
    affiliate = make_affiliate(state=State.ACTIVE)
    change_status(affiliate=affiliate, to=State.SUSPENDED, now=LATER, by=None, reason="odd", breach=True)
    changes = list(StatusChange.objects.filter(affiliate=affiliate).order_by("at", "id"))
    assert not was_terminated_for_breach(changes, LATER)
    assert not was_terminated_for_breach([], LATER)
    change_status(affiliate=affiliate, to=State.TERMINATED, now=LATER + timedelta(days=1), by=None, reason="choice")
    changes = list(StatusChange.objects.filter(affiliate=affiliate).order_by("at", "id"))
    assert not was_terminated_for_breach(changes, LATER + timedelta(days=1))
