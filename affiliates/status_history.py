"""The state machine of an affiliate (CONTRACT 8): which changes there are, and the one function that makes them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from django.db import transaction

from accounts.models import User
from affiliates.errors import IllegalTransition
from affiliates.models import Affiliate, State, StatusChange
from audit import trail

TRANSITIONS: dict[State, tuple[State, ...]] = {
    State.APPLIED: (State.APPROVED, State.REJECTED),
    State.APPROVED: (State.ACTIVE, State.TERMINATED),
    State.ACTIVE: (State.SUSPENDED, State.LEAVING, State.TERMINATED),
    State.SUSPENDED: (State.ACTIVE, State.LEAVING, State.TERMINATED),
    State.LEAVING: (State.TERMINATED,),
    State.TERMINATED: (State.ACTIVE,),  # a granted appeal restores the affiliate (CONTRACT 8)
    State.REJECTED: (),
}


def start_history(*, affiliate: Affiliate, state: State, now: datetime, by: User | None, reason: str = "") -> None:
    """Write the first entry of a new affiliate's history."""
    StatusChange.objects.create(affiliate=affiliate, after=state, at=now, recorded_at=now, by=by, reason=reason)


def start_histories(
    *, affiliates: Sequence[Affiliate], state: State, now: datetime, at: datetime, by: User | None, reason: str
) -> None:
    """The first entries of thousands of new affiliates at once, with their audit records: for an import."""
    StatusChange.objects.bulk_create(
        [
            StatusChange(affiliate=affiliate, after=state, at=at, recorded_at=now, by=by, reason=reason)
            for affiliate in affiliates
        ],
        batch_size=1000,
    )
    trail.record_many(
        trail.build_record(
            action=f"affiliate {state.value}",
            subject=affiliate,
            now=now,
            by=by,
            after={"state": state.value, "code": affiliate.code},
            reason=reason,
        )
        for affiliate in affiliates
    )


@transaction.atomic
def change_statuses(
    *,
    affiliates: Sequence[Affiliate],
    to: State,
    now: datetime,
    at: datetime,
    by: User | None,
    reason: str = "",
    clause: str = "",
) -> None:
    """`move` for thousands who are all in one state: all of them or, with IllegalTransition, none."""
    if not affiliates:
        return
    (before,) = {State(affiliate.state) for affiliate in affiliates}
    if to not in TRANSITIONS[before]:
        raise IllegalTransition(f"An affiliate who is {before.label} cannot become {to.label}.")
    changed = Affiliate.objects.filter(pk__in=[affiliate.pk for affiliate in affiliates], state=before)
    if changed.update(state=to, state_since=at) != len(affiliates):
        raise IllegalTransition("Somebody else has changed one of the affiliates in the meantime.")
    changes, records = [], []
    for affiliate in affiliates:
        affiliate.state, affiliate.state_since = to, at
        changes.append(
            StatusChange(
                affiliate=affiliate,
                before=before,
                after=to,
                at=at,
                recorded_at=now,
                by=by,
                reason=reason,
                clause=clause,
            )
        )
        records.append(
            trail.build_record(
                action=f"affiliate {to.value}",
                subject=affiliate,
                now=now,
                by=by,
                before={"state": before.value},
                after={"state": to.value, "clause": clause},
                reason=reason,
            )
        )
    StatusChange.objects.bulk_create(changes, batch_size=1000)
    trail.record_many(records)


@transaction.atomic
def change_status(
    *,
    affiliate: Affiliate,
    to: State,
    now: datetime,
    by: User | None,
    reason: str = "",
    clause: str = "",
    breach: bool = False,
    at: datetime | None = None,
    notice_ends_at: datetime | None = None,
) -> None:
    """Move `affiliate` to the state `to`, with its history and audit record, or raise IllegalTransition.

    `at` is from when the new state counts; only an import of an earlier acceptance names another instant than `now`.
    """
    before = State(affiliate.state)
    if to not in TRANSITIONS[before]:
        raise IllegalTransition(f"An affiliate who is {before.label} cannot become {to.label}.")
    changed = Affiliate.objects.filter(pk=affiliate.pk, state=before).update(
        state=to, state_since=at or now, notice_ends_at=notice_ends_at
    )
    if not changed:
        raise IllegalTransition(f"Somebody else has changed {affiliate} in the meantime.")
    affiliate.state, affiliate.state_since, affiliate.notice_ends_at = to, at or now, notice_ends_at
    StatusChange.objects.create(
        affiliate=affiliate,
        before=before,
        after=to,
        at=at or now,
        recorded_at=now,
        by=by,
        breach=breach,
        reason=reason,
        clause=clause,
    )
    trail.record(
        action=f"affiliate {to.value}",
        subject=affiliate,
        now=now,
        by=by,
        before={"state": before.value},
        after={"state": to.value, "clause": clause, "breach": breach},
        reason=reason,
    )


class StatusEntry(Protocol):
    """What these questions need of a StatusChange; thousands are read faster without making rows of them."""

    @property
    def at(self) -> datetime: ...
    @property
    def after(self) -> str: ...
    @property
    def breach(self) -> bool: ...


def get_state_at(changes: Sequence[StatusEntry], moment: datetime) -> State | None:
    """The state at `moment` by the history `changes`, oldest first; None before its first entry."""
    state = None
    for change in changes:
        if change.at > moment:
            break
        state = State(change.after)
    return state


def was_terminated_for_breach(changes: Sequence[StatusEntry], moment: datetime) -> bool:
    """Whether the last change at or before `moment` was a termination for breach (CONTRACT 4)."""
    last = None
    for change in changes:
        if change.at > moment:
            break
        last = change
    return last is not None and last.after == State.TERMINATED and last.breach
