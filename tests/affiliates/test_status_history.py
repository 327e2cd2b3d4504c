"""The standing of an affiliate ..."""

from datetime import timedelta

import pytest

from affiliates.errors import IllegalTransition
from affiliates.models import Affiliate, State, StatusChange
from affiliates.status_history import TRANSITIONS, change_status, get_state_at, was_terminated_for_breach
from audit.models import AuditRecord
from tests.factories import NOW, make_affiliate, make_staff

pytestmark = pytest.mark.django_db

LISTED = [(before, after) for before, ways in TRANSITIONS.items() for after in ways]
UNLISTED = [(before, after) for before in State for after in State if after not in TRANSITIONS[before]]
LATER = NOW + timedelta(days=1)


@pytest.mark.parametrize(("before", "after"), LISTED)
def test_moves_along_every_listed_way_with_history_and_audit(before: State, after: State) -> None:
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


@pytest.mark.parametrize(("before", "after"), UNLISTED)
def test_refuses_every_other_way_and_leaves_no_trace(before: State, after: State) -> None:
    affiliate = make_affiliate(state=before)
    traces = StatusChange.objects.count(), AuditRecord.objects.count()
    with pytest.raises(IllegalTransition, match="cannot become"):
        change_status(affiliate=affiliate, to=after, now=LATER, by=None)
    assert Affiliate.objects.get(pk=affiliate.pk).state == before
    assert (StatusChange.objects.count(), AuditRecord.objects.count()) == traces


def test_refuses_a_change_that_somebody_else_made_first() -> None:
    affiliate = make_affiliate(state=State.ACTIVE)
    stale = Affiliate.objects.get(pk=affiliate.pk)
    change_status(affiliate=affiliate, to=State.SUSPENDED, now=LATER, by=None)
    with pytest.raises(IllegalTransition, match="Someone else"):
        change_status(affiliate=stale, to=State.LEAVING, now=LATER, by=None)


def test_begins_with_the_application() -> None:
    affiliate = make_affiliate(state=State.APPLIED)
    change = StatusChange.objects.get(affiliate=affiliate)
    assert (change.before, change.after, change.at, change.by) == ("", State.APPLIED, NOW, affiliate.user)


def test_counts_from_the_instant_of_a_change_on() -> None:
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
