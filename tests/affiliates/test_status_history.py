"""Status and status history of affiliates."""

from datetime import timedelta

import pytest

from affiliates.errors import IllegalTransition
from affiliates.models import Affiliate, State, StatusChange
from affiliates.status_history import TRANSITIONS, change_status, get_state_at, was_terminated_for_breach
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
